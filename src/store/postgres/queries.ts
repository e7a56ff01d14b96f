import { escapeLiteral } from "pg";
import type {
  EpochMs,
  ExecutionRecord,
  SignalRecord,
  TaskRecord,
  TimerRecord,
} from "../../machine/index.ts";
import type {
  ActQuery,
  Mail,
  StoredAct,
  StoredInstance,
  StoredTimer,
  StoreMeasures,
  TimerQuery,
} from "../store.ts";
import type { Database, TextRow } from "./database.ts";
import { allOf, isText, textArray } from "./query-text.ts";
import {
  actColumns,
  answerColumns,
  executionColumns,
  instanceColumns,
  messageColumns,
  signalColumns,
  taskColumns,
  timerColumns,
  toAct,
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

export async function load(
  database: Database,
  instanceIds: readonly string[],
): Promise<StoredInstance[]> {
  const ids = textArray(instanceIds);
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
    `SELECT id, state_version FROM tandem_instances WHERE id = ANY (${textArray(instanceIds)})`,
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
  database: Database,
  key: string,
): Promise<string | undefined> {
  const [rows = []] = await database.read(
    `SELECT id FROM tandem_instances WHERE idempotency_key = ${escapeLiteral(key)}`,
  );
  return rows[0]?.[0] ?? undefined;
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

export async function listActs(database: Database, query: ActQuery): Promise<StoredAct[]> {
  const { instanceId, taskId, limit, after = 0 } = query;
  const isMeant = [...isText("instance_id", instanceId), ...isText("task_id", taskId)];
  const [rows = []] = await database.read(
    `SELECT ${actColumns} FROM tandem_history
    WHERE ${allOf([...isMeant, `number > ${Number(after)}`])}
    ORDER BY number LIMIT ${Number(limit)}`,
  );
  return rows.map(toAct);
}

export async function measure(database: Database, now: EpochMs): Promise<StoreMeasures> {
  const results = await database.read(
    "SELECT count(*), min(created_at) FROM tandem_tasks WHERE status = 'open'",
    `SELECT count(*) FROM tandem_tasks WHERE status = 'open' AND due_at < ${Number(now)}`,
    `SELECT count(*), min(t.fire_at) FROM tandem_timers AS t
    WHERE t.fire_at <= ${Number(now)} AND (
      SELECT i.status <> 'paused' FROM tandem_instances AS i WHERE i.id = t.instance_id
    )`,
    "SELECT count(*), min(sent_at) FROM tandem_messages",
    "SELECT count(*) FROM tandem_workers",
  );
  const [tasks, overdue, timers, messages, workers] = results.map(([row = []]) => row);
  const earliest = (row: TextRow | undefined) => (row?.[1] ? Number(row[1]) : undefined);
  return {
    openTasks: Number(tasks?.[0]),
    oldestTaskAt: earliest(tasks),
    overdueTasks: Number(overdue?.[0]),
    dueTimers: Number(timers?.[0]),
    oldestDueTimerAt: earliest(timers),
    messages: Number(messages?.[0]),
    oldestMessageAt: earliest(messages),
    workers: Number(workers?.[0]),
  };
}
