import type { ExecutionSummary } from "../definition/context.ts";
import type { RecordedError } from "../errors.ts";
import type { InstanceState, TaskRecord, WorkflowStatus } from "../machine/index.ts";
import { isEnded } from "../machine/index.ts";
import { summarize } from "./step-context.ts";

/** One execution of a step, with what came of it. */
export interface StepExecution extends ExecutionSummary {
  readonly result: unknown;
  readonly error: RecordedError | undefined;
}

/** Work for a person, as the engine shows it. */
export interface HumanTask
  extends Omit<TaskRecord, "executionId" | "id" | "endedAt" | "endedBy" | "reason"> {
  readonly id: string;
  readonly instanceId: string;
  readonly workflow: string;
}

/** An instance as it was when it was asked for; it does not change. */
export class WorkflowInstance {
  readonly id: string;
  readonly workflow: string;
  readonly version: string;
  readonly status: WorkflowStatus;
  /** Why it failed. */
  readonly error: RecordedError | undefined;
  /** Why it was cancelled. */
  readonly reason: string | undefined;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt: number | undefined;
  readonly user: string | undefined;
  readonly tenant: string | undefined;
  readonly #state: InstanceState;
  readonly #executionCount: number;
  readonly #frozen:
    | { readonly data: Record<string, unknown>; readonly steps: StepExecution[] }
    | undefined;

  constructor(state: InstanceState) {
    const { instance } = state;
    this.id = instance.id;
    this.workflow = instance.workflow;
    this.version = instance.version;
    this.status = instance.status;
    this.error = instance.error;
    this.reason = instance.reason;
    this.startedAt = instance.startedAt;
    this.endedAt = instance.endedAt;
    this.user = instance.user;
    this.tenant = instance.tenant;
    this.#state = state;
    this.#executionCount = state.executions.length;
    // What has ended stays as it is and can be read later; what goes on is copied now.
    if (!isEnded(instance.status) || instance.status === "failed") {
      this.#frozen = { data: state.data.toObject(), steps: stepsOf(state) };
    }
  }

  /** The committed data. */
  get data(): Readonly<Record<string, unknown>> {
    return this.#frozen?.data ?? this.#state.data.toObject();
  }

  /** Every execution, in the order in which they were made. */
  get steps(): readonly StepExecution[] {
    return this.#frozen?.steps ?? stepsOf(this.#state).slice(0, this.#executionCount);
  }

  /** The committed data, read as a step reads it. */
  get context(): { get(path: string, fallback?: unknown): unknown } {
    const { data } = this;
    return { get: (path, fallback) => readPath(data, path, fallback) };
  }

  /** What the latest execution of this path that succeeded returned. */
  result(path: string): unknown {
    return this.steps.findLast((step) => step.path === path && step.status === "succeeded")?.result;
  }
}

function stepsOf(state: InstanceState): StepExecution[] {
  return state.executions.map((execution) => ({
    ...summarize(execution),
    result: execution.result,
    error: execution.error,
  }));
}

function readPath(
  data: Readonly<Record<string, unknown>>,
  path: string,
  fallback: unknown,
): unknown {
  if (Object.hasOwn(data, path)) return data[path];
  let value: unknown = data;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return fallback;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}
