import type { DatabaseSync } from "node:sqlite";
import type { WorkflowStatus } from "../../machine/index.ts";
import type { InstanceCount, InstanceFilter, InstanceQuery, InstanceSummary } from "../store.ts";
import { Conditions, hasEnded, PreparedQueries } from "./conditions.ts";
import { type SummaryRow, summaryColumns, toSummary } from "./instance-reader.ts";

/** Conditions of indexes: of what goes on or is owned, and of what went wrong. */
const goesOn = "i.status NOT IN ('completed', 'failed', 'canceled')";
const isLive = `(${goesOn} OR i.owner IS NOT NULL)`;
const hasFailed = "i.status IN ('failed', 'canceled')";

const live: readonly WorkflowStatus[] = ["pending", "running", "waiting", "paused"];
const failed: readonly WorkflowStatus[] = ["failed", "canceled"];

/** Searches instances, within a transaction of the caller. */
export class InstanceSearch {
  readonly #queries: PreparedQueries;

  constructor(database: DatabaseSync) {
    this.#queries = new PreparedQueries(database);
  }

  list(query: InstanceQuery): InstanceSummary[] {
    const { newestFirst, limit, after, statuses } = query;
    if (statuses?.length === 0) return [];
    const { source, conditions } = sourceOf(query);
    if (after !== undefined) {
      const isLater = newestFirst ? "<" : ">";
      conditions.add(`(i.started_at, i.id) ${isLater} (?, ?)`, after.startedAt, after.instanceId);
    }
    const direction = newestFirst ? "DESC" : "ASC";
    const rows = this.#queries.objects(
      `SELECT ${summaryColumns} FROM ${source} WHERE ${conditions}
       ORDER BY i.started_at ${direction}, i.id ${direction} LIMIT ?`,
      [...conditions.values, limit],
    );
    return (rows as unknown as SummaryRow[]).map(toSummary);
  }

  count(filter: InstanceFilter): InstanceCount[] {
    if (filter.statuses?.length === 0) return [];
    const { source, values } = countedOf(filter);
    const rows = this.#queries.rows(
      `SELECT i.workflow, i.workflow_version, i.status, count(*), min(i.started_at) FROM ${source}
       GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
      values,
    ) as unknown as CountRow[];
    return rows.map(([workflow, version, status, count, oldestStartedAt]) => ({
      ...{ workflow, version, status, count, oldestStartedAt },
    }));
  }
}

type CountRow = readonly [
  workflow: string,
  version: string,
  status: WorkflowStatus,
  count: number,
  oldestStartedAt: number,
];

/**
 * What is counted. Two indexes have all that most questions are about, and are much smaller than
 * the table: of what goes on, and of what has ended.
 */
function countedOf(filter: InstanceFilter) {
  const { businessKey, tenant, user, tags, parentId } = filter;
  const isNarrow = [businessKey, tenant, user, parentId].some((value) => value !== undefined);
  if (isNarrow || (tags !== undefined && tags.length > 0)) {
    const { source, conditions } = sourceOf(filter);
    return { source: `${source} WHERE ${conditions}`, values: conditions.values };
  }
  const facts = "i.workflow, i.workflow_version, i.status, i.started_at";
  const conditions = new Conditions();
  addFacts(conditions, filter);
  const source = `(
    SELECT ${facts} FROM tandem_instances i INDEXED BY tandem_instances_live
    WHERE ${isLive} AND ${goesOn} AND ${conditions}
    UNION ALL
    SELECT ${facts} FROM tandem_instances i INDEXED BY tandem_instances_ended
    WHERE ${hasEnded} AND ${conditions}
  ) AS i`;
  return { source, values: [...conditions.values, ...conditions.values] };
}

/** Where the instances of a filter are found, by whatever narrows them down most. */
function sourceOf(filter: InstanceFilter): { source: string; conditions: Conditions } {
  const { businessKey, tenant, user, tags = [], parentId, statuses } = filter;
  const conditions = new Conditions();
  conditions.equal("i.parent_instance_id", parentId);
  conditions.equal("i.business_key", businessKey);
  conditions.equal("i.user_id", user);
  conditions.equal("i.tenant", tenant);
  addFacts(conditions, filter);
  const by = (index: string) => `tandem_instances i INDEXED BY tandem_instances_${index}`;
  const found = (index: string) => {
    addTags(conditions, tags);
    return { source: by(index), conditions };
  };
  if (parentId !== undefined) return found("by_parent");
  if (businessKey !== undefined) return found("by_business_key");
  const [tag, ...others] = tags;
  if (tag !== undefined) {
    conditions.add("g.tag = ?", tag);
    addTags(conditions, others);
    const source = "tandem_instance_tags g CROSS JOIN tandem_instances i ON i.id = g.instance_id";
    return { source, conditions };
  }
  if (user !== undefined) return found("by_user");
  if (statuses?.every((status) => failed.includes(status))) {
    conditions.add(hasFailed);
    return found("failed");
  }
  if (tenant !== undefined) return found("by_tenant");
  if (statuses?.every((status) => live.includes(status))) {
    conditions.add(isLive);
    return found("live");
  }
  return found("by_start");
}

function addFacts(conditions: Conditions, filter: InstanceFilter): void {
  const { workflow, version, statuses, startedFrom, startedBefore } = filter;
  conditions.equal("i.workflow", workflow);
  conditions.equal("i.workflow_version", version);
  if (statuses !== undefined) {
    conditions.add(`i.status IN (${statuses.map(() => "?").join(", ")})`, ...statuses);
  }
  if (startedFrom !== undefined) conditions.add("i.started_at >= ?", startedFrom);
  if (startedBefore !== undefined) conditions.add("i.started_at < ?", startedBefore);
}

function addTags(conditions: Conditions, tags: readonly string[]): void {
  for (const tag of tags) {
    conditions.add(
      `EXISTS (
        SELECT 1 FROM tandem_instance_tags o
        WHERE o.tag = ? AND o.started_at = i.started_at AND o.instance_id = i.id
      )`,
      tag,
    );
  }
}
