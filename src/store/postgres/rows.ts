import { parseFrozen } from "../../json.ts";
import type {
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TaskRecord,
  TimerRecord,
} from "../../machine/index.ts";
import type { Message, Reply } from "../store.ts";
import type { TextRow } from "./database.ts";

// For each table: the columns that are read, and the record that a row of them is.

export const instanceColumns =
  "id, state_version, owner, workflow, workflow_version, status, started_at, ended_at, user_id, " +
  "tenant, idempotency_key, initial_data, error, reason, compensating, parent_instance_id, " +
  "parent_execution, number";

export interface InstanceRow {
  readonly instance: InstanceRecord;
  readonly version: number;
  readonly owner: string | undefined;
  readonly number: string;
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
    error: json(row[12]) as InstanceRecord["error"],
    reason: optionalText(row[13]),
    compensating: optionalText(row[14]) as InstanceRecord["compensating"],
    parent: toParent(row[15], row[16]),
  };
  return {
    instance: Object.freeze(instance),
    version: Number(row[1]),
    owner: optionalText(row[2]),
    number: text(row[17]),
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
  "instance_id, id, execution, path, status, title, description, assignee, candidate_users, " +
  "candidate_groups, exclude_users, created_at, ended_at, ended_by, reason";

export function toTask(row: TextRow): TaskRecord {
  return Object.freeze({
    id: text(row[1]),
    executionId: Number(row[2]),
    path: text(row[3]),
    status: text(row[4]) as TaskRecord["status"],
    title: text(row[5]),
    description: optionalText(row[6]),
    assignee: optionalText(row[7]),
    candidateUsers: json(row[8]) as TaskRecord["candidateUsers"],
    candidateGroups: json(row[9]) as TaskRecord["candidateGroups"],
    excludeUsers: json(row[10]) as TaskRecord["excludeUsers"],
    createdAt: Number(row[11]),
    endedAt: optionalNumber(row[12]),
    endedBy: optionalText(row[13]),
    reason: optionalText(row[14]),
  });
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
