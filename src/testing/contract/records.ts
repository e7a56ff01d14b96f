import assert from "node:assert/strict";
import type {
  ActRecord,
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TaskRecord,
  TimerRecord,
} from "../../machine/index.ts";
import type {
  Answer,
  Change,
  Commit,
  Mail,
  Message,
  ScheduleRecord,
  Store,
} from "../../store/store.ts";

/** The moment at which everything happens unless told. */
export const moment = Date.UTC(2030, 0, 1);

export function instanceRecord(id: string, parts: Partial<InstanceRecord> = {}): InstanceRecord {
  return {
    id,
    workflow: "orders",
    version: "1.0.0",
    status: "running",
    initialData: {},
    startedAt: moment,
    endedAt: undefined,
    user: undefined,
    tenant: undefined,
    idempotencyKey: undefined,
    businessKey: undefined,
    tags: [],
    traceparent: undefined,
    error: undefined,
    reason: undefined,
    compensating: undefined,
    parent: undefined,
    ...parts,
  };
}

export function executionRecord(id: number, parts: Partial<ExecutionRecord> = {}): ExecutionRecord {
  return {
    id,
    node: 0,
    path: "prepare",
    parent: 0,
    position: 0,
    iteration: 1,
    attempt: 1,
    lastAttempt: 1,
    status: "running",
    arrivals: [],
    roundOpen: false,
    taken: undefined,
    startedAt: moment,
    endedAt: undefined,
    order: 0,
    result: undefined,
    writes: undefined,
    error: undefined,
    map: undefined,
    vote: undefined,
    reduced: undefined,
    compensates: 0,
    ...parts,
  };
}

export function taskRecord(id: string, parts: Partial<TaskRecord> = {}): TaskRecord {
  return {
    id,
    executionId: 1,
    path: "approve",
    status: "open",
    title: "Approve the order",
    description: undefined,
    shown: undefined,
    priority: 50,
    dueAt: undefined,
    assignee: undefined,
    claimedAt: undefined,
    owner: undefined,
    proposal: undefined,
    candidateUsers: undefined,
    candidateGroups: undefined,
    excludeUsers: undefined,
    reminded: 0,
    escalated: 0,
    createdAt: moment,
    endedAt: undefined,
    endedBy: undefined,
    reason: undefined,
    ...parts,
  };
}

export function timerRecord(id: string, parts: Partial<TimerRecord> = {}): TimerRecord {
  return { id, kind: "timer", executionId: 1, fireAt: moment, ...parts };
}

export function signalRecord(id: string, parts: Partial<SignalRecord> = {}): SignalRecord {
  return { id, name: "paid", data: null, usedBy: 0, ...parts };
}

export function actRecord(parts: Partial<ActRecord> = {}): ActRecord {
  return {
    type: "task-commented",
    at: moment,
    user: undefined,
    onBehalfOf: undefined,
    through: undefined,
    path: undefined,
    taskId: undefined,
    details: undefined,
    ...parts,
  };
}

export function messageOf(id: string, parts: Partial<Message> = {}): Message {
  return {
    id,
    instanceId: "order",
    to: "worker-b",
    from: "worker-a",
    at: moment,
    command: { type: "Cancel" },
    ...parts,
  };
}

/** What worker-b answers worker-a. */
export function answerOf(messageId: string, parts: Partial<Answer> = {}): Answer {
  return { messageId, by: "worker-b", from: "worker-a", outcome: "done", ...parts };
}

export function scheduleRecord(id: string, parts: Partial<ScheduleRecord> = {}): ScheduleRecord {
  return {
    id,
    revision: 1,
    workflow: "orders",
    version: undefined,
    cron: "0 6 * * *",
    timezone: "UTC",
    initialData: {},
    user: undefined,
    tenant: undefined,
    businessKey: undefined,
    tags: [],
    missed: "once",
    isPaused: false,
    createdAt: moment,
    nextAt: moment,
    lastAt: undefined,
    lastInstanceId: undefined,
    ...parts,
  };
}

/** A change of an instance; a new instance gets a record unless told. */
export function changeOf(
  instanceId: string,
  expectedVersion: number,
  parts: Partial<Change> = {},
): Change {
  return {
    instanceId,
    expectedVersion,
    at: moment,
    owner: undefined,
    instance: expectedVersion === 0 ? instanceRecord(instanceId) : undefined,
    executions: [],
    tasks: [],
    timers: [],
    clearedTimers: [],
    signals: [],
    acts: [],
    sent: [],
    answers: [],
    isAnnounced: false,
    ...parts,
  };
}

