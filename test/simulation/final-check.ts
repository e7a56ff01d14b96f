import type { ActRecord } from "tandem-workflows";
import { type Call, type Ledger, type Run, type Stored, taskKinds } from "./ledger.ts";

type Execution = Stored["rows"]["executions"][number];

const isOver = (status: string) =>
  status === "succeeded" || status === "failed" || status === "canceled" || status === "skipped";

/** What must hold in the end, when everything works again and everybody has done their part. */
export class FinalCheck {
  readonly #ledger: Ledger;
  readonly #stored: ReadonlyMap<string, Stored>;
  readonly #runs = new Map<string, Run[]>();

  readonly #acts = new Map<string, readonly ActRecord[]>();

  constructor(
    ledger: Ledger,
    stored: readonly Stored[],
    actsOf: (instanceId: string) => readonly ActRecord[],
  ) {
    this.#ledger = ledger;
    this.#stored = new Map(stored.map((each) => [each.rows.instance.id, each]));
    for (const id of this.#stored.keys()) this.#acts.set(id, actsOf(id));
    for (const run of ledger.runs) {
      const key = `${run.instanceId}:${run.executionId}`;
      const runs = this.#runs.get(key);
      if (runs === undefined) this.#runs.set(key, [run]);
      else runs.push(run);
    }
  }

  #violation(text: string): void {
    this.#ledger.violation(text);
  }

  check(): void {
    for (const call of this.#ledger.calls) this.#checkCall(call);
    this.#checkKeys();
    for (const stored of this.#stored.values()) this.#checkInstance(stored);
  }

  // ----------------------------------------------------------------------------------------- calls

  #checkCall(call: Call): void {
    const { kind, outcome, instanceId } = call;
    const instance = call.instance ?? { id: instanceId };
    if (kind === "start" && outcome === "ok" && !this.#stored.has(instance.id)) {
      this.#violation(`${instance.id} was told to have started, and is gone`);
    }
    const stored = this.#stored.get(instanceId);
    if (stored === undefined) return;
    if (taskKinds.has(kind)) this.#checkAct(call);
    if (kind === "complete") this.#checkCompletion(call, stored);
    if (kind === "webhook") this.#checkWebhook(call, stored);
    if (kind === "signal") this.#checkSignal(call, stored);
    if (kind === "addItem") this.#checkItem(call, stored);
    if (kind === "cancel" && outcome === "ok" && stored.rows.instance.status !== "canceled") {
      this.#violation(`${instanceId} was told to be cancelled, and is not`);
    }
  }

  #checkCompletion({ target, nonce, instanceId }: Call, { rows }: Stored): void {
    const task = [...rows.tasks].find(({ id }) => `${instanceId}/${id}` === target);
    const execution = rows.executions[(task?.executionId ?? 0) - 1];
    const isRecorded = task?.status === "completed" && task.endedBy === nonce;
    const { nonce: given } = (execution?.result ?? {}) as { nonce?: string };
    if (isRecorded && execution?.status === "succeeded" && given !== task.endedBy) {
      this.#violation(`task ${target} was completed by ${nonce}, and has the data of ${given}`);
    }
  }

