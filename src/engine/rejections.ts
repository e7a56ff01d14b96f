import {
  DefinitionChangedError,
  EngineClosedError,
  InstanceEndedError,
  InstanceNotFailedError,
  InternalError,
  MapClosedError,
  NotAllowedError,
  StepNotActiveError,
  TaskClaimedError,
  TaskGoneError,
  TaskNotClaimedError,
  TokenUsedError,
  UnknownInstanceError,
  UnknownStepError,
  UnknownTaskError,
  UnknownWorkflowError,
  UpgradeRefusedError,
  type WorkflowsError,
} from "../errors.ts";
import type { Rejection } from "../machine/index.ts";
import type { Outcome } from "./letters.ts";

/** An upgrade came first: what was checked by the version before has to be checked again. */
export class VersionChanged extends InternalError {}

const errors: Readonly<Record<Rejection["code"], new (message: string) => WorkflowsError>> = {
  INSTANCE_ENDED: InstanceEndedError,
  INSTANCE_NOT_FAILED: InstanceNotFailedError,
  STEP_NOT_ACTIVE: StepNotActiveError,
  UNKNOWN_STEP: UnknownStepError,
  UNKNOWN_TASK: UnknownTaskError,
  TASK_GONE: TaskGoneError,
  TASK_CLAIMED: TaskClaimedError,
  TASK_NOT_CLAIMED: TaskNotClaimedError,
  NOT_ALLOWED: NotAllowedError,
  TOKEN_USED: TokenUsedError,
  MAP_CLOSED: MapClosedError,
  VERSION_CHANGED: VersionChanged,
  UPGRADE_REFUSED: UpgradeRefusedError,
  UNKNOWN_WORKFLOW: UnknownWorkflowError,
  DEFINITION_CHANGED: DefinitionChangedError,
  // Only the engine's own commands are answered so, and it does not ask what became of them.
  STALE: InternalError,
  PAUSED: InternalError,
};

/** The error that a caller gets for a command that the machine refused. */
export function errorOfRejection({ code, message }: Rejection): WorkflowsError {
  return new errors[code](message);
}

/** The same for a command that another worker carried out. */
export function errorOfOutcome({ code, message }: Extract<Outcome, { ok: false }>): WorkflowsError {
  if (code === "UNKNOWN_INSTANCE") return new UnknownInstanceError(message);
  const known = errors[code as Rejection["code"]];
  return known === undefined ? new InternalError(message) : new known(message);
}

export function closedError(): EngineClosedError {
  return new EngineClosedError("The engine was closed.");
}

/** A start that somebody else was before with: another instance has the id or the key. */
export class StartRefused extends InternalError {}
