import type { EpochMs } from "../../machine/index.ts";
import type { StoredTask, TaskFilter, TaskOrder, TaskPlace, TaskQuery } from "../store.ts";
import { audienceOf } from "../task-audience.ts";
import { compareTexts } from "./instance-search.ts";

export function isMeantTask(stored: StoredTask, filter: TaskFilter): boolean {
  const { task } = stored;
  const { status = "open", audience, userId, isAssigned, dueFrom, dueBefore } = filter;
  return (
    task.status === status &&
    (audience === undefined || audienceOf(task).some((name) => audience.includes(name))) &&
    (userId === undefined || !task.excludeUsers?.includes(userId)) &&
    (isAssigned ?? task.assignee !== undefined) === (task.assignee !== undefined) &&
    isWanted(filter.assignee, task.assignee) &&
    isWanted(filter.endedBy, task.endedBy) &&
    isWanted(filter.instanceId, stored.instanceId) &&
    isWanted(filter.workflow, stored.workflow) &&
    isWanted(filter.path, task.path) &&
    isWanted(filter.tenant, stored.tenant) &&
    isWanted(filter.businessKey, stored.businessKey) &&
    (dueFrom === undefined || (task.dueAt !== undefined && task.dueAt >= dueFrom)) &&
    (dueBefore === undefined || (task.dueAt !== undefined && task.dueAt < dueBefore))
  );
}

function isWanted(wanted: string | undefined, found: string | undefined): boolean {
  return wanted === undefined || wanted === found;
}

export function orderTasks(tasks: readonly StoredTask[], query: TaskQuery): StoredTask[] {
  const { order = "created", limit, after } = query;
  const direction = order === "ended" ? -1 : 1;
  const places = tasks.flatMap((stored) => {
    const at = momentOf(stored, order);
    return at === undefined ? [] : [{ at, stored, ...placeOf(stored) }];
  });
  const compare = (a: TaskPlace, b: TaskPlace) => direction * comparePlaces(a, b);
  return places
    .filter((place) => after === undefined || compare(place, after) > 0)
    .sort(compare)
    .slice(0, limit)
    .map(({ stored }) => stored);
}

function placeOf({ instanceId, task }: StoredTask): Omit<TaskPlace, "at"> {
  return { instanceId, taskId: task.id };
}

function momentOf({ task }: StoredTask, order: TaskOrder): EpochMs | undefined {
  if (order === "created") return task.createdAt;
  return order === "due" ? task.dueAt : task.endedAt;
}

function comparePlaces(a: TaskPlace, b: TaskPlace): number {
  return (
    a.at - b.at || compareTexts(a.instanceId, b.instanceId) || compareTexts(a.taskId, b.taskId)
  );
}
