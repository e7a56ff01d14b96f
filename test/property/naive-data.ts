import type { ConditionSpec, Data, Json, Writes } from "./definition-spec.ts";
import type { Execution } from "./naive-execution.ts";
import { contributors, writesOf } from "./naive-groups.ts";
import type { NaiveInstance } from "./naive-instance.ts";

/** What is written, and who sees it. */

/** Whatever is visible at once: with reducers, keys combine instead of being replaced. */
export function commit(instance: NaiveInstance, writes: Writes): void {
  instance.data = withWrites(instance, instance.data, writes);
}

function withWrites(instance: NaiveInstance, data: Data, writes: Writes): Data {
  const after = new Map(Object.entries(data));
  for (const [key, value] of writes) {
    after.set(key, reduce(instance.spec.reducers[key], after.get(key), value));
  }
  return Object.fromEntries(after);
}

/** What a group sees when it starts: around it, and before it in groups that go one by one. */
export function visibleData(instance: NaiveInstance, execution: Execution): Data {
  const { group } = execution;
  if (!group) return instance.data;
  const around = visibleData(instance, group);
  const members = group.members ?? [];
  if (group.callback?.execution === execution) {
    return withWrites(instance, around, writesOf(contributors(group)));
  }
  if (group.node.kind === "interleaved")
    return withWrites(instance, around, writesOf(contributors(group)));
  if (group.node.kind !== "sequential") return around;
  const place = members.findIndex((member) => member.execution === execution);
  return withWrites(instance, around, writesOf(members.slice(0, place)));
}

export function holds(instance: NaiveInstance, condition: ConditionSpec): boolean | "failed" {
  if (condition === "throws") return "failed";
  if ("key" in condition) return instance.data[condition.key] === condition.equals;
  return visibleResult(instance, condition.resultOf) === condition.equals;
}

/** Of the latest success of a node of the definition, or of a member that contributed to it. */
function visibleResult(instance: NaiveInstance, path: string): Json | undefined {
  const isVisible = (execution: Execution): boolean => {
    const { status, group } = execution;
    if (status !== "succeeded") return false;
    return group ? isVisible(group) && contributes(execution, group) : isLatest(execution);
  };
  const isLatest = (execution: Execution): boolean =>
    !instance.executions.some(
      (other) =>
        other.path === execution.path &&
        other.status === "succeeded" &&
        !other.undoes &&
        other.ended > execution.ended,
    );
  return instance.executions.find((one) => one.path === path && !one.undoes && isVisible(one))
    ?.result;
}

const contributes = (execution: Execution, group: Execution): boolean =>
  group.callback?.execution === execution ||
  contributors(group).some((member) => member.execution === execution);

function reduce(
  reducer: "append" | "merge" | "sum" | undefined,
  old: Json | undefined,
  value: Json,
): Json {
  if (reducer === "append") {
    return [...((old as Json[]) ?? []), ...(Array.isArray(value) ? value : [value])];
  }
  if (old === undefined || reducer === undefined) return value;
  if (reducer === "sum") return (old as number) + (value as number);
  return { ...(old as object), ...(value as object) } as Json;
}
