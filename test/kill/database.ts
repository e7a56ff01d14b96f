/** The rows that are kept, read with plain SQL, as a person would read them. */
import { DatabaseSync } from "node:sqlite";
import { Client } from "pg";
import type { ChildOptions } from "./protocol.ts";

export interface ExecutionRow {
  readonly number: number;
  readonly path: string;
  readonly status: string;
  readonly attempt: number;
  readonly iteration: number;
  readonly startedAt: number | undefined;
  readonly endedAt: number | undefined;
  readonly result: unknown;
  /** What it set in the data, by key. */
  readonly writes: Readonly<Record<string, unknown>>;
}

export interface TaskRow {
  readonly id: string;
  readonly path: string;
  readonly status: string;
  readonly execution: number;
  readonly endedBy: string | undefined;
}

export interface SignalRow {
  readonly name: string;
  readonly by: string;
  readonly usedBy: number | undefined;
}

export interface InstanceRow {
  readonly id: string;
  readonly workflow: string;
  readonly status: string;
  readonly owner: string | undefined;
  readonly key: string | undefined;
  readonly n: number;
  readonly parent: string | undefined;
  readonly error: string | undefined;
  readonly executions: readonly ExecutionRow[];
  readonly tasks: readonly TaskRow[];
  readonly signals: readonly SignalRow[];
  /** How many timers are still set. */
  readonly timers: number;
}

export interface Database {
  readonly instances: ReadonlyMap<string, InstanceRow>;
  /** Messages that nobody has carried out. */
  readonly messages: number;
}

type Row = Readonly<Record<string, unknown>>;
type Read = (sql: string) => Promise<readonly Row[]>;

export async function readDatabase(store: ChildOptions["store"]): Promise<Database> {
  if (store.type === "sqlite") {
    const database = new DatabaseSync(store.file, { readOnly: true });
    try {
      return await readRows(
        async (sql) => database.prepare(sql).all(),
        "e.id & 4194303",
        "e.id >> 22 = i.number",
      );
    } finally {
      database.close();
    }
  }
  const client = new Client({ connectionString: store.url });
  await client.connect();
  try {
    return await readRows(
      async (sql) => (await client.query(sql)).rows,
      "e.number",
      "e.instance_number = i.number",
    );
  } finally {
    await client.end();
  }
}

async function readRows(read: Read, number: string, join: string): Promise<Database> {
  const executions = await read(`
    SELECT i.id AS instance_id, ${number} AS execution, e.path, e.status, e.attempt, e.iteration,
      e.started_at, e.ended_at, e.result, e.writes
    FROM tandem_instances i JOIN tandem_executions e ON ${join}
    ORDER BY 1, 2`);
  const tasks = await read("SELECT * FROM tandem_tasks ORDER BY instance_id, id");
  const signals = await read("SELECT * FROM tandem_signals ORDER BY number");
  const timers = await read("SELECT instance_id FROM tandem_timers");
  const messages = await read("SELECT id FROM tandem_messages");
  const of = (rows: readonly Row[]) => Map.groupBy(rows, (row) => String(row.instance_id));
  const [executionsOf, tasksOf] = [of(executions), of(tasks)];
  const [signalsOf, timersOf] = [of(signals), of(timers)];
  const instances = (await read("SELECT * FROM tandem_instances ORDER BY number")).map((row) => {
    const id = String(row.id);
    return {
      id,
      workflow: String(row.workflow),
      status: String(row.status),
      owner: text(row.owner),
      key: text(row.idempotency_key),
      n: (parse(row.initial_data) as { n: number }).n,
      parent: text(row.parent_instance_id),
      error: row.error === null ? undefined : JSON.stringify(parse(row.error)),
      executions: (executionsOf.get(id) ?? []).map(executionOf),
      tasks: (tasksOf.get(id) ?? []).map(taskOf),
      signals: (signalsOf.get(id) ?? []).map(signalOf),
      timers: timersOf.get(id)?.length ?? 0,
    };
  });
  return {
    instances: new Map(instances.map((instance) => [instance.id, instance])),
    messages: messages.length,
  };
}

function executionOf(row: Row): ExecutionRow {
  return {
    number: Number(row.execution),
    path: String(row.path),
    status: String(row.status),
    attempt: Number(row.attempt),
    iteration: Number(row.iteration),
    startedAt: moment(row.started_at),
    endedAt: moment(row.ended_at),
    result: parse(row.result),
    writes: Object.fromEntries((parse(row.writes) ?? []) as [string, unknown][]),
  };
}

function taskOf(row: Row): TaskRow {
  return {
    id: String(row.id),
    path: String(row.path),
    status: String(row.status),
    execution: Number(row.execution),
    endedBy: text(row.ended_by),
  };
}

function signalOf(row: Row): SignalRow {
  return {
    name: String(row.name),
    by: (parse(row.data) as { by: string }).by,
    usedBy: row.used_by === null ? undefined : Number(row.used_by),
  };
}

function text(value: unknown): string | undefined {
  return value === null ? undefined : String(value);
}

function moment(value: unknown): number | undefined {
  return value === null ? undefined : Number(value);
}

/** SQLite gives JSON as text; the driver of Postgres has parsed it. */
function parse(value: unknown): unknown {
  return typeof value === "string" ? JSON.parse(value) : (value ?? undefined);
}
