import type { DatabaseSync, StatementSync } from "node:sqlite";
import { parseFrozen } from "../../json.ts";
import type { TaskRecord, TaskStatus } from "../../machine/index.ts";
import type { StoredTask, TaskPlace, TaskQuery } from "../store.ts";
import { audienceOf } from "../task-audience.ts";
import { toJsonText } from "./columns.ts";

/** What comes before every task. */
const beforeAll: TaskPlace = { createdAt: Number.MIN_SAFE_INTEGER, instanceId: "", taskId: "" };

const notExcluded = `(
  t.exclude_users IS NULL
  OR NOT EXISTS (SELECT 1 FROM json_each(t.exclude_users) WHERE value = ?)
)`;

/** Tasks and who finds them, within a transaction of the caller. */
export class TaskStatements {
  readonly #find: StatementSync;
  readonly #put: StatementSync;
  readonly #addAudience: StatementSync;
  readonly #removeAudience: StatementSync;
  readonly #listAll: StatementSync;
  readonly #listFor: StatementSync;
  readonly #findWithWorkflow: StatementSync;
  readonly #ofInstance: StatementSync;

  constructor(database: DatabaseSync) {
    this.#find = database.prepare("SELECT * FROM tandem_tasks WHERE instance_id = ? AND id = ?");
    this.#put = database.prepare(`
      REPLACE INTO tandem_tasks (
        instance_id, id, execution, path, status, title, description, assignee, candidate_users,
        candidate_groups, exclude_users, created_at, ended_at, ended_by, reason
      ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    `);
    this.#addAudience = database.prepare(`
      INSERT INTO tandem_task_audience (audience, created_at, instance_id, task_id)
      VALUES (?, ?, ?, ?)
    `);
    this.#removeAudience = database.prepare(`
      DELETE FROM tandem_task_audience
      WHERE audience = ? AND created_at = ? AND instance_id = ? AND task_id = ?
    `);
    this.#listAll = database.prepare(`
      SELECT t.created_at, t.instance_id, t.id AS task_id FROM tandem_tasks t
      WHERE t.status = 'open'
      AND (t.created_at, t.instance_id, t.id) > (?, ?, ?)
      AND ${notExcluded}
      ORDER BY t.created_at, t.instance_id, t.id LIMIT ?
    `);
    this.#listFor = database.prepare(`
      SELECT a.created_at, a.instance_id, a.task_id FROM tandem_task_audience a
      CROSS JOIN tandem_tasks t ON t.instance_id = a.instance_id AND t.id = a.task_id
      WHERE (a.created_at, a.instance_id, a.task_id) > (?, ?, ?)
      AND ${notExcluded}
      AND a.audience = ?
      ORDER BY a.created_at, a.instance_id, a.task_id LIMIT ?
    `);
    this.#findWithWorkflow = database.prepare(`
      SELECT t.*, i.workflow FROM tandem_tasks t
      JOIN tandem_instances i ON i.id = t.instance_id
      WHERE t.instance_id = ? AND t.id = ?
    `);
    this.#ofInstance = database.prepare("SELECT * FROM tandem_tasks WHERE instance_id = ?");
  }

  /** @param isNew whether nothing can be kept under the task's id. */
  put(instanceId: string, task: TaskRecord, isNew: boolean): void {
    const before = isNew ? undefined : (this.#find.get(instanceId, task.id) as TaskRow | undefined);
    if (before?.status === "open")
      this.#changeAudience(this.#removeAudience, instanceId, toTask(before));
    this.#put.get(
      instanceId,
      task.id,
      task.executionId,
      task.path,
      task.status,
      task.title,
      task.description ?? null,
      task.assignee ?? null,
      toJsonText(task.candidateUsers),
      toJsonText(task.candidateGroups),
      toJsonText(task.excludeUsers),
      task.createdAt,
      task.endedAt ?? null,
      task.endedBy ?? null,
      task.reason ?? null,
    );
    if (task.status === "open") this.#changeAudience(this.#addAudience, instanceId, task);
  }

  #changeAudience(statement: StatementSync, instanceId: string, task: TaskRecord): void {
    for (const name of audienceOf(task)) {
      statement.get(name, task.createdAt, instanceId, task.id);
    }
  }

  ofInstance(instanceId: string): TaskRecord[] {
    return (this.#ofInstance.all(instanceId) as unknown as TaskRow[]).map(toTask);
  }

  list(query: TaskQuery): StoredTask[] {
    return this.#listPlaces(query).map((place) => {
      const row = this.#findWithWorkflow.get(place.instance_id, place.task_id);
      const { workflow, ...task } = row as unknown as TaskRow & { readonly workflow: string };
      return { instanceId: place.instance_id, workflow, task: toTask(task) };
    });
  }
  /** Each name's tasks are read in order as far as the page can reach, and then merged. */
  #listPlaces({ audience, userId, limit, after }: TaskQuery): PlaceRow[] {
    const { createdAt, instanceId, taskId } = after ?? beforeAll;
    const from = [createdAt, instanceId, taskId, userId ?? null] as const;
    if (audience === undefined) return this.#listAll.all(...from, limit) as unknown as PlaceRow[];
    const found = [...new Set(audience)].flatMap(
      (name) => this.#listFor.all(...from, name, limit) as unknown as PlaceRow[],
    );
    found.sort(comparePlaces);
    // Who finds a task under several names finds it once.
    const isFirst = (place: PlaceRow, index: number) =>
      index === 0 || comparePlaces(place, found[index - 1] as PlaceRow) !== 0;
    return found.filter(isFirst).slice(0, limit);
  }
}

interface PlaceRow {
  readonly created_at: number;
  readonly instance_id: string;
  readonly task_id: string;
}

interface TaskRow {
  readonly id: string;
  readonly execution: number;
  readonly path: string;
  readonly status: string;
  readonly title: string;
  readonly description: string | null;
  readonly assignee: string | null;
  readonly candidate_users: string | null;
  readonly candidate_groups: string | null;
  readonly exclude_users: string | null;
  readonly created_at: number;
  readonly ended_at: number | null;
  readonly ended_by: string | null;
  readonly reason: string | null;
}

function toTask(row: TaskRow): TaskRecord {
  return {
    id: row.id,
    executionId: row.execution,
    path: row.path,
    status: row.status as TaskStatus,
    title: row.title,
    description: row.description ?? undefined,
    assignee: row.assignee ?? undefined,
    candidateUsers: toNames(row.candidate_users),
    candidateGroups: toNames(row.candidate_groups),
    excludeUsers: toNames(row.exclude_users),
    createdAt: row.created_at,
    endedAt: row.ended_at ?? undefined,
    endedBy: row.ended_by ?? undefined,
    reason: row.reason ?? undefined,
  };
}

function toNames(text: string | null): readonly string[] | undefined {
  return text === null ? undefined : (parseFrozen(text) as readonly string[]);
}

function comparePlaces(a: PlaceRow, b: PlaceRow): number {
  return (
    a.created_at - b.created_at ||
    compareTexts(a.instance_id, b.instance_id) ||
    compareTexts(a.task_id, b.task_id)
  );
}

/** As SQLite compares them: by their bytes. */
function compareTexts(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
