import type { DatabaseSync } from "node:sqlite";
import type { StoredTask, TaskFilter, TaskPlace, TaskQuery } from "../store.ts";
import { audienceOf } from "../task-audience.ts";
import { Conditions, PreparedQueries } from "./conditions.ts";
import { type TaskRow, toTask } from "./tasks.ts";

const [everybody] = audienceOf({
  assignee: undefined,
  candidateUsers: undefined,
  candidateGroups: undefined,
}) as [string];

const momentColumns = { created: "created_at", due: "due_at", ended: "ended_at" } as const;

/** Searches tasks, within a transaction of the caller. */
export class TaskSearch {
  readonly #queries: PreparedQueries;

  constructor(database: DatabaseSync) {
    this.#queries = new PreparedQueries(database);
  }

  list(query: TaskQuery): StoredTask[] {
    return this.#places(query).map(([, instanceId, taskId]) => {
      const [row] = this.#queries.objects(
        `SELECT t.*, i.workflow_version FROM tandem_tasks t
         CROSS JOIN tandem_instances i ON i.id = t.instance_id
         WHERE t.instance_id = ? AND t.id = ?`,
        [instanceId, taskId],
      );
      return toStoredTask(row as unknown as StoredTaskRow);
    });
  }

  count(filter: TaskFilter, atMost: number): number {
    return this.#places({ ...filter, limit: atMost }).length;
  }

  #places(query: TaskQuery): PlaceRow[] {
    const { audience, limit, order = "created" } = query;
    if (limit < 1 || audience?.length === 0) return [];
    const isOpen = (query.status ?? "open") === "open";
    if (audience === undefined || !isOpen || order === "ended" || isNarrow(query)) {
      return this.#placesOfTasks(query);
    }
    // Each name's tasks are read in order as far as the page can reach, and then merged.
    const found = [...new Set(audience)].map((name) => this.#placesOfName(name, query));
    if (found.length === 1) return found[0] ?? [];
    const places = found.flat().sort(comparePlaces);
    // Who finds a task under several names finds it once.
    const isFirst = (place: PlaceRow, index: number) =>
      index === 0 || comparePlaces(place, places[index - 1] as PlaceRow) !== 0;
    return places.filter(isFirst).slice(0, limit);
  }

  /** Open tasks that are found under one name. */
  #placesOfName(name: string, query: TaskQuery): PlaceRow[] {
    const { order = "created", limit, tenant } = query;
    const at = `a.${momentColumns[order]}`;
    const conditions = new Conditions();
    conditions.equal("a.audience", name);
    conditions.equal("a.workflow", query.workflow);
    conditions.equal("a.tenant", tenant);
    addDueDates(conditions, "a.due_at", query);
    if (order === "due") conditions.add("a.due_at IS NOT NULL");
    addPlace(conditions, [at, "a.instance_id", "a.task_id"], query);
    const isWhole = addTaskFilters(conditions, query);
    const index =
      order === "due"
        ? "INDEXED BY tandem_task_audience_by_due_date"
        : tenant === undefined
          ? ""
          : "INDEXED BY tandem_task_audience_by_tenant";
    const join = isWhole
      ? ""
      : "CROSS JOIN tandem_tasks t ON t.instance_id = a.instance_id AND t.id = a.task_id";
    return this.#queries.rows(
      `SELECT ${at}, a.instance_id, a.task_id FROM tandem_task_audience a ${index} ${join}
       WHERE ${conditions} ORDER BY ${at}, a.instance_id, a.task_id LIMIT ?`,
      [...conditions.values, limit],
    ) as unknown as PlaceRow[];
  }

  /** Tasks of any status, by whatever narrows them down most. */
  #placesOfTasks(query: TaskQuery): PlaceRow[] {
    const { status = "open", order = "created", limit, audience } = query;
    const at = `t.${momentColumns[order]}`;
    const conditions = new Conditions();
    conditions.equal("t.status", status);
    conditions.equal("t.workflow", query.workflow);
    conditions.equal("t.tenant", query.tenant);
    conditions.equal("t.instance_id", query.instanceId);
    conditions.equal("t.business_key", query.businessKey);
    conditions.equal("t.assignee", query.assignee);
    conditions.equal("t.ended_by", query.endedBy);
    addDueDates(conditions, "t.due_at", query);
    const index = indexFor(query);
    if (order !== "created") conditions.add(`${at} IS NOT NULL`);
    if (index === "tandem_tasks_by_due_date") conditions.add("t.status = 'open'");
    addPlace(conditions, [at, "t.instance_id", "t.id"], query);
    addTaskFilters(conditions, query);
    if (audience !== undefined) addAudience(conditions, audience);
    const direction = order === "ended" ? "DESC" : "ASC";
    return this.#queries.rows(
      `SELECT ${at}, t.instance_id, t.id FROM tandem_tasks t
       ${index === undefined ? "" : `INDEXED BY ${index}`} WHERE ${conditions}
       ORDER BY ${at} ${direction}, t.instance_id ${direction}, t.id ${direction} LIMIT ?`,
      [...conditions.values, limit],
    ) as unknown as PlaceRow[];
  }
}