/** A change with something of everything in it, to be refused. It answers the message "asked". */
export function fullChange(
  instanceId: string,
  expectedVersion: number,
  parts: Partial<Change> = {},
): Change {
  return changeOf(instanceId, expectedVersion, {
    owner: "worker-x",
    instance: instanceRecord(instanceId, { reason: "refused" }),
    executions: [executionRecord(1, { path: "refused" })],
    tasks: [taskRecord("1.1", { title: "refused" })],
    timers: [timerRecord("refused")],
    clearedTimers: ["kept"],
    signals: [signalRecord("refused")],
    acts: [actRecord({ details: { text: "refused" } })],
    sent: [messageOf("refused")],
    answers: [answerOf("asked", { outcome: "refused" })],
    ...parts,
  });
}

export function commitOf(changes: readonly Change[], parts: Partial<Commit> = {}): Commit {
  return { changes, sent: [], answers: [], handedOn: [], dismissed: [], ...parts };
}

// ------------------------------------------------------------------------------- acting on a store

/** Commits and gives the ids that were refused, sorted. */
export async function tryCommit(
  store: Store,
  changes: readonly Change[],
  parts: Partial<Commit> = {},
): Promise<readonly string[]> {
  return [...(await store.commit(freeze(commitOf(changes, parts))))].sort();
}

/** Commits what must not be refused. */
export async function keep(
  store: Store,
  changes: readonly Change[],
  parts: Partial<Commit> = {},
): Promise<void> {
  assert.deepEqual(await tryCommit(store, changes, parts), [], "nothing is refused");
}

export interface Loaded {
  readonly version: number;
  readonly owner: string | undefined;
  readonly instance: InstanceRecord;
  readonly executions: readonly ExecutionRecord[];
  /** By id. */
  readonly tasks: readonly TaskRecord[];
  /** By id. */
  readonly timers: readonly TimerRecord[];
  readonly signals: readonly SignalRecord[];
}

export async function loadAll(
  store: Store,
  instanceIds: readonly string[],
): Promise<readonly Loaded[]> {
  const stored = await store.load(instanceIds);
  return stored.map(({ version, owner, rows }) => ({
    version,
    owner,
    instance: rows.instance,
    executions: [...rows.executions],
    tasks: [...rows.tasks].sort(compareIds),
    timers: [...rows.timers].sort(compareIds),
    signals: [...rows.signals],
  }));
}

export async function loadOne(store: Store, instanceId: string): Promise<Loaded> {
  const [loaded, ...more] = await loadAll(store, [instanceId]);
  assert.ok(loaded, `"${instanceId}" is kept`);
  assert.deepEqual(more, []);
  return loaded;
}

/** Makes workers known. */
export async function beatOnce(store: Store, ...ids: readonly string[]): Promise<void> {
  for (const id of ids) await store.beat({ id, beat: 1 });
}

export async function messageIds(store: Store, workerId: string): Promise<string[]> {
  return (await store.receive(workerId)).messages.map(({ id }) => id);
}

/** The messages whose answers the worker receives, sorted. */
export async function answerIds(store: Store, workerId: string): Promise<string[]> {
  return (await store.receive(workerId)).answers.map(({ messageId }) => messageId).sort();
}

export function mailOf(store: Store, workerIds: readonly string[]): Promise<readonly Mail[]> {
  return Promise.all(workerIds.map((id) => store.receive(id)));
}

export async function isKept(store: Store, instanceId: string): Promise<boolean> {
  return (await store.load([instanceId])).length > 0;
}

/**
 * Equal, in the same order. Compared one by one: the differences of long lists take forever to be
 * worked out, and nobody reads them.
 */
export function assertRecords<Item>(actual: readonly Item[], expected: readonly Item[]): void {
  for (const [index, item] of expected.entries()) assert.deepEqual(actual[index], item);
  assert.equal(actual.length, expected.length);
}

export function compareIds(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1;
}

/** The values that the engine gives cannot be changed: nor can those of this suite. */
function freeze<Value>(value: Value): Value {
  if (typeof value !== "object" || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner);
  return value;
}
