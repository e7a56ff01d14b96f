import { escapeLiteral } from "pg";
import type { StoredTask, TaskFilter, TaskOrder, TaskQuery } from "../store.ts";
import type { Database } from "./database.ts";
import { allOf, isText, isWithin, textArray, workflowsIn } from "./query-text.ts";
import { taskColumns, toStoredTask } from "./rows.ts";

// Tasks are found in lists that indexes hold in order: a list has the open tasks that one name may
// see, or all tasks of one status, of one workflow and, if there are tenants, of one tenant. A page
// takes as many tasks of each list that is meant, and of all of them those that come first. So what
// it costs depends neither on how many tasks there are nor on how far down it is.

/**
 * When so few tasks are due in a span of time, they are sorted; when there are more, enough of them
 * are found soon by going through all in the order that is asked for.
 */
const fewDue = 2_000;

export async function listTasks(
  database: Database,
  query: TaskQuery,
): Promise<readonly StoredTask[]> {
  const { order = "created", limit } = query;
  const page = (await isBestByDueDate(database, query)) ? dueTasks(query) : pageOf(query);
  const columns = taskColumns.split(", ").map((column) => `t.${column}`);
  const places = sorted(["at", "instance_id", "id"], order);
  const [rows = []] = await database.read(
    `SELECT ${columns.join(", ")}, t.workflow, (
      SELECT i.workflow_version FROM tandem_instances AS i WHERE i.id = p.instance_id
    ), t.tenant, t.business_key
    FROM (${page} ORDER BY ${places} LIMIT ${Number(limit)}) AS p
    CROSS JOIN LATERAL (
      SELECT * FROM tandem_tasks WHERE instance_id = p.instance_id AND id = p.id OFFSET 0
    ) AS t
    ORDER BY ${sorted(["p.at", "p.instance_id", "p.id"], order)}`,
  );
  return rows.map(toStoredTask);
}

export async function countTasks(
  database: Database,
  filter: TaskFilter,
  atMost: number,
): Promise<number> {
  const order = hasDueDate(filter) ? "due" : "created";
  const page = pageOf({ ...filter, order, limit: atMost });
  const [rows = []] = await database.read(
    `SELECT count(*) FROM (SELECT FROM (${page}) AS p LIMIT ${Number(atMost)}) AS p`,
  );
  return Number(rows[0]?.[0]);
}

async function isBestByDueDate(database: Database, query: TaskQuery): Promise<boolean> {
  const { order = "created", status = "open" } = query;
  if (!hasDueDate(query) || isNarrow(query) || order === "due") return false;
  if (order === "ended" && status === "open") return false;
  return (await countTasks(database, dueOf(query), fewDue + 1)) <= fewDue;
}

function hasDueDate({ dueFrom, dueBefore }: TaskFilter): boolean {
  return dueFrom !== undefined || dueBefore !== undefined;
}

/** Whether few tasks are found by something else than their list. */
function isNarrow({ instanceId, businessKey, endedBy }: TaskFilter): boolean {
  return instanceId !== undefined || businessKey !== undefined || endedBy !== undefined;
}

/** What of a filter an index by due dates holds. */
function dueOf(filter: TaskFilter): TaskFilter {
  const { status, audience, assignee, isAssigned, workflow, tenant, dueFrom, dueBefore } = filter;
  const names = { audience, assignee, isAssigned };
  const isOpen = status === undefined || status === "open";
  return { status, workflow, tenant, dueFrom, dueBefore, ...(isOpen ? names : {}) };
}

// -------------------------------------------------------------------------------------- the lists

/** Lists of tasks that have something in common, by a moment of theirs. */
interface Lists {
  readonly table: "tandem_tasks" | "tandem_task_audience";
  /** The columns of the moment and of the task's id. */
  readonly moment: string;
  readonly id: string;
  /** What tells the lists of one workflow from others, of columns of `x`. */
  readonly key: readonly string[];
  /** The names whose lists are meant; for these, the key says `x.audience = n.name`. */
  readonly names: readonly string[] | undefined;
  /** Undefined for all of them; `mixed` if the lists are of all workflows. */
  readonly workflow: string | undefined | { readonly mixed: true };
  /** What else a task has to be, of columns of `x`. */
  readonly rest: readonly string[];
}

