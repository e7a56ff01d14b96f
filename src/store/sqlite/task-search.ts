import type { DatabaseSync } from "node:sqlite";
import type { StoredTask, TaskFilter, TaskPlace, TaskQuery } from "../store.ts";
import { audienceOf } from "../task-audience.ts";
import { compareTexts } from "./columns.ts";
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
    const found = namesOf(audience, query).map((name) => this.#placesOfName(name, query));
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
    if (query.isAssigned !== undefined && name.startsWith("user:")) {
      conditions.add(
        `(SELECT t.assignee IS NOT NULL FROM tandem_tasks t
          WHERE t.instance_id = a.instance_id AND t.id = a.task_id) = ?`,
        query.isAssigned ? 1 : 0,
      );
    }
    if (order === "due") conditions.add("a.due_at IS NOT NULL");
    addPlace(conditions, [at, "a.instance_id", "a.task_id"], query);
    addFacts(conditions, "a", query);
    const index =
      order === "due"
        ? "INDEXED BY tandem_task_audience_by_due_date"
        : tenant === undefined
          ? ""
          : "INDEXED BY tandem_task_audience_by_tenant";
    return this.#queries.rows(
      `SELECT ${at}, a.instance_id, a.task_id FROM tandem_task_audience a ${index}
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
    conditions.equal("t.instance_id", query.instanceId);
    conditions.equal("t.business_key", query.businessKey);
    conditions.equal("t.assignee", query.assignee);
    conditions.equal("t.ended_by", query.endedBy);
    if (query.isAssigned !== undefined) {
      conditions.add(`t.assignee IS ${query.isAssigned ? "NOT NULL" : "NULL"}`);
    }
    const index = indexFor(query);
    if (order !== "created") conditions.add(`${at} IS NOT NULL`);
    if (index === "tandem_tasks_by_due_date") conditions.add("t.status = 'open'");
    addPlace(conditions, [at, "t.instance_id", "t.id"], query);
    addFacts(conditions, "t", query);
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

/** Tasks of somebody are found under that user's name, and others under no user's alone. */
function namesOf(audience: readonly string[], { isAssigned }: TaskFilter): string[] {
  const names = [...new Set(audience)];
  return isAssigned === true ? names.filter((name) => name.startsWith("user:")) : names;
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

/** What is asked of a task and stands beside its audience, too. */
function addFacts(conditions: Conditions, table: "a" | "t", query: TaskFilter): void {
  const { workflow, tenant, path, dueFrom, dueBefore, userId } = query;
  conditions.equal(`${table}.workflow`, workflow);
  conditions.equal(`${table}.tenant`, tenant);
  conditions.equal(`${table}.path`, path);
  if (dueFrom !== undefined) conditions.add(`${table}.due_at >= ?`, dueFrom);
  if (dueBefore !== undefined) conditions.add(`${table}.due_at < ?`, dueBefore);
  if (userId === undefined) return;
  const excluded = `${table}.exclude_users`;
  conditions.add(
    `(${excluded} IS NULL
      OR NOT EXISTS (SELECT 1 FROM json_each(${excluded}) WHERE value = ?))`,
    userId,
  );
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
