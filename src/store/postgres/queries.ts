import { escapeLiteral } from "pg";
import type {
  ExecutionRecord,
  SignalRecord,
  TaskRecord,
  TimerRecord,
} from "../../machine/index.ts";
import type {
  Mail,
  StoredInstance,
  StoredTask,
  StoredTimer,
  TaskQuery,
  TimerQuery,
} from "../store.ts";
import type { Database, TextRow } from "./database.ts";
import {
  answerColumns,
  executionColumns,
  instanceColumns,
  messageColumns,
  signalColumns,
  taskColumns,
  timerColumns,
  toExecution,
  toInstance,
  toMessage,
  toReply,
  toSignal,
  toTask,
  toTimer,
} from "./rows.ts";

/** Which changes a commit statement has refused, from its answer: an array with nulls for them. */
export function refusedOf(
  kept: string | null | undefined,
  instanceIds: readonly string[],
): readonly string[] {
  if (kept === null || kept === undefined) return [];
  const numbers = kept.slice(1, -1).split(",");
  return instanceIds.filter((_, index) => numbers[index] === "NULL");
}

/** Reads several statements at one moment. */
type Reader = Pick<Database, "read">;

export async function load(
  database: Reader,
  instanceIds: readonly string[],
): Promise<StoredInstance[]> {
  const ids = arrayOf(instanceIds);
  const ofInstances = (columns: string, table: string) =>
    `SELECT ${columns} FROM ${table} WHERE instance_id = ANY (${ids})`;
  const [instances = [], executions = [], tasks = [], timers = [], signals = []] =
    await database.read(
      `SELECT ${instanceColumns} FROM tandem_instances WHERE id = ANY (${ids})`,
      `SELECT e.* FROM tandem_instances AS i CROSS JOIN LATERAL (
        SELECT ${executionColumns} FROM tandem_executions
        WHERE instance_number = i.number ORDER BY number
      ) AS e WHERE i.id = ANY (${ids})`,
      `${ofInstances(taskColumns, "tandem_tasks")} ORDER BY instance_id, id`,
      `${ofInstances(timerColumns, "tandem_timers")} ORDER BY instance_id, id`,
      `${ofInstances(signalColumns, "tandem_signals")} ORDER BY number`,
    );
  const executionsOf = grouped<ExecutionRecord>(executions, toExecution);
  const tasksOf = grouped<TaskRecord>(tasks, toTask);
  const timersOf = grouped<TimerRecord>(timers, toTimer);
  const signalsOf = grouped<SignalRecord>(signals, toSignal);
  const stored = new Map<string, StoredInstance>();
  for (const row of instances) {
    const { instance, version, owner, number } = toInstance(row);
    const rows = {
      instance,
      executions: executionsOf(number),
      tasks: tasksOf(instance.id),
      timers: timersOf(instance.id),
      signals: signalsOf(instance.id),
    };
    stored.set(instance.id, { version, owner, rows });
  }
  return instanceIds.flatMap((id) => stored.get(id) ?? []);
}

/** Records by the first column of their rows. */
function grouped<Item>(
  rows: readonly TextRow[],
  read: (row: TextRow) => Item,
): (key: string) => readonly Item[] {
  const groups = new Map<string, Item[]>();
  for (const row of rows) {
    const key = row[0] ?? "";
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [read(row)]);
    else group.push(read(row));
  }
  return (key) => groups.get(key) ?? [];
}

export async function versions(
  database: Database,
  instanceIds: readonly string[],
): Promise<number[]> {
  const [rows = []] = await database.read(
    `SELECT id, state_version FROM tandem_instances WHERE id = ANY (${arrayOf(instanceIds)})`,
  );
  const found = new Map(rows.map(([id, version]) => [id, Number(version)]));
  return instanceIds.map((id) => found.get(id) ?? 0);
}

export async function owned(database: Database, workerId: string): Promise<string[]> {
  const [rows = []] = await database.read(
    `SELECT id FROM tandem_instances WHERE owner = ${escapeLiteral(workerId)}`,
  );
  return rows.map(([id]) => id ?? "");
}

export async function findByIdempotencyKey(
  database: Reader,
  key: string,
): Promise<string | undefined> {
  const [rows = []] = await database.read(
    `SELECT id FROM tandem_instances WHERE idempotency_key = ${escapeLiteral(key)}`,
  );
  return rows[0]?.[0] ?? undefined;
}

