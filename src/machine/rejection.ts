import { isEnded } from "./lifecycle.ts";
import type { Transition } from "./transition.ts";

/** Why a command had no effect. */
export interface Rejection {
  readonly code:
    | "STALE"
    | "PAUSED"
    | "INSTANCE_ENDED"
    | "INSTANCE_NOT_FAILED"
    | "STEP_NOT_ACTIVE"
    | "UNKNOWN_STEP"
    | "UNKNOWN_TASK"
    | "TASK_GONE"
    | "TASK_CLAIMED"
    | "TASK_NOT_CLAIMED"
    | "NOT_ALLOWED"
    | "TOKEN_USED"
    | "MAP_CLOSED"
    | "VERSION_CHANGED"
    | "UPGRADE_REFUSED"
    | "UNKNOWN_WORKFLOW"
    | "DEFINITION_CHANGED";
  readonly message: string;
}

/** What a command is answered with that takes effect. */
export const accepted = undefined;

export function reject(code: Rejection["code"], message: string): Rejection {
  return { code, message };
}

export function refuseEnded(t: Transition): Rejection {
  const { id, status, compensating } = t.state.instance;
  const how = isEnded(status) ? status : `being compensated before it ends as ${compensating}`;
  return reject("INSTANCE_ENDED", `Instance "${id}" is ${how}; it accepts nothing more.`);
}
