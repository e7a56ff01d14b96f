import type { LocalExecutionEngine } from "../engine/local-execution-engine.ts";
import { InvalidRequestError } from "../errors.ts";
import type { InstanceCount, InstanceFilter, InstanceSummary } from "../store/store.ts";
import type { Permission } from "./permission.ts";
import type { Shape } from "./schemas/index.ts";
import { readMoment } from "./show.ts";

type GivenFilter = NonNullable<Shape<"BulkRequest">["filter"]>;

/** A filter as the engine takes it, with the tenant that may be looked at. */
export function instanceFilterOf(permission: Permission, given: GivenFilter): InstanceFilter {
  const { status, tag, tenant, startedFrom, startedBefore, ...same } = given;
  return {
    ...same,
    tenant: permission.tenantFor(tenant),
    statuses: status,
    tags: tag,
    startedFrom: readMoment(startedFrom),
    startedBefore: readMoment(startedBefore),
  };
}

/** The same for lists: who may not see others' instances sees their own; undefined for none. */
export async function listFilterOf(
  permission: Permission,
  given: GivenFilter,
): Promise<InstanceFilter | undefined> {
  const filter = instanceFilterOf(permission, given);
  if (await permission.may("instance.list", { type: "all" })) return filter;
  const { user } = permission.principal;
  if (user === undefined || (filter.user !== undefined && filter.user !== user)) return undefined;
  return { ...filter, user };
}

/** Those that may be read one by one. */
export async function readableInstances(
  permission: Permission,
  instances: readonly InstanceSummary[],
): Promise<InstanceSummary[]> {
  const seen = instances.filter(({ tenant }) => permission.sees(tenant));
  if (!permission.isCustom) return seen;
  const answers = await Promise.all(
    seen.map((instance) => permission.may("instance.read", { type: "instance", instance })),
  );
  return seen.filter((_instance, index) => answers[index]);
}

/** How many are looked at, at most, where they have to be judged one by one. */
const mostJudged = 10_000;

/** By workflow, version and status; only what may be seen counts. */
export async function countInstances(
  engine: LocalExecutionEngine,
  permission: Permission,
  filter: InstanceFilter,
): Promise<readonly InstanceCount[]> {
  const isWhole = filter.tenant !== undefined || permission.isAdmin;
  if (isWhole && !permission.isCustom) return engine.instances.count(filter);
  const counts = new Map<string, InstanceCount>();
  let cursor: string | undefined;
  for (let judged = 0; judged < mostJudged; judged += 1000) {
    const options = { ...filter, limit: 1000, ...(cursor !== undefined && { cursor }) };
    const page = await engine.instances.list(options);
    for (const instance of await readableInstances(permission, page.items)) tally(counts, instance);
    cursor = page.next;
    if (cursor === undefined) break;
  }
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, count]) => count);
}

function tally(counts: Map<string, InstanceCount>, instance: InstanceSummary): void {
  const { workflow, version, status, startedAt } = instance;
  const key = JSON.stringify([workflow, version, status]);
  const known = counts.get(key);
  const oldestStartedAt = Math.min(known?.oldestStartedAt ?? startedAt, startedAt);
  const count = (known?.count ?? 0) + 1;
  counts.set(key, { workflow, version, status, count, oldestStartedAt });
}

/** The cursor of a list that is numbered without gaps. */
export function readNumber(cursor: string): number {
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor);
  throw new InvalidRequestError(
    `cursor is ${JSON.stringify(cursor)}; give the "next" of the page before, as it was.`,
    [{ field: "cursor", message: "is not of this list" }],
  );
}
