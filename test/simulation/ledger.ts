import type { Commit, Store, StoredInstance, WorkflowInstance } from "tandem-workflows";
import type { SharedStore } from "./faulty-store.ts";

type Execution = StoredInstance["rows"]["executions"][number];
type Change = Commit["changes"][number];
export type Stored = Awaited<ReturnType<Store["load"]>>[number];

/** One run of a step's code: what happened outside, whatever the store says. */
export interface Run {
  readonly process: string;
  readonly instanceId: string;
  readonly executionId: number;
  readonly path: string;
  readonly attempt: number;
  readonly isCompensation: boolean;
  /** Different for every run; a run that returns gives it as its result, and writes it. */
  readonly nonce: string;
  outcome: "runs" | "returned" | "threw" | "aborted";
}

/** What somebody asked of an engine, and what they were told. */
export interface Call {
  readonly kind: string;
  readonly process: string;
  readonly instanceId: string;
  /** The task, the execution of the webhook, the id of the signal, the key of the start. */
  readonly target: string;
  /** Stands in what they sent. */
  readonly nonce: string;
  readonly begunAt: number;
  endedAt: number | undefined;
  /** The code of the error that it was refused with; unknown if they never heard, or of a failure. */
  outcome: "pending" | "ok" | "unknown" | `refused ${string}`;
  instance: WorkflowInstance | undefined;
}

/** What somebody does with a task; each leaves one act, or none if it is refused. */
export const taskKinds: ReadonlySet<string> = new Set([
  "complete",
  "claim",
  "release",
  "reassign",
  "delegate",
  "comment",
]);

/** What the store was seen to keep of one instance. */
interface Seen {
  version: number;
  /** Whether it has ever ended. */
  hasEnded: boolean;
  readonly succeeded: Map<number, { readonly result: unknown; readonly attempt: number }>;
  readonly closedTasks: Set<string>;
  readonly attempts: Map<number, number>;
}

/**
 * Writes down what happens outside the engine, and looks at once whether it may: at each run of a
 * step's code, at each commit that is kept, and at each answer.
 */
export class Ledger {
  readonly runs: Run[] = [];
  readonly calls: Call[] = [];
  readonly violations: string[] = [];
  readonly #seen = new Map<string, Seen>();
  readonly #lastAttempt = new Map<string, number>();
  #moment = 0;

  violation(text: string): void {
    this.violations.push(text);
  }

