import type { ExecutionSummary } from "../definition/context.ts";
import type { RecordedError } from "../errors.ts";
import type {
  ExecutionRecord,
  InstanceRecord,
  InstanceState,
  TaskRecord,
  WorkflowStatus,
} from "../machine/index.ts";
import { isEnded } from "../machine/index.ts";
import { summarize } from "./step-context.ts";
import { type HumanTask, showOwnTask } from "./tasks.ts";

/** One execution of a step, with what came of it. */
export interface StepExecution extends ExecutionSummary {
  /** Numbers the executions of an instance, from 1. */
  readonly id: number;
  /** The execution of the group that it is a member of; 0 for none. */
  readonly parent: number;
  readonly result: unknown;
  /** What it wrote to the context. */
  readonly writes: Readonly<Record<string, unknown>> | undefined;
  readonly error: RecordedError | undefined;
  /** For a compensation: the execution that it undoes; otherwise 0. */
  readonly compensates: number;
  /** Of one that has ended: numbers the ends in the instance, in the order in which they came. */
  readonly order: number;
  /** Of a map that has started: how many items it has. */
  readonly itemCount: number | undefined;
}

/** What an instance has made of an edge. */
export interface EdgeUse {
  /** How often it was taken. */
  readonly taken: number;
  /** How many of these wait at a join. */
  readonly waiting: number;
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
  readonly businessKey: string | undefined;
  readonly tags: readonly string[];
  /** How it will end when its compensation is done. */
  readonly compensating: "failed" | "canceled" | undefined;
  /** The execution of another instance that waits for this one. */
  readonly parent: InstanceRecord["parent"];
  readonly #state: InstanceState;
  readonly #executionCount: number;
  readonly #frozen: Frozen | undefined;
  #steps: readonly StepExecution[] | undefined;

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
    this.businessKey = instance.businessKey;
    this.tags = instance.tags;
    this.compensating = instance.compensating;
    this.parent = instance.parent;
    this.#state = state;
    this.#executionCount = state.executions.length;
    // What has ended stays as it is and can be read later; what may go on is copied now.
    if (!isEnded(instance.status) || instance.status === "failed") {
      this.#frozen = {
        data: state.data.toObject(),
        executions: state.executions.slice(),
        tasks: [...(state.tasks?.values() ?? [])],
      };
    }
  }

  /** The committed data. */
  get data(): Readonly<Record<string, unknown>> {
    return this.#frozen?.data ?? this.#state.data.toObject();
  }

  /** Every execution, in the order in which they were made. */
  get steps(): readonly StepExecution[] {
    this.#steps ??= this.#executions.map(showExecution);
    return this.#steps;
  }

  /** The open tasks, oldest first. */
  get tasks(): readonly HumanTask[] {
    const tasks = this.#frozen?.tasks ?? this.#state.tasks?.values() ?? [];
    return [...tasks]
      .filter(({ status }) => status === "open")
      .map((task) => showOwnTask(this.#state, task));
  }

  /** What was made of each edge, in the order of the definition's `edges`. */
  get edges(): readonly EdgeUse[] {
    return edgeUses(this.#state, this.#executions);
  }

  get #executions(): readonly ExecutionRecord[] {
    return this.#frozen?.executions ?? this.#state.executions.slice(0, this.#executionCount);
  }

  /** The committed data, read as a step reads it. */
  get context(): { get(path: string, fallback?: unknown): unknown } {
    const { data } = this;
    return { get: (path, fallback) => readPath(data, path, fallback) };
  }

  /** What the latest execution of this path that succeeded returned. */
  result(path: string): unknown {
    const isMeant = (step: StepExecution) =>
      step.path === path && step.status === "succeeded" && step.compensates === 0;
    return this.steps.findLast(isMeant)?.result;
  }
}

/** Records are never changed, only replaced: a copy of the list is enough. */
interface Frozen {
  readonly data: Record<string, unknown>;
  readonly executions: readonly ExecutionRecord[];
  readonly tasks: readonly TaskRecord[];
}

function showExecution(execution: ExecutionRecord): StepExecution {
  const { id, parent, result, error, compensates, order, map } = execution;
  const itemCount = map?.items.length;
  const writes = execution.writes && Object.fromEntries(execution.writes);
  const shown = { id, parent, result, writes, error, compensates, order, itemCount };
  return { ...summarize(execution), ...shown };
}

function edgeUses(state: InstanceState, executions: readonly ExecutionRecord[]): EdgeUse[] {
  const size = state.nodes.reduce((sum, { outgoing }) => sum + outgoing.length, 0);
  const uses = Array.from({ length: size }, () => ({ taken: 0, waiting: 0 }));
  const use = (edge: number) => uses[edge] as { taken: number; waiting: number };
  for (const { taken = [], arrivals } of executions) {
    for (const edge of taken) {
      use(edge).taken++;
      use(edge).waiting++;
    }
    for (const edge of arrivals) use(edge).waiting--;
  }
  return uses;
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
