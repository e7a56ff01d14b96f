import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RecordedError } from "../../errors.ts";
import { parseFrozen } from "../../json.ts";
import type {
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TimerKind,
  TimerRecord,
  WorkflowStatus,
  Writes,
} from "../../machine/index.ts";
import type { InstanceSummary, StoredInstance, StoredTimer, TimerQuery } from "../store.ts";
import { executionsPerInstance } from "./columns.ts";
import type { TaskStatements } from "./tasks.ts";

/** Reads what is kept of instances, within a transaction of the caller. */
export class InstanceReader {
  readonly #tasks: TaskStatements;
  readonly #instance: StatementSync;
  readonly #executions: StatementSync;
  readonly #timers: StatementSync;
  readonly #signals: StatementSync;
  readonly #version: StatementSync;
  readonly #byKey: StatementSync;
  readonly #dueTimers: StatementSync;

  constructor(database: DatabaseSync, tasks: TaskStatements) {
    this.#tasks = tasks;
    this.#instance = database.prepare("SELECT * FROM tandem_instances WHERE id = ?");
    this.#executions = database.prepare(`
      SELECT
        id, node, path, status, attempt, last_attempt, iteration, parent, position, arrived_edges,
        taken_edges, started_at, ended_at, event_number, result, writes, error, round_open, map,
        vote, reduced_writes, compensates
      FROM tandem_executions WHERE id BETWEEN ? AND ? ORDER BY id
    `);
    // An instance may have thousands: an array costs a quarter of an object.
    this.#executions.setReturnArrays(true);
    this.#timers = database.prepare("SELECT * FROM tandem_timers WHERE instance_id = ?");
    this.#signals = database.prepare(
      "SELECT * FROM tandem_signals WHERE instance_id = ? ORDER BY number",
    );
    this.#version = database.prepare("SELECT state_version FROM tandem_instances WHERE id = ?");
    this.#byKey = database.prepare("SELECT id FROM tandem_instances WHERE idempotency_key = ?");
    this.#dueTimers = database.prepare(`
      SELECT t.* FROM tandem_timers t
      CROSS JOIN tandem_instances i ON i.id = t.instance_id
      WHERE t.fire_at < ? AND i.status <> 'paused' AND (i.owner IS NULL OR i.owner = ?)
      ORDER BY t.fire_at LIMIT ?
    `);
  }

  load(instanceIds: readonly string[]): StoredInstance[] {
    const loaded: StoredInstance[] = [];
    for (const id of instanceIds) {
      const row = this.#instance.get(id) as InstanceRow | undefined;
      if (row !== undefined) loaded.push(this.#toStored(row));
    }
    return loaded;
  }

  #toStored(row: InstanceRow): StoredInstance {
    const first = row.number * executionsPerInstance;
    const executions = this.#executions.all(first, first + executionsPerInstance - 1);
    const timers = this.#timers.all(row.id) as unknown as TimerRow[];
    const signals = this.#signals.all(row.id) as unknown as SignalRow[];
    return {
      version: row.state_version,
      owner: row.owner ?? undefined,
      rows: {
        instance: toInstance(row),
        executions: (executions as unknown as ExecutionRow[]).map(toExecution),
        tasks: this.#tasks.ofInstance(row.id),
        timers: timers.map(toTimer),
        signals: signals.map(toSignal),
      },
    };
  }

  versions(instanceIds: readonly string[]): number[] {
    return instanceIds.map((id) => Number(this.#version.get(id)?.state_version ?? 0));
  }

  findByIdempotencyKey(key: string): string | undefined {
    return this.#byKey.get(key)?.id as string | undefined;
  }

  listTimers({ workerId, before, limit }: TimerQuery): StoredTimer[] {
    const rows = this.#dueTimers.all(before ?? Number.MAX_SAFE_INTEGER, workerId, limit);
    return (rows as unknown as TimerRow[]).map((row) => ({
      instanceId: row.instance_id,
      timer: toTimer(row),
    }));
  }
}

/** The columns of an instance without its data. */
export const summaryColumns = `
  i.id, i.workflow, i.workflow_version, i.status, i.started_at, i.ended_at, i.user_id, i.tenant,
  i.idempotency_key, i.business_key, i.tags, i.traceparent, i.error, i.reason, i.compensating,
  i.parent_instance_id, i.parent_execution
`;

export interface SummaryRow {
  readonly id: string;
  readonly workflow: string;
  readonly workflow_version: string;
  readonly status: string;
  readonly started_at: number;
  readonly ended_at: number | null;
  readonly user_id: string | null;
  readonly tenant: string | null;
  readonly idempotency_key: string | null;
  readonly business_key: string | null;
  readonly tags: string | null;
  readonly traceparent: string | null;
  readonly error: string | null;
  readonly reason: string | null;
  readonly compensating: string | null;
  readonly parent_instance_id: string | null;
  readonly parent_execution: number | null;
}

interface InstanceRow extends SummaryRow {
  readonly number: number;
  readonly state_version: number;
  readonly owner: string | null;
  readonly initial_data: string;
}

const noTags: readonly string[] = Object.freeze([]);

function toInstance(row: InstanceRow): InstanceRecord {
  const initialData = parseFrozen(row.initial_data) as InstanceRecord["initialData"];
  return { ...toSummary(row), initialData };
}

export function toSummary(row: SummaryRow): InstanceSummary {
  return {
    id: row.id,
    workflow: row.workflow,
    version: row.workflow_version,
    status: row.status as WorkflowStatus,
    startedAt: row.started_at,
    endedAt: row.ended_at ?? undefined,
    user: row.user_id ?? undefined,
    tenant: row.tenant ?? undefined,
    idempotencyKey: row.idempotency_key ?? undefined,
    businessKey: row.business_key ?? undefined,
    tags: row.tags === null ? noTags : (parseFrozen(row.tags) as readonly string[]),
    traceparent: row.traceparent ?? undefined,
    error: parseIfGiven(row.error) as RecordedError | undefined,
    reason: row.reason ?? undefined,
    compensating: (row.compensating ?? undefined) as InstanceRecord["compensating"],
    parent:
      row.parent_instance_id === null
        ? undefined
        : { instanceId: row.parent_instance_id, executionId: row.parent_execution ?? 0 },
  };
}

type ExecutionRow = readonly [
  id: number,
  node: number,
  path: string,
  status: string,
  attempt: number,
  lastAttempt: number,
  iteration: number,
  parent: number | null,
  position: number,
  arrivedEdges: string | null,
  takenEdges: string | null,
  startedAt: number | null,
  endedAt: number | null,
  eventNumber: number,
  result: string | null,
  writes: string | null,
  error: string | null,
  roundOpen: number,
  map: string | null,
  vote: string | null,
  reducedWrites: string | null,
  compensates: number | null,
];

function toExecution([
  id,
  node,
  path,
  status,
  attempt,
  lastAttempt,
  iteration,
  parent,
  position,
  arrivedEdges,
  takenEdges,
  startedAt,
  endedAt,
  eventNumber,
  result,
  writes,
  error,
  roundOpen,
  map,
  vote,
  reducedWrites,
  compensates,
]: ExecutionRow): ExecutionRecord {
  return {
    id: id % executionsPerInstance,
    node,
    path,
    parent: parent ?? 0,
    position,
    iteration,
    attempt,
    lastAttempt,
    status: status as ExecutionRecord["status"],
    arrivals: arrivedEdges === null ? noEdges : toEdges(arrivedEdges),
    roundOpen: roundOpen === 1,
    taken: takenEdges === null ? undefined : toEdges(takenEdges),
    startedAt: startedAt ?? undefined,
    endedAt: endedAt ?? undefined,
    order: eventNumber,
    result: parseIfGiven(result),
    writes: parseIfGiven(writes) as Writes | undefined,
    error: parseIfGiven(error) as RecordedError | undefined,
    map: parseIfGiven(map) as ExecutionRecord["map"],
    vote: (vote ?? undefined) as ExecutionRecord["vote"],
    reduced: parseIfGiven(reducedWrites) as Writes | undefined,
    compensates: compensates ?? 0,
  };
}

const noEdges: readonly number[] = Object.freeze([]);

function toEdges(text: string): readonly number[] {
  return text === "[]" ? noEdges : (parseFrozen(text) as readonly number[]);
}

interface TimerRow {
  readonly instance_id: string;
  readonly id: string;
  readonly kind: string;
  readonly execution: number;
  readonly fire_at: number;
}

function toTimer(row: TimerRow): TimerRecord {
  return {
    id: row.id,
    kind: row.kind as TimerKind,
    executionId: row.execution,
    fireAt: row.fire_at,
  };
}

interface SignalRow {
  readonly id: string;
  readonly name: string;
  readonly data: string;
  readonly used_by: number | null;
}

function toSignal({ id, name, data, used_by }: SignalRow): SignalRecord {
  return { id, name, data: parseFrozen(data), usedBy: used_by ?? 0 };
}

function parseIfGiven(text: string | null): unknown {
  return text === null ? undefined : parseFrozen(text);
}
