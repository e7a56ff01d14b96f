import type { DatabaseSync, StatementSync } from "node:sqlite";
import { parseFrozen } from "../../json.ts";
import type { TaskRecord, TaskStatus } from "../../machine/index.ts";
import { audienceOf } from "../task-audience.ts";
import { toJsonText } from "./columns.ts";

/** Keeps tasks and who finds them, within a transaction of the caller. */
export class TaskStatements {
  readonly #find: StatementSync;
  readonly #put: StatementSync;
  readonly #addAudience: StatementSync;
  readonly #removeAudience: StatementSync;
  readonly #ofInstance: StatementSync;
  readonly #removeAll: StatementSync;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare("SELECT * FROM tandem_tasks WHERE instance_id = ? AND id = ?");
    this.#put = database.prepare(`
      REPLACE INTO tandem_tasks (
        instance_id, id, execution, path, status, title, description, shown, priority, due_at,
        assignee, claimed_at, owner, proposal, candidate_users, candidate_groups, exclude_users,
        reminded, escalated, created_at, ended_at, ended_by, reason, workflow, tenant, business_key
      )
      SELECT
        ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
        workflow, tenant, business_key
      FROM tandem_instances WHERE number = ?
    `);
    this.#addAudience = database.prepare(`
      INSERT INTO tandem_task_audience (
        audience, created_at, instance_id, task_id, due_at, workflow, tenant
      )
      SELECT ?, ?, ?, ?, ?, workflow, tenant FROM tandem_instances WHERE number = ?
    `);
    this.#removeAudience = database.prepare(`
      DELETE FROM tandem_task_audience
      WHERE audience = ? AND created_at = ? AND instance_id = ? AND task_id = ?
    `);
    this.#ofInstance = database.prepare("SELECT * FROM tandem_tasks WHERE instance_id = ?");
    this.#removeAll = database.prepare("DELETE FROM tandem_tasks WHERE instance_id = ?");
  }

  /**
   * @param number the instance's.
   * @param isNew whether nothing can be kept under the task's id.
   */
  put(number: number, instanceId: string, task: TaskRecord, isNew: boolean): void {
    const before = isNew ? undefined : (this.#find.get(instanceId, task.id) as TaskRow | undefined);
    if (before !== undefined) this.#leaveAudience(instanceId, toTask(before));
    this.#put.get(
      instanceId,
      task.id,
      task.executionId,
      task.path,
      task.status,
      task.title,
      task.description ?? null,
      toJsonText(task.shown),
      task.priority,
      task.dueAt ?? null,
      task.assignee ?? null,
      task.claimedAt ?? null,
      task.owner ?? null,
      toJsonText(task.proposal),
      toJsonText(task.candidateUsers),
      toJsonText(task.candidateGroups),
      toJsonText(task.excludeUsers),
      task.reminded,
      task.escalated,
      task.createdAt,
      task.endedAt ?? null,
      task.endedBy ?? null,
      task.reason ?? null,
      number,
    );
    if (task.status !== "open") return;
    for (const name of audienceOf(task)) {
      this.#addAudience.get(name, task.createdAt, instanceId, task.id, task.dueAt ?? null, number);
    }
  }

  #leaveAudience(instanceId: string, task: TaskRecord): void {
    if (task.status !== "open") return;
    for (const name of audienceOf(task)) {
      this.#removeAudience.get(name, task.createdAt, instanceId, task.id);
    }
  }

  ofInstance(instanceId: string): TaskRecord[] {
    return (this.#ofInstance.all(instanceId) as unknown as TaskRow[]).map(toTask);
  }

  removeAll(instanceId: string): void {
    for (const task of this.ofInstance(instanceId)) this.#leaveAudience(instanceId, task);
    this.#removeAll.get(instanceId);
  }
}

export interface TaskRow {
  readonly id: string;
  readonly execution: number;
  readonly path: string;
  readonly status: string;
  readonly title: string;
  readonly description: string | null;
  readonly shown: string | null;
  readonly priority: number;
  readonly due_at: number | null;
  readonly assignee: string | null;
  readonly claimed_at: number | null;
  readonly owner: string | null;
  readonly proposal: string | null;
  readonly candidate_users: string | null;
  readonly candidate_groups: string | null;
  readonly exclude_users: string | null;
  readonly reminded: number;
  readonly escalated: number;
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly ended_by: string | null;
  readonly reason: string | null;
}

export function toTask(row: TaskRow): TaskRecord {
  return {
    id: row.id,
    executionId: row.execution,
    path: row.path,
    status: row.status as TaskStatus,
    title: row.title,
    description: row.description ?? undefined,
    shown: parseIfGiven(row.shown) as TaskRecord["shown"],
    priority: row.priority,
    dueAt: row.due_at ?? undefined,
    assignee: row.assignee ?? undefined,
    claimedAt: row.claimed_at ?? undefined,
    owner: row.owner ?? undefined,
    proposal: parseIfGiven(row.proposal) as TaskRecord["proposal"],
    candidateUsers: parseIfGiven(row.candidate_users) as TaskRecord["candidateUsers"],
    candidateGroups: parseIfGiven(row.candidate_groups) as TaskRecord["candidateGroups"],
    excludeUsers: parseIfGiven(row.exclude_users) as TaskRecord["excludeUsers"],
    reminded: row.reminded,
    escalated: row.escalated,
    createdAt: row.created_at,
    endedAt: row.ended_at ?? undefined,
    endedBy: row.ended_by ?? undefined,
    reason: row.reason ?? undefined,
  };
}

function parseIfGiven(text: string | null): unknown {
  return text === null ? undefined : parseFrozen(text);
}