  /** The history says what people were told: each acted under a name that nobody else had. */
  #checkAct({ kind, target, nonce, outcome, instanceId }: Call): void {
    const acts = this.#acts.get(instanceId) ?? [];
    const count = acts.filter(({ user }) => user === nonce).length;
    this.#checkOnce(`${kind} of task ${target}`, outcome, nonce, count > 0);
    if (count > 1) this.#violation(`${kind} of task ${target}: ${nonce} acted ${count} times`);
  }

  /** A task is completed once, in the history as it is kept, and never had by who is excluded. */
  #checkTasks({ rows }: Stored): void {
    const acts = this.#acts.get(rows.instance.id) ?? [];
    for (const { id, status, assignee, excludeUsers = [] } of rows.tasks) {
      const what = `task ${rows.instance.id}/${id}`;
      const own = acts.filter(({ taskId }) => taskId === id);
      const completed = own.filter(({ type }) => type === "task-completed").length;
      if (completed !== (status === "completed" ? 1 : 0)) {
        this.#violation(`${what} is ${status}, and was completed ${completed} times`);
      }
      const hasHad = own.flatMap(({ type, onBehalfOf, details }) =>
        type === "task-escalated" ? [] : [onBehalfOf, details?.to],
      );
      const barred = [assignee, ...hasHad].find((user) => excludeUsers.includes(String(user)));
      if (barred !== undefined) this.#violation(`${what} was in the hands of ${barred}`);
    }
  }

  #checkWebhook({ target, nonce, outcome, instanceId }: Call, { rows }: Stored): void {
    const execution = rows.executions[Number(target) - 1];
    this.#checkOnce(`webhook ${instanceId}:${target}`, outcome, nonce, execution?.result === nonce);
  }

  /** Whoever was told that it was theirs is the one that is kept; whoever was refused is not. */
  #checkOnce(what: string, outcome: Call["outcome"], nonce: string, isRecorded: boolean): void {
    if (outcome === "ok" && !isRecorded) this.#violation(`${what}: ${nonce} is lost`);
    if (outcome.startsWith("refused") && isRecorded) {
      this.#violation(`${what}: ${nonce} was ${outcome}, and counted`);
    }
  }

  #checkSignal(call: Call, { rows }: Stored): void {
    const { target, nonce, outcome, instanceId } = call;
    const signals = [...rows.signals];
    const what = `signal ${target || nonce} of ${instanceId}`;
    if (target === "") {
      const count = signals.filter(({ data }) => data === nonce).length;
      if (count > 1) this.#violation(`${what} counted ${count} times`);
      if (outcome === "ok" && count === 0) this.#violation(`${what} is lost`);
      if (outcome.startsWith("refused") && count > 0) this.#violation(`${what} was refused`);
      return;
    }
    const senders = this.#ledger.calls.filter(
      (each) => each.target === target && each.instanceId === instanceId && each.kind === "signal",
    );
    const nonces = senders.map((each) => each.nonce);
    const count = signals.filter(({ data }) => nonces.includes(String(data))).length;
    if (count > 1) this.#violation(`${what} counted ${count} times`);
    if (outcome === "ok" && count === 0) this.#violation(`${what} is lost`);
  }

  #checkItem({ target, nonce, outcome, instanceId }: Call, { rows }: Stored): void {
    const count = rows.executions.filter(
      ({ path, map }) => path === target && map?.items.includes(nonce),
    ).length;
    if (outcome === "ok" && count !== 1) {
      this.#violation(`item ${nonce} of ${instanceId} is there ${count} times`);
    }
  }

  #checkKeys(): void {
    const byKey = new Map<string, string>();
    for (const { rows } of this.#stored.values()) {
      const { id, idempotencyKey: key } = rows.instance;
      if (key === undefined) continue;
      if (byKey.has(key)) this.#violation(`${key} started ${byKey.get(key)} and ${id}`);
      byKey.set(key, id);
    }
    for (const { kind, target, instance } of this.#ledger.calls) {
      if (kind !== "start" || target === "" || instance === undefined) continue;
      if (byKey.get(target) !== instance.id) {
        this.#violation(`${target} was told to be ${instance.id}, and is ${byKey.get(target)}`);
      }
    }
  }

  // ------------------------------------------------------------------------------------- instances

  #checkInstance(stored: Stored): void {
    const { rows, owner } = stored;
    const { id, status, endedAt, parent, workflow } = rows.instance;
    const what = `${id} (${workflow})`;
    if (endedAt === undefined) {
      this.#violation(`${what} is stuck: ${status}, ${describe(stored)}`);
      return;
    }
    if (owner !== undefined) this.#violation(`${what} has ended and is owned by ${owner}`);
    this.#checkTasks(stored);
    if ([...rows.timers].length > 0) this.#violation(`${what} has ended and has timers`);
    for (const task of rows.tasks) {
      if (task.status === "open") this.#violation(`${what} has ended and has an open task`);
    }
    if (parent !== undefined) this.#checkParent(stored, parent);
    for (const execution of rows.executions) this.#checkExecution(stored, execution);
    this.#checkData(stored);
    if (status === "failed") this.#checkFailure(stored);
    if (workflow === "saga") this.#checkCompensation(stored);
    const ends = rows.executions.filter(({ path }) => path === "end" || path === "join");
    for (const path of ["end", "join"]) {
      const count = ends.filter((each) => each.path === path).length;
      if (count > 1) this.#violation(`${what} has ${count} executions of ${path}`);
      const isTouched = this.#ledger.calls.some(
        (call) => call.kind === "cancelStep" && call.instanceId === id,
      );
      if (status === "completed" && workflow === "forks" && count !== 1 && !isTouched) {
        this.#violation(`${what} has completed with ${count} executions of ${path}`);
      }
    }
  }

  #checkParent({ rows }: Stored, parent: { instanceId: string; executionId: number }): void {
    const { id, status } = rows.instance;
    const above = this.#stored.get(parent.instanceId);
    const execution = above?.rows.executions[parent.executionId - 1];
    if (execution === undefined) this.#violation(`${id} has no parent`);
    if (execution?.status === "succeeded" && status !== "completed" && !this.#hasSibling(rows)) {
      this.#violation(`${id} is ${status}, and its parent went on as if it had completed`);
    }
  }

  /** Another attempt of the parent's step had a child of its own. */
  #hasSibling({ instance: { id, parent } }: Stored["rows"]): boolean {
    return [...this.#stored.values()].some(
      ({ rows: { instance } }) =>
        instance.id !== id &&
        instance.parent?.instanceId === parent?.instanceId &&
        instance.parent?.executionId === parent?.executionId,
    );
  }

  #checkExecution({ rows }: Stored, execution: Execution): void {
    const { id, path, status, attempt, result, error } = execution;
    const what = `${path} (${rows.instance.id}:${id})`;
    if (!isOver(status) && rows.instance.status === "completed") {
      this.#violation(`${what} is ${status}, and its instance has completed`);
    }
    const runs = this.#runs.get(`${rows.instance.id}:${id}`) ?? [];
    const nonce = typeof result === "string" && result.startsWith("run ") ? result : undefined;
    if (status === "succeeded" && nonce !== undefined) {
      const run = runs.find((each) => each.nonce === nonce);
      if (run?.outcome !== "returned" || run.attempt !== attempt) {
        this.#violation(`${what} has the result of ${nonce}, which is not attempt ${attempt}`);
      }
    }
    if (status === "failed" && error?.code === "BROKE" && execution.position !== -2) {
      const last = runs.find((run) => run.attempt === attempt);
      if (last?.outcome !== "threw" && error.path === path) {
        this.#violation(`${what} failed in attempt ${attempt}, which ${last?.outcome}`);
      }
    }
  }

  /** The data has what the executions that count wrote, and nothing else. */
  #checkData({ rows }: Stored): void {
    const { instance, executions } = rows;
    const counts = (execution: Execution | undefined): boolean =>
      execution === undefined ||
      (execution.status === "succeeded" && counts(executions[execution.parent - 1]));
    for (const execution of executions) {
      const { path, id, result, writes, compensates } = execution;
      if (typeof result !== "string" || !result.startsWith("run ") || compensates !== 0) continue;
      const own = writes?.find(([key]) => key === `${path}@${id}`);
      if (own === undefined && counts(execution)) {
        this.#violation(`${path} (${instance.id}:${id}) has lost what it wrote`);
      }
    }
  }

  #checkFailure({ rows }: Stored): void {
    const { id, error } = rows.instance;
    const known = [
      "BROKE",
      "STEP_TIMEOUT",
      "STEP_DEADLINE",
      "CHILD_FAILED",
      "CHILD_CANCELED",
      "CANCELED",
    ];
    const others = ["QUORUM_UNREACHABLE", "RACE_LOST", "GROUP_FAILED", "STEP_FAILED", "DEAD_END"];
    if (error === undefined || ![...known, ...others].includes(error.code)) {
      this.#violation(`${id} failed with ${JSON.stringify(error)}`);
    }
  }

  #checkCompensation({ rows }: Stored): void {
    const { instance, executions } = rows;
    for (const { id, path, status } of executions) {
      if (path !== "flight" && path !== "hotel") continue;
      const undone = executions.filter(({ compensates }) => compensates === id);
      const isDue = instance.status !== "completed" && status === "succeeded";
      const done = undone.filter((each) => each.status === "succeeded").length;
      const isRight = done === (isDue && undone.length > 0 ? 1 : 0) && (!isDue || done === 1);
      const isUndo = executions.find((each) => each.id === id)?.compensates !== 0;
      if (!isRight && !isUndo)
        this.#violation(`${path} of ${instance.id} was undone ${done} times`);
    }
  }
}

/** What an instance that has not ended seems to wait for. */
function describe({ rows, owner }: Stored): string {
  const live = rows.executions
    .filter(({ status }) => !isOver(status))
    .map(({ path, status, attempt }) => `${path} ${status} ${attempt}`);
  const timers = [...rows.timers].map(({ id, fireAt }) => `${id}@${fireAt}`);
  const parent = rows.instance.parent?.instanceId ?? "none";
  return `live: ${live.join(", ")}; timers: ${timers.join(", ")}; owner ${owner}; parent ${parent}`;
}