const moments = { created: "created_at", due: "due_at", ended: "ended_at" } as const;

/** Places (`at`, `instance_id`, `id`) among which those of the page are the first. */
function pageOf(query: TaskQuery): string {
  const { order = "created", limit, after } = query;
  const moment = moments[order];
  if (isNarrow(query)) {
    const isMeant = [...taskConditions("x", query), `x.${moment} IS NOT NULL`];
    return `SELECT x.${moment} AS at, x.instance_id, x.id FROM tandem_tasks AS x
      WHERE ${allOf([...isMeant, ...isAfter(after, order, `x.${moment}`, "x.id")])}`;
  }
  const lists = listsOf(query, order);
  const columns = [`x.${moment}`, "x.instance_id", `x.${lists.id}`] as const;
  const isOnPage = isAfter(after, order, columns[0], columns[2]);
  return takenFrom(lists, isOnPage, `ORDER BY ${sorted(columns, order)} LIMIT ${Number(limit)}`);
}

/** Places of all tasks that are due when they have to be: `fewDue` at most. */
function dueTasks(query: TaskQuery): string {
  const { order = "created", after } = query;
  const lists = { ...listsOf(query, "due"), moment: moments[order] };
  const found = takenFrom(lists, [], `ORDER BY x.due_at LIMIT ${fewDue}`);
  const isOnPage = [...isAfter(after, order, "x.at", "x.id"), "x.at IS NOT NULL"];
  return `SELECT x.* FROM (${found}) AS x WHERE ${allOf(isOnPage)}`;
}

function takenFrom(lists: Lists, isOnPage: readonly string[], end: string): string {
  const { table, moment, id, key, names, workflow, rest } = lists;
  const isMixed = typeof workflow === "object";
  const isOfWorkflow = isMixed ? [] : ["x.workflow = w.workflow"];
  const workflows = isMixed
    ? "(SELECT)"
    : workflow === undefined
      ? workflowsIn(table, key)
      : `(SELECT ${escapeLiteral(workflow)}::text COLLATE "C" AS workflow)`;
  return `SELECT ${names === undefined ? "" : "DISTINCT"} x.at, x.instance_id, x.id
    FROM unnest(${textArray(names ?? [""])}) AS n (name)
    CROSS JOIN LATERAL ${workflows} AS w
    CROSS JOIN LATERAL (
      SELECT x.${moment} AS at, x.instance_id, x.${id} AS id FROM ${table} AS x
      WHERE ${allOf([...key, ...isOfWorkflow, ...isOnPage, ...rest])} ${end}
    ) AS x`;
}

function listsOf(filter: TaskFilter, order: TaskOrder): Lists {
  const { status = "open", assignee, workflow, tenant } = filter;
  const names = namesOf(filter);
  const isOpen = status === "open";
  if (names === undefined || !isOpen || order === "ended") {
    const { workflow: _workflow, tenant: _tenant, ...others } = filter;
    const key = [...isText("x.tenant", tenant), ...isText("x.status", status)];
    return {
      ...{ table: "tandem_tasks", moment: moments[order], id: "id", workflow, names: undefined },
      key: order === "created" ? key : [...key, `x.${moments[order]} IS NOT NULL`],
      rest: taskConditions("x", others),
    };
  }
  const isMixed = order === "created" && workflow === undefined && tenant === undefined;
  const key = ["x.audience = n.name", ...isText("x.tenant", tenant)];
  const ofTask = [
    ...isText("t.path", filter.path),
    ...isText("t.assignee", assignee),
    ...assignment("t", filter.isAssigned),
  ];
  const isMeant = `EXISTS (
    SELECT FROM tandem_tasks AS t
    WHERE t.instance_id = x.instance_id AND t.id = x.task_id AND ${allOf(ofTask)} OFFSET 0
  )`;
  const rest = [...dueDate("x", filter), ...isOpenTo("x", filter.userId)];
  return {
    ...{ table: "tandem_task_audience", moment: moments[order], id: "task_id", names },
    key: order === "due" ? [...key, "x.due_at IS NOT NULL"] : key,
    workflow: isMixed ? { mixed: true } : workflow,
    rest: ofTask.length === 0 ? rest : [...rest, isMeant],
  };
}