export async function listTasks(database: Database, query: TaskQuery): Promise<StoredTask[]> {
  const { audience, limit } = query;
  const page = audience === undefined ? pageOfAll(query) : pageFor(query, audience);
  const columns = taskColumns.split(", ").map((column) => `t.${column}`);
  const [rows = []] = await database.read(
    `SELECT ${columns.join(", ")}, (
      SELECT i.workflow FROM tandem_instances AS i WHERE i.id = p.instance_id
    )
    FROM (${page} ORDER BY created_at, instance_id, id LIMIT ${Number(limit)}) AS p
    CROSS JOIN LATERAL (
      SELECT * FROM tandem_tasks WHERE instance_id = p.instance_id AND id = p.id OFFSET 0
    ) AS t
    ORDER BY p.created_at, p.instance_id, p.id`,
  );
  return rows.map((row) => ({
    instanceId: row[0] ?? "",
    workflow: row.at(-1) ?? "",
    task: toTask(row),
  }));
}

function pageOfAll({ userId, after }: TaskQuery): string {
  return `SELECT t.created_at, t.instance_id, t.id FROM tandem_tasks AS t
    WHERE t.status = 'open' AND ${isAfter(after, "(t.created_at, t.instance_id, t.id)")}
      AND ${userId === undefined ? "true" : isOpenTo(userId)}`;
}

/** So many of each name, merged: what is found under several names is one task. */
function pageFor({ userId, limit, after }: TaskQuery, audience: readonly string[]): string {
  const isMeant = `(
    SELECT ${isOpenTo(userId ?? "")} FROM tandem_tasks AS t
    WHERE t.instance_id = a.instance_id AND t.id = a.task_id
  )`;
  return `SELECT DISTINCT a.created_at, a.instance_id, a.task_id AS id
    FROM unnest(${arrayOf(audience)}) AS n (name)
    CROSS JOIN LATERAL (
      SELECT a.created_at, a.instance_id, a.task_id FROM tandem_task_audience AS a
      WHERE a.audience = n.name
        AND ${isAfter(after, "(a.created_at, a.instance_id, a.task_id)")}
        AND ${userId === undefined ? "true" : isMeant}
      ORDER BY a.created_at, a.instance_id, a.task_id LIMIT ${Number(limit)}
    ) AS a`;
}

function isAfter(after: TaskQuery["after"], columns: string): string {
  if (after === undefined) return "true";
  const { createdAt, instanceId, taskId } = after;
  const place = [Number(createdAt), escapeLiteral(instanceId), escapeLiteral(taskId)];
  return `${columns} > (${place.join(", ")})`;
}

function isOpenTo(userId: string): string {
  return `(t.exclude_users IS NULL OR NOT EXISTS (
    SELECT FROM json_array_elements_text(t.exclude_users) AS e (name)
    WHERE e.name = ${escapeLiteral(userId)}
  ))`;
}

export async function listTimers(database: Database, query: TimerQuery): Promise<StoredTimer[]> {
  const { workerId, before, limit } = query;
  const [rows = []] = await database.read(
    `SELECT ${timerColumns} FROM tandem_timers AS t
    WHERE ${before === undefined ? "true" : `t.fire_at < ${Number(before)}`} AND (
      SELECT i.status <> 'paused' AND (i.owner IS NULL OR i.owner = ${escapeLiteral(workerId)})
      FROM tandem_instances AS i WHERE i.id = t.instance_id
    )
    ORDER BY t.fire_at LIMIT ${Number(limit)}`,
  );
  return rows.map((row) => ({ instanceId: row[0] ?? "", timer: toTimer(row) }));
}

export async function receive(database: Database, workerId: string): Promise<Mail> {
  const recipient = escapeLiteral(workerId);
  const [messages = [], answers = []] = await database.read(
    `SELECT ${messageColumns} FROM tandem_messages WHERE recipient = ${recipient}
    ORDER BY sent_at, number`,
    `SELECT ${answerColumns} FROM tandem_answers WHERE recipient = ${recipient}`,
  );
  return { messages: messages.map(toMessage), answers: answers.map(toReply) };
}

function arrayOf(texts: readonly string[]): string {
  return `ARRAY[${texts.map((text) => escapeLiteral(text)).join(", ")}]::text[]`;
}
