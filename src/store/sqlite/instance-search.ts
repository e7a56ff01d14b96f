import type { DatabaseSync } from "node:sqlite";
import type { WorkflowStatus } from "../../machine/index.ts";
import type { InstanceCount, InstanceFilter, InstanceQuery, InstanceSummary } from "../store.ts";
import { compareTexts } from "./columns.ts";
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
    const { statuses, limit } = query;
    if (statuses?.length === 0) return [];
    const { source, conditions } = sourceOf(query);
    if (source === liveOnes) return this.#listLive(query, statuses ?? []);
    const order = inOrder(conditions, query);
    const rows = this.#queries.objects(
      `SELECT ${summaryColumns} FROM ${source} WHERE ${conditions} ${order}`,
      [...conditions.values, limit],
    );
    return (rows as unknown as SummaryRow[]).map(toSummary);
  }

  /** Each owner's instances of each status are read as far as the page can reach, and merged. */
  #listLive(query: InstanceQuery, statuses: readonly WorkflowStatus[]): InstanceSummary[] {
    const { newestFirst, limit } = query;
    const owners = this.#queries.rows(allOwners, []).map(([owner]) => owner ?? null);
    const found = owners.flatMap((owner) =>
      [...new Set(statuses)].flatMap((status) => {
        const conditions = new Conditions();
        conditions.add(`${isLive} AND i.owner IS ?`, owner);
        addFacts(conditions, { ...query, statuses: undefined });
        conditions.equal("i.status", status);
        const order = inOrder(conditions, query);
        return this.#queries.rows(
          `SELECT i.started_at, i.id, i.number FROM ${liveOnes} WHERE ${conditions} ${order}`,
          [...conditions.values, limit],
        ) as unknown as LivePlace[];
      }),
    );
    const direction = newestFirst ? -1 : 1;
    return found
      .sort((a, b) => direction * (a[0] - b[0] || compareTexts(a[1], b[1])))
      .slice(0, limit)
      .map(([, , number]) => {
        const sql = `SELECT ${summaryColumns} FROM tandem_instances i WHERE i.number = ?`;
        return toSummary(this.#queries.objects(sql, [number])[0] as unknown as SummaryRow);
      });
  }

  count(filter: InstanceFilter): InstanceCount[] {
    if (filter.statuses?.length === 0) return [];
    const { source, values } = countedOf(filter);
    const rows = this.#queries.rows(
      `SELECT workflow, workflow_version, status, count(*), min(started_at)
       FROM (${source}) AS found
       GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
      values,
    ) as unknown as CountRow[];
    return rows.map(([workflow, version, status, count, oldestStartedAt]) => ({
      ...{ workflow, version, status, count, oldestStartedAt },
    }));
  }
}

const liveOnes = "tandem_instances i INDEXED BY tandem_instances_live";

/** NULL, and the workers that own something: goes from owner to owner. */
const allOwners = `
  WITH RECURSIVE owners (id) AS (
    SELECT min(owner) FROM tandem_instances WHERE owner IS NOT NULL
    UNION ALL
    SELECT (SELECT min(owner) FROM tandem_instances WHERE owner > owners.id)
    FROM owners WHERE owners.id IS NOT NULL
  )
  SELECT id FROM owners WHERE id IS NOT NULL UNION ALL SELECT NULL
`;

type LivePlace = readonly [startedAt: number, id: string, number: number];

/** Adds where the page begins; gives how it goes on, with the limit as a parameter. */
function inOrder(conditions: Conditions, { newestFirst, after }: InstanceQuery): string {
  if (after !== undefined) {
    const isLater = newestFirst ? "<" : ">";
    conditions.add(`(i.started_at, i.id) ${isLater} (?, ?)`, after.startedAt, after.instanceId);
  }
  const direction = newestFirst ? "DESC" : "ASC";
  return `ORDER BY i.started_at ${direction}, i.id ${direction} LIMIT ?`;
}

type CountRow = readonly [
  workflow: string,
  version: string,
  status: WorkflowStatus,
  count: number,
  oldestStartedAt: number,
];

const countedFacts = "i.workflow, i.workflow_version, i.status, i.started_at";

/**
 * What is counted. Two indexes have all that most questions are about, and are much smaller than
 * the table: of what goes on, and of what has ended.
 */
function countedOf(filter: InstanceFilter) {
  const { businessKey, tenant, user, tags, parentId } = filter;
  const isNarrow = [businessKey, tenant, user, parentId].some((value) => value !== undefined);
  if (isNarrow || (tags !== undefined && tags.length > 0)) {
    const { source, conditions } = sourceOf(filter);
    const found = `SELECT ${countedFacts} FROM ${source} WHERE ${conditions}`;
    return { source: found, values: conditions.values };
  }
  const conditions = new Conditions();
  addFacts(conditions, filter);
  const source = `
    SELECT ${countedFacts} FROM ${liveOnes}
    WHERE ${isLive} AND ${goesOn} AND ${conditions}
    UNION ALL
    SELECT ${countedFacts} FROM tandem_instances i INDEXED BY tandem_instances_ended
    WHERE ${hasEnded} AND ${conditions}
  `;
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
  if (statuses?.every((status) => live.includes(status))) return found("live");
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
