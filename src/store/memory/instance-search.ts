import type { InstanceRecord } from "../../machine/index.ts";
import type { InstanceCount, InstanceFilter, InstanceQuery, InstanceSummary } from "../store.ts";

export function isMeantInstance(instance: InstanceRecord, filter: InstanceFilter): boolean {
  const { statuses, tags, startedFrom, startedBefore, parentId } = filter;
  return (
    (filter.workflow ?? instance.workflow) === instance.workflow &&
    (filter.version ?? instance.version) === instance.version &&
    (statuses === undefined || statuses.includes(instance.status)) &&
    (filter.businessKey ?? instance.businessKey) === instance.businessKey &&
    (filter.tenant ?? instance.tenant) === instance.tenant &&
    (filter.user ?? instance.user) === instance.user &&
    (tags === undefined || tags.every((tag) => instance.tags.includes(tag))) &&
    (startedFrom === undefined || instance.startedAt >= startedFrom) &&
    (startedBefore === undefined || instance.startedAt < startedBefore) &&
    (parentId === undefined || instance.parent?.instanceId === parentId)
  );
}

export function listSummaries(
  instances: readonly InstanceRecord[],
  { newestFirst, limit, after }: InstanceQuery,
): InstanceSummary[] {
  const direction = newestFirst ? -1 : 1;
  const isLater = ({ id, startedAt }: InstanceRecord) =>
    after === undefined ||
    direction * (startedAt - after.startedAt || compareTexts(id, after.instanceId)) > 0;
  return instances
    .filter(isLater)
    .sort((a, b) => direction * (a.startedAt - b.startedAt || compareTexts(a.id, b.id)))
    .slice(0, limit)
    .map(({ initialData: _data, ...summary }) => summary);
}

export function countByStatus(instances: readonly InstanceRecord[]): InstanceCount[] {
  const counts = new Map<string, InstanceCount>();
  for (const { workflow, version, status, startedAt } of instances) {
    const key = JSON.stringify([workflow, version, status]);
    const { count = 0, oldestStartedAt = startedAt } = counts.get(key) ?? {};
    const oldest = Math.min(oldestStartedAt, startedAt);
    counts.set(key, { workflow, version, status, count: count + 1, oldestStartedAt: oldest });
  }
  return [...counts.values()].sort(
    (a, b) =>
      compareTexts(a.workflow, b.workflow) ||
      compareTexts(a.version, b.version) ||
      compareTexts(a.status, b.status),
  );
}

/** By UTF-16 code units. */
export function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
