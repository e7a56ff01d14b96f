import { parseFrozen } from "../../json.ts";
import type {
  ActRecord,
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TaskRecord,
  TimerRecord,
} from "../../machine/index.ts";
import type {
  InstanceSummary,
  Message,
  Reply,
  ScheduleRecord,
  StoredAct,
  StoredTask,
} from "../store.ts";
import type { TextRow } from "./database.ts";

// For each table: the columns that are read, and the record that a row of them is.

export const instanceColumns =
  "id, state_version, owner, workflow, workflow_version, status, started_at, ended_at, user_id, " +
  "tenant, idempotency_key, initial_data, error, reason, compensating, parent_instance_id, " +
  "parent_execution, business_key, tags, traceparent, number";

/** The same, but for what an instance started with. */
export const summaryColumns = instanceColumns.replace(" initial_data,", " NULL,");

export interface InstanceRow {
  readonly instance: InstanceRecord;
  readonly version: number;
  readonly owner: string | undefined;
  readonly number: string;
}

export function toSummary(row: TextRow): InstanceSummary {
  const { initialData: _data, ...summary } = toInstance(row).instance;
  return summary;
}

export function toInstance(row: TextRow): InstanceRow {
  const instance: InstanceRecord = {
    id: text(row[0]),
    workflow: text(row[3]),
    version: text(row[4]),
    status: text(row[5]) as InstanceRecord["status"],
    initialData: json(row[11]) as InstanceRecord["initialData"],
    startedAt: Number(row[6]),
    endedAt: optionalNumber(row[7]),
    user: optionalText(row[8]),
    tenant: optionalText(row[9]),
    idempotencyKey: optionalText(row[10]),
    businessKey: optionalText(row[17]),
    tags: isNull(row[18]) ? none : (json(row[18]) as readonly string[]),
    traceparent: optionalText(row[19]),
    error: json(row[12]) as InstanceRecord["error"],
    reason: optionalText(row[13]),
    compensating: optionalText(row[14]) as InstanceRecord["compensating"],
    parent: toParent(row[15], row[16]),
  };
  return {
    instance: Object.freeze(instance),
    version: Number(row[1]),
    owner: optionalText(row[2]),
    number: text(row[20]),
  };
}

function toParent(instanceId: Cell, executionId: Cell): InstanceRecord["parent"] {
  if (isNull(instanceId)) return undefined;
  return Object.freeze({ instanceId: text(instanceId), executionId: Number(executionId) });
}

export const executionColumns =
  "instance_number, number, node, path, status, attempt, last_attempt, iteration, parent, " +
  "position, arrived_edges, taken_edges, started_at, ended_at, event_number, result, writes, " +
  "error, round_open, map, vote, reduced_writes, compensates";

export function toExecution(row: TextRow): ExecutionRecord {
  return Object.freeze({
    id: Number(row[1]),
    node: Number(row[2]),
    path: text(row[3]),
    parent: Number(row[8]),
    position: Number(row[9]),
    iteration: Number(row[7]),
    attempt: Number(row[5]),
    lastAttempt: Number(row[6]),
    status: text(row[4]) as ExecutionRecord["status"],
    arrivals: isNull(row[10]) ? none : (json(row[10]) as readonly number[]),
    roundOpen: row[18] === "t",
    taken: json(row[11]) as ExecutionRecord["taken"],
    startedAt: optionalNumber(row[12]),
    endedAt: optionalNumber(row[13]),
    order: Number(row[14]),
    result: json(row[15]),
    writes: json(row[16]) as ExecutionRecord["writes"],
    error: json(row[17]) as ExecutionRecord["error"],
    map: json(row[19]) as ExecutionRecord["map"],
    vote: optionalText(row[20]) as ExecutionRecord["vote"],
    reduced: json(row[21]) as ExecutionRecord["reduced"],
    compensates: Number(row[22]),
  });
}

export const taskColumns =
  "instance_id, id, execution, path, status, title, description, shown, priority, due_at, " +
  "assignee, claimed_at, owner, proposal, candidate_users, candidate_groups, exclude_users, " +
  "reminded, escalated, created_at, ended_at, ended_by, reason";

export function toTask(row: TextRow): TaskRecord {
  return Object.freeze({
    id: text(row[1]),
    executionId: Number(row[2]),
    path: text(row[3]),
    status: text(row[4]) as TaskRecord["status"],
    title: text(row[5]),
    description: optionalText(row[6]),
    shown: json(row[7]) as TaskRecord["shown"],
    priority: Number(row[8]),
    dueAt: optionalNumber(row[9]),
    assignee: optionalText(row[10]),
    claimedAt: optionalNumber(row[11]),
    owner: optionalText(row[12]),
    proposal: json(row[13]) as TaskRecord["proposal"],
    candidateUsers: json(row[14]) as TaskRecord["candidateUsers"],
    candidateGroups: json(row[15]) as TaskRecord["candidateGroups"],
    excludeUsers: json(row[16]) as TaskRecord["excludeUsers"],
    reminded: Number(row[17]),
    escalated: Number(row[18]),
    createdAt: Number(row[19]),
    endedAt: optionalNumber(row[20]),
    endedBy: optionalText(row[21]),
    reason: optionalText(row[22]),
  });
}

