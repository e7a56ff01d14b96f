import { escapeLiteral } from "pg";
import type { WorkflowStatus } from "../../machine/index.ts";
import type {
  InstanceCount,
  InstanceFilter,
  InstanceQuery,
  InstanceSummary,
  RetentionQuery,
} from "../store.ts";
import type { Database, TextRow } from "./database.ts";
import { allOf, isText, isWithin, textArray, workflowsIn } from "./query-text.ts";
import { summaryColumns, toSummary } from "./rows.ts";

// Instances are found as tasks are (`task-queries.ts`): in lists of one workflow and status and, if
// there are tenants or users, of one tenant or user. Those of a business key, those with tags and
// the children of an instance are few, and are found by themselves.

const statuses: readonly WorkflowStatus[] = [
  ...(["pending", "running", "waiting", "paused", "completed", "failed", "canceled"] as const),
];

/** An index of tags is read as a whole: as a bitmap. */
const prelude = "SET LOCAL enable_bitmapscan TO on";

export async function listInstances(
  database: Database,
  query: InstanceQuery,
): Promise<readonly InstanceSummary[]> {
  const { newestFirst, limit, after } = query;
  const direction = newestFirst ? "DESC" : "ASC";
  const isOnPage =
    after === undefined
      ? []
      : [
          `(x.started_at, x.id) ${newestFirst ? "<" : ">"}
            (${Number(after.startedAt)}, ${escapeLiteral(after.instanceId)})`,
        ];
  const end = `ORDER BY x.started_at ${direction}, x.id ${direction} LIMIT ${Number(limit)}`;
  const found = instancesOf(query, "x.started_at, x.id", isOnPage, end);
  const columns = summaryColumns.split(", ").map((name) => (name === "NULL" ? name : `i.${name}`));
  const rows = await readInstances(
    database,
    query,
    `SELECT ${columns.join(", ")} FROM (SELECT x.* FROM (${found}) AS x ${end}) AS x
    CROSS JOIN LATERAL (SELECT * FROM tandem_instances WHERE id = x.id OFFSET 0) AS i
    ORDER BY x.started_at ${direction}, x.id ${direction}`,
  );
  return rows.map(toSummary);
}

export async function countInstances(
  database: Database,
  filter: InstanceFilter,
): Promise<readonly InstanceCount[]> {
  const counted = "x.workflow, x.workflow_version, x.status, x.started_at";
  // OFFSET keeps the planner from another order of the joins.
  const found = instancesOf(filter, counted, [], "OFFSET 0");
  const rows = await readInstances(
    database,
    filter,
    `SELECT x.workflow, x.workflow_version, x.status, count(*), min(x.started_at)
    FROM (${found}) AS x GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  );
  return rows.map(([workflow, version, status, count, oldest]) => ({
    workflow: workflow ?? "",
    version: version ?? "",
    status: status as WorkflowStatus,
    count: Number(count),
    oldestStartedAt: Number(oldest),
  }));
}

async function readInstances(
  database: Database,
  filter: InstanceFilter,
  statement: string,
): Promise<readonly TextRow[]> {
  const [first = [], second = []] = isTagged(filter)
    ? await database.read(prelude, statement)
    : await database.read(statement);
  return isTagged(filter) ? second : first;
}

/** Whether tags are the best that is known of the instances. */
function isTagged({ tags = [], parentId, businessKey }: InstanceFilter): boolean {
  return tags.length > 0 && parentId === undefined && businessKey === undefined;
}

function instancesOf(
  filter: InstanceFilter,
  columns: string,
  isOnPage: readonly string[],
  end: string,
): string {
  const { parentId, businessKey, tags = [], startedFrom, startedBefore } = filter;
  const isMeant = [
    ...isText("x.parent_instance_id", parentId),
    ...isText("x.business_key", businessKey),
    ...isText("x.user_id", filter.user),
    ...isText("x.tenant", filter.tenant),
    ...isText("x.workflow_version", filter.version),
    ...isWithin("x.started_at", startedFrom, startedBefore),
    ...(tags.length === 0 ? [] : [`x.tags @> ${jsonText(tags)}`]),
    ...isOnPage,
  ];
  if (parentId !== undefined || businessKey !== undefined || tags.length > 0) {
    const isOne = filter.statuses && [`x.status = ANY (${textArray(filter.statuses)})`];
    const conditions = [...isMeant, ...isText("x.workflow", filter.workflow), ...(isOne ?? [])];
    return `SELECT ${columns} FROM tandem_instances AS x WHERE ${allOf(conditions)} ${end}`;
  }
  const key = [...isText("x.user_id", filter.user), ...isText("x.tenant", filter.tenant)];
  return fromLists(filter, statuses, key, columns, isMeant, end);
}

/** So many of each list of a workflow and a status. */
function fromLists(
  filter: Pick<InstanceFilter, "workflow" | "statuses">,
  possible: readonly WorkflowStatus[],
  key: readonly string[],
  columns: string,
  isMeant: readonly string[],
  end: string,
): string {
  const { workflow } = filter;
  const wanted = possible.filter((status) => filter.statuses?.includes(status) ?? true);
  const workflows =
    workflow === undefined
      ? workflowsIn("tandem_instances", key)
      : `(SELECT ${escapeLiteral(workflow)}::text COLLATE "C" AS workflow)`;
  const conditions = ["x.workflow = w.workflow", "x.status = s.status", ...isMeant];
  return `SELECT x.* FROM ${workflows} AS w
    CROSS JOIN unnest(${textArray(wanted)}) AS s (status)
    CROSS JOIN LATERAL (
      SELECT ${columns} FROM tandem_instances AS x WHERE ${allOf(conditions)} ${end}
    ) AS x`;
}

function jsonText(tags: readonly string[]): string {
  return `${escapeLiteral(JSON.stringify(tags.map((tag) => tag.toWellFormed())))}::jsonb`;
}

export async function removeEnded(
  database: Database,
  query: RetentionQuery,
): Promise<readonly string[]> {
  const { endedBefore, tenant, limit } = query;
  const end = `ORDER BY x.ended_at, x.id LIMIT ${Number(limit)}`;
  const isMeant = [
    ...isWithin("x.ended_at", undefined, endedBefore),
    ...isText("x.tenant", tenant),
    `NOT EXISTS (
      SELECT FROM tandem_instances AS p WHERE p.id = x.parent_instance_id AND p.ended_at IS NULL
    )`,
  ];
  const endings = ["completed", "failed", "canceled"] as const;
  const key = ["x.ended_at IS NOT NULL"];
  const found = fromLists(query, endings, key, "x.ended_at, x.id", isMeant, end);
  const [rows = []] = await database.read(`SELECT x.id FROM (${found}) AS x ${end}`);
  const ids = rows.map(([id]) => id ?? "");
  if (ids.length === 0) return [];
  const [row] = await database.query(
    "SELECT to_json(tandem_remove_ended($1, $2))",
    [ids, endedBefore],
    "tandem_remove_ended",
  );
  const removed = new Set(JSON.parse(row?.[0] ?? "[]") as readonly string[]);
  return ids.filter((id) => removed.has(id));
}