/** The names under which the tasks stand that are meant; undefined if any name may see them. */
function namesOf({ audience, assignee, isAssigned }: TaskFilter): readonly string[] | undefined {
  if (assignee === undefined) {
    const isOfUser = (name: string) => name.startsWith("user:");
    return isAssigned === true ? audience?.filter(isOfUser) : audience;
  }
  const own = `user:${assignee}`;
  return audience === undefined || audience.includes(own) ? [own] : [];
}

// ----------------------------------------------------------------------------------- the conditions

function taskConditions(x: string, filter: TaskFilter): string[] {
  return [
    ...isText(`${x}.instance_id`, filter.instanceId),
    ...isText(`${x}.business_key`, filter.businessKey),
    ...isText(`${x}.ended_by`, filter.endedBy),
    ...isText(`${x}.status`, filter.status ?? "open"),
    ...isText(`${x}.workflow`, filter.workflow),
    ...isText(`${x}.tenant`, filter.tenant),
    ...isText(`${x}.path`, filter.path),
    ...isText(`${x}.assignee`, filter.assignee),
    ...assignment(x, filter.isAssigned),
    ...dueDate(x, filter),
    ...isOpenTo(x, filter.userId),
    ...isSeenBy(x, filter.audience),
  ];
}

function assignment(x: string, isAssigned: boolean | undefined): string[] {
  if (isAssigned === undefined) return [];
  return [`${x}.assignee IS ${isAssigned ? "NOT NULL" : "NULL"}`];
}

function dueDate(x: string, { dueFrom, dueBefore }: TaskFilter): string[] {
  return isWithin(`${x}.due_at`, dueFrom, dueBefore);
}

function isOpenTo(x: string, userId: string | undefined): string[] {
  if (userId === undefined) return [];
  const isExcluded = isListed(`${x}.exclude_users`, `e.name = ${escapeLiteral(userId)}`);
  return [`(${x}.exclude_users IS NULL OR NOT ${isExcluded})`];
}

/** Says what `audienceOf` says, of a row. */
function isSeenBy(x: string, audience: readonly string[] | undefined): string[] {
  if (audience === undefined) return [];
  const names = textArray(audience);
  const users = isListed(`${x}.candidate_users`, `'user:' || e.name = ANY (${names})`);
  const groups = isListed(`${x}.candidate_groups`, `'group:' || e.name = ANY (${names})`);
  return [
    `CASE WHEN ${x}.assignee IS NOT NULL THEN 'user:' || ${x}.assignee = ANY (${names})
    WHEN ${x}.candidate_users IS NULL AND ${x}.candidate_groups IS NULL
      THEN 'everybody' = ANY (${names})
    ELSE ${users} OR ${groups} END`,
  ];
}

/** Whether something holds of a name `e.name` in a list, which may be null. */
function isListed(list: string, isMeant: string): string {
  return `EXISTS (SELECT FROM json_array_elements_text(${list}) AS e (name) WHERE ${isMeant})`;
}

function isAfter(
  after: TaskQuery["after"],
  order: TaskOrder,
  moment: string,
  id: string,
): string[] {
  if (after === undefined) return [];
  const { at, instanceId, taskId } = after;
  const place = [Number(at), escapeLiteral(instanceId), escapeLiteral(taskId)].join(", ");
  return [`(${moment}, x.instance_id, ${id}) ${order === "ended" ? "<" : ">"} (${place})`];
}

function sorted(columns: readonly string[], order: TaskOrder): string {
  return columns.map((column) => (order === "ended" ? `${column} DESC` : column)).join(", ");
}