/** Whether something other than who sees them leaves few tasks. */
function isNarrow({ instanceId, businessKey, assignee, endedBy }: TaskFilter): boolean {
  return (
    instanceId !== undefined ||
    businessKey !== undefined ||
    assignee !== undefined ||
    endedBy !== undefined
  );
}

/** Undefined for the primary key. */
function indexFor(query: TaskQuery): string | undefined {
  const { order = "created", status = "open" } = query;
  if (query.instanceId !== undefined) return undefined;
  if (query.businessKey !== undefined) return "tandem_tasks_by_business_key";
  if (query.assignee !== undefined) return "tandem_tasks_by_assignee";
  if (query.endedBy !== undefined) return "tandem_tasks_by_ended_by";
  if (order === "ended") return "tandem_tasks_by_end";
  if (order === "due" && status === "open") return "tandem_tasks_by_due_date";
  return "tandem_tasks_by_creation";
}

function addDueDates(
  conditions: Conditions,
  column: string,
  { dueFrom, dueBefore }: TaskFilter,
): void {
  if (dueFrom !== undefined) conditions.add(`${column} >= ?`, dueFrom);
  if (dueBefore !== undefined) conditions.add(`${column} < ?`, dueBefore);
}

function addPlace(
  conditions: Conditions,
  columns: readonly string[],
  { after, order }: TaskQuery,
): void {
  if (after === undefined) return;
  const { at, instanceId, taskId }: TaskPlace = after;
  const isLater = order === "ended" ? "<" : ">";
  conditions.add(`(${columns.join(", ")}) ${isLater} (?, ?, ?)`, at, instanceId, taskId);
}

/** What only the task itself can tell; gives whether nothing of it was asked for. */
function addTaskFilters(conditions: Conditions, query: TaskFilter): boolean {
  const { path, isAssigned, userId } = query;
  conditions.equal("t.path", path);
  if (isAssigned !== undefined) {
    conditions.add(`t.assignee IS ${isAssigned ? "NOT NULL" : "NULL"}`);
  }
  if (userId !== undefined) {
    conditions.add(
      `(t.exclude_users IS NULL
        OR NOT EXISTS (SELECT 1 FROM json_each(t.exclude_users) WHERE value = ?))`,
      userId,
    );
  }
  return path === undefined && isAssigned === undefined && userId === undefined;
}

/** What `audienceOf` says, for tasks that are found by something else. */
function addAudience(conditions: Conditions, audience: readonly string[]): void {
  const names = JSON.stringify(audience);
  const isMeant = (name: string) => `${name} IN (SELECT value FROM json_each(?))`;
  const isOneOf = (column: string, kind: string) =>
    `EXISTS (SELECT 1 FROM json_each(${column}) AS c WHERE ${isMeant(`'${kind}:' || c.value`)})`;
  conditions.add(
    `CASE
       WHEN t.assignee IS NOT NULL THEN ${isMeant("'user:' || t.assignee")}
       WHEN t.candidate_users IS NULL AND t.candidate_groups IS NULL THEN ${isMeant("?")}
       ELSE ${isOneOf("t.candidate_users", "user")} OR ${isOneOf("t.candidate_groups", "group")}
     END`,
    ...[names, everybody, names, names, names],
  );
}

type PlaceRow = readonly [at: number, instanceId: string, taskId: string];

interface StoredTaskRow extends TaskRow {
  readonly instance_id: string;
  readonly workflow: string;
  readonly workflow_version: string;
  readonly tenant: string | null;
  readonly business_key: string | null;
}

function toStoredTask(row: StoredTaskRow): StoredTask {
  return {
    instanceId: row.instance_id,
    workflow: row.workflow,
    workflowVersion: row.workflow_version,
    tenant: row.tenant ?? undefined,
    businessKey: row.business_key ?? undefined,
    task: toTask(row),
  };
}

function comparePlaces(a: PlaceRow, b: PlaceRow): number {
  return a[0] - b[0] || compareTexts(a[1], b[1]) || compareTexts(a[2], b[2]);
}

/** As SQLite compares them: by their bytes. */
function compareTexts(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
