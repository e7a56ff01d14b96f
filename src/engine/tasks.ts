import { AmbiguousTaskError, InvalidArgumentError, UnknownTaskError } from "../errors.ts";
import type { TaskRecord } from "../machine/index.ts";
import type { TaskQuery } from "../store/store.ts";
import { audienceNames } from "../store/task-audience.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import type { HumanTask } from "./workflow-instance.ts";

/** Which task is meant, and who acts. */
export interface CompleteTaskOptions {
  readonly instanceId: string;
  /** The path of the step, or its name if only one open task has it. */
  readonly stepName?: string;
  readonly taskId?: string;
  readonly userId?: string;
  /** The groups of the user, as the application knows them. */
  readonly groups?: readonly string[];
  /** The user acts as an administrator. */
  readonly admin?: boolean;
  readonly data?: unknown;
}

/** Which tasks are listed. */
export interface ListTasksOptions {
  /** Only tasks that this user may complete. */
  readonly userId?: string;
  /** Only tasks that members of these groups may complete; the user's own, if there is a user. */
  readonly groups?: readonly string[];
  /** At most so many: 1000 unless told. */
  readonly limit?: number;
  /** The tasks that come after this one: the last of the page before. */
  readonly after?: Pick<HumanTask, "createdAt" | "instanceId" | "id">;
}

/** @throws InvalidArgumentError if the limit is not a whole number of at least 1. */
export function taskQuery({ userId, groups, limit = 1000, after }: ListTasksOptions): TaskQuery {
  if (!Number.isInteger(limit) || limit < 1) {
    throw new InvalidArgumentError(
      `The limit of listTasks is ${limit}; it must be a whole number of at least 1.`,
    );
  }
  const isForSomebody = userId !== undefined || groups !== undefined;
  return {
    audience: isForSomebody ? audienceNames(userId, groups ?? []) : undefined,
    userId,
    limit,
    after:
      after === undefined
        ? undefined
        : {
            at: after.createdAt,
            instanceId: after.instanceId,
            taskId: after.id.slice(after.instanceId.length + 1),
          },
  };
}

/** The task that is meant; one that is gone only if no open one has the name. */
export function findTask(runtime: InstanceRuntime, options: CompleteTaskOptions): TaskRecord {
  const { stepName, taskId } = options;
  const tasks = [...(runtime.state.tasks?.values() ?? [])];
  if (taskId !== undefined) {
    const task = tasks.find(({ id }) => `${runtime.id}/${id}` === taskId || id === taskId);
    if (task !== undefined) return task;
    throw new UnknownTaskError(`Instance "${runtime.id}" has no task "${taskId}".`);
  }
  if (stepName === undefined) {
    throw new InvalidArgumentError(
      "Say which task: completeHumanTask needs a stepName or a taskId.",
    );
  }
  const named = tasks.filter(({ path }) => path === stepName || nameAt(path) === stepName);
  const open = named.filter(({ status }) => status === "open");
  const exact = open.find(({ path }) => path === stepName);
  if (open.length > 1 && exact === undefined) {
    const paths = open.map(({ path }) => path).join(", ");
    throw new AmbiguousTaskError(
      `Instance "${runtime.id}" has ${open.length} open tasks named "${stepName}": ${paths}.`,
    );
  }
  const task = exact ?? open[0] ?? named.at(-1);
  if (task !== undefined) return task;
  const others = tasks.filter(({ status }) => status === "open").map(({ path }) => path);
  throw new UnknownTaskError(
    `Instance "${runtime.id}" has no task for "${stepName}" ` +
      `(open tasks: ${others.join(", ") || "none"}).`,
  );
}

/** The name at the end of a path, without the number of a map's item. */
function nameAt(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1).replace(/\[\d+\]$/, "");
}

export function showTask(task: TaskRecord, instanceId: string, workflow: string): HumanTask {
  const { executionId: _execution, ...shown } = task;
  return { ...shown, id: `${instanceId}/${task.id}`, instanceId, workflow } as HumanTask;
}