/** A task's columns and then what its instance has of it. */
export function toStoredTask(row: TextRow): StoredTask {
  const [workflow, workflowVersion, tenant, businessKey] = row.slice(23);
  return {
    instanceId: text(row[0]),
    workflow: text(workflow),
    workflowVersion: text(workflowVersion),
    tenant: optionalText(tenant),
    businessKey: optionalText(businessKey),
    task: toTask(row),
  };
}

export const timerColumns = "instance_id, id, kind, execution, fire_at";

export function toTimer(row: TextRow): TimerRecord {
  return Object.freeze({
    id: text(row[1]),
    kind: text(row[2]) as TimerRecord["kind"],
    executionId: Number(row[3]),
    fireAt: Number(row[4]),
  });
}

export const signalColumns = "instance_id, id, name, data, used_by";

export function toSignal(row: TextRow): SignalRecord {
  return Object.freeze({
    id: text(row[1]),
    name: text(row[2]),
    data: json(row[3]),
    usedBy: Number(row[4]),
  });
}

export const messageColumns = "id, instance_id, recipient, sender, sent_at, command";

export function toMessage(row: TextRow): Message {
  return {
    id: text(row[0]),
    instanceId: text(row[1]),
    to: text(row[2]),
    from: optionalText(row[3]),
    at: Number(row[4]),
    command: json(row[5]),
  };
}

export const answerColumns = "message_id, recipient, outcome";

export function toReply(row: TextRow): Reply {
  return { messageId: text(row[0]), from: optionalText(row[1]), outcome: json(row[2]) };
}

export const actColumns =
  "number, type, at, user_id, on_behalf_of, through, path, task_id, details";

export function toAct(row: TextRow): StoredAct {
  const act: ActRecord = Object.freeze({
    type: text(row[1]) as ActRecord["type"],
    at: Number(row[2]),
    user: optionalText(row[3]),
    onBehalfOf: optionalText(row[4]),
    through: optionalText(row[5]),
    path: optionalText(row[6]),
    taskId: optionalText(row[7]),
    details: json(row[8]) as ActRecord["details"],
  });
  return { number: Number(row[0]), act };
}

export const scheduleColumns =
  "id, revision, workflow, workflow_version, cron, timezone, initial_data, user_id, tenant, " +
  "business_key, tags, missed, is_paused, created_at, next_at, last_at, last_instance_id";

export function toSchedule(row: TextRow): ScheduleRecord {
  return Object.freeze({
    id: text(row[0]),
    revision: Number(row[1]),
    workflow: text(row[2]),
    version: optionalText(row[3]),
    cron: text(row[4]),
    timezone: text(row[5]),
    initialData: json(row[6]) as ScheduleRecord["initialData"],
    user: optionalText(row[7]),
    tenant: optionalText(row[8]),
    businessKey: optionalText(row[9]),
    tags: isNull(row[10]) ? none : (json(row[10]) as readonly string[]),
    missed: text(row[11]) as ScheduleRecord["missed"],
    isPaused: row[12] === "t",
    createdAt: Number(row[13]),
    nextAt: optionalNumber(row[14]),
    lastAt: optionalNumber(row[15]),
    lastInstanceId: optionalText(row[16]),
  });
}

/** In the order of the columns. */
export function scheduleValues(schedule: ScheduleRecord): readonly unknown[] {
  const { id, revision, workflow, version, cron, timezone, initialData, user } = schedule;
  const { tenant, businessKey, tags, missed, isPaused, createdAt } = schedule;
  return [
    ...[id, revision, workflow, version, cron, timezone, JSON.stringify(initialData), user],
    ...[tenant, businessKey, tags.length === 0 ? undefined : JSON.stringify(tags)],
    ...[missed, isPaused, createdAt, schedule.nextAt, schedule.lastAt, schedule.lastInstanceId],
  ];
}

// ------------------------------------------------------------------------------------ the columns

type Cell = string | null | undefined;

const none: readonly never[] = Object.freeze([]);

function isNull(cell: Cell): cell is null | undefined {
  return cell === null || cell === undefined;
}

function text(cell: Cell): string {
  return cell ?? "";
}

function optionalText(cell: Cell): string | undefined {
  return cell ?? undefined;
}

function optionalNumber(cell: Cell): number | undefined {
  return isNull(cell) ? undefined : Number(cell);
}

function json(cell: Cell): unknown {
  return isNull(cell) ? undefined : parseFrozen(cell);
}