  get instanceIds(): string[] {
    return [...this.#seen.keys()];
  }

  seen(instanceId: string): Seen | undefined {
    return this.#seen.get(instanceId);
  }

  // ----------------------------------------------------------------------------------------- runs

  begin(run: Omit<Run, "outcome" | "nonce">): Run {
    const nonce = `run ${this.runs.length + 1}`;
    const begun: Run = { ...run, nonce, outcome: "runs" };
    this.runs.push(begun);
    const { instanceId, executionId, attempt, path } = run;
    const key = `${instanceId}:${executionId}`;
    const what = `${path} (${key}) attempt ${attempt} on ${run.process}`;
    const seen = this.#seen.get(instanceId);
    if (seen === undefined) this.violation(`${what} ran, and its instance is not kept`);
    if (seen?.succeeded.has(executionId)) this.violation(`${what} ran after its success was kept`);
    if (attempt > (seen?.attempts.get(executionId) ?? 0)) {
      this.violation(`${what} ran before it was kept`);
    }
    const last = this.#lastAttempt.get(key) ?? 0;
    if (attempt <= last) this.violation(`${what} ran after attempt ${last}`);
    this.#lastAttempt.set(key, attempt);
    return begun;
  }

  // ---------------------------------------------------------------------------------------- store

  kept({ changes }: Commit, refused: readonly string[]): void {
    for (const change of changes) {
      if (!refused.includes(change.instanceId)) this.#keptChange(change);
    }
  }

  #keptChange(change: Change): void {
    const { instanceId, expectedVersion, instance, executions, tasks } = change;
    const seen = this.#seen.get(instanceId) ?? {
      version: 0,
      hasEnded: false,
      succeeded: new Map(),
      closedTasks: new Set(),
      attempts: new Map(),
    };
    this.#seen.set(instanceId, seen);
    if (expectedVersion < seen.version) {
      this.violation(`${instanceId}: a change of version ${expectedVersion} was kept twice`);
    }
    seen.version = expectedVersion + 1;
    // What is being undone accepts nothing any more either.
    if (instance?.endedAt ?? instance?.compensating) seen.hasEnded = true;
    for (const execution of executions) this.#keptExecution(instanceId, seen, execution);
    for (const { id, status, endedBy } of tasks) {
      if (seen.closedTasks.has(id)) this.violation(`task ${instanceId}/${id} was closed twice`);
      if (status !== "open") seen.closedTasks.add(id);
      if (status === "completed" && endedBy === undefined) {
        this.violation(`task ${instanceId}/${id} was completed by nobody`);
      }
    }
  }

  #keptExecution(instanceId: string, seen: Seen, execution: Execution): void {
    const { id, status, result, attempt, path, startedAt } = execution;
    const before = seen.succeeded.get(id);
    const what = `${path} (${instanceId}:${id})`;
    if (before !== undefined && (status !== "succeeded" || before.attempt !== attempt)) {
      this.violation(`${what} had succeeded, and is ${status} in attempt ${attempt}`);
    }
    if (before !== undefined && before.result !== result) {
      this.violation(`${what} had another result before`);
    }
    if (status === "succeeded") seen.succeeded.set(id, { result, attempt });
    // An attempt that has not begun does not count, when it is called off.
    if (attempt < (seen.attempts.get(id) ?? 0) - (startedAt === undefined ? 1 : 0)) {
      this.violation(`${what} went back to attempt ${attempt}`);
    }
    seen.attempts.set(id, attempt);
  }

  // ---------------------------------------------------------------------------------------- calls

  ask(call: Omit<Call, "begunAt" | "endedAt" | "outcome" | "instance" | "nonce">): Call {
    const asked: Call = {
      ...call,
      nonce: `call ${this.calls.length + 1}`,
      begunAt: this.#moment++,
      endedAt: undefined,
      outcome: "pending",
      instance: undefined,
    };
    this.calls.push(asked);
    return asked;
  }

  told(call: Call, instance: WorkflowInstance | undefined): void {
    call.endedAt = this.#moment++;
    call.outcome = "ok";
    call.instance = instance;
    if (instance !== undefined) this.#read(call, instance);
  }

  refused(call: Call, error: unknown, store: SharedStore): void {
    call.endedAt = this.#moment++;
    const { code } = error as { code?: string };
    if (code === "STORE_UNAVAILABLE" || code === "ENGINE_CLOSED") {
      call.outcome = "unknown";
      return;
    }
    call.outcome = `refused ${code ?? String(error)}`;
    const reason = this.#doubt(call, code, store);
    if (reason === undefined) return;
    const message = String((error as Error).stack ?? error);
    this.violation(`${call.kind} ${call.target} of ${call.instanceId}: ${reason} (${message})`);
  }

  /** Why somebody may not be told this. */
  #doubt(call: Call, code: string | undefined, store: SharedStore): string | undefined {
    const [stored] = store.load([call.instanceId]) as readonly Stored[];
    switch (code) {
      case "UNKNOWN_INSTANCE":
        return this.#isAcknowledged(call) ? "it was told to exist" : undefined;
      case "TASK_GONE": {
        const tasks = [...(stored?.rows.tasks ?? [])];
        const task = tasks.find(({ id }) => `${call.instanceId}/${id}` === call.target);
        return task?.status === "open" ? "its task is open" : undefined;
      }
      case "UNKNOWN_TASK":
        return "its task was listed";
      case "NOT_ALLOWED":
      case "TASK_CLAIMED":
      case "TASK_NOT_CLAIMED":
        return taskKinds.has(call.kind) ? undefined : "nobody may be kept from it";
      case "INSTANCE_ENDED":
        return this.#mayHaveEnded(call.instanceId) ? undefined : "it has never ended";
      case "TOKEN_USED": {
        const execution = stored?.rows.executions[Number(call.target) - 1];
        const waits = execution?.status === "waiting" || execution?.status === "running";
        return waits ? "its webhook waits" : undefined;
      }
      case "STEP_NOT_ACTIVE":
      case "INSTANCE_NOT_FAILED":
      case "MAP_CLOSED":
      case "UPGRADE_REFUSED":
        return undefined;
      default:
        return `${code} is nothing to be told`;
    }
  }

  /** It may have failed, and been retried, in one commit. */
  #mayHaveEnded(instanceId: string): boolean {
    if (this.#seen.get(instanceId)?.hasEnded) return true;
    return this.calls.some((each) => each.kind === "retry" && each.instanceId === instanceId);
  }

  #isAcknowledged({ instanceId, begunAt }: Call): boolean {
    return this.calls.some(
      (each) =>
        each.kind === "start" &&
        each.instance?.id === instanceId &&
        (each.endedAt ?? begunAt) < begunAt,
    );
  }

  /** Nothing may be shown that is not kept, and nothing that was shown may be gone. */
  #read(call: Call, instance: WorkflowInstance): void {
    const seen = this.#seen.get(instance.id);
    const what = `${call.kind} of ${instance.id} on ${call.process}`;
    if (seen === undefined) return this.violation(`${what} showed an instance that is not kept`);
    for (const { id, path, status, result } of instance.steps) {
      if (status !== "succeeded") continue;
      const kept = seen.succeeded.get(id);
      if (kept === undefined) this.violation(`${what} showed the success of ${path} too early`);
      else if (kept.result !== result) this.violation(`${what} showed another result of ${path}`);
    }
    if (instance.endedAt !== undefined && !seen.hasEnded) {
      this.violation(`${what} showed an end that is not kept`);
    }
    const earlier = this.calls.findLast(
      (each) =>
        each !== call &&
        each.instance?.id === instance.id &&
        (each.endedAt ?? call.begunAt) < call.begunAt,
    )?.instance;
    const shown = new Map(instance.steps.map((step) => [step.id, step]));
    for (const { id, path, status, attempt, startedAt } of earlier?.steps ?? []) {
      const now = shown.get(id);
      const isOlder = (now?.attempt ?? 0) < attempt - (startedAt === undefined ? 1 : 0);
      const isLost = status === "succeeded" && now?.status !== "succeeded";
      if (isOlder || isLost) this.violation(`${what} showed ${path} as it was earlier`);
    }
  }
}
