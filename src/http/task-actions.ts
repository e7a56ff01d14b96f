import type { HumanTask } from "../engine/tasks.ts";
import type { Permission } from "./permission.ts";
import type { Shape } from "./schemas/index.ts";

type TaskAction = Shape<"TaskAction">;

/**
 * What somebody may do with a task that they see, as far as this can be known beforehand: the
 * engine judges again, in the transaction in which it is done.
 */
export async function allowedTaskActions(
  permission: Permission,
  task: HumanTask,
): Promise<TaskAction[]> {
  const resource = { type: "task", task } as const;
  const answers = await Promise.all(
    candidates(permission, task).map(async (action) =>
      (await permission.may(`task.${action}`, resource)) ? [action] : [],
    ),
  );
  return answers.flat();
}

function candidates(permission: Permission, task: HumanTask): TaskAction[] {
  if (task.status !== "open") return [];
  const { isAdmin, principal } = permission;
  const { user } = principal;
  const { assignee, claimedAt, excludeUsers } = task;
  const isExcluded = user !== undefined && excludeUsers?.includes(user) === true;
  const isMine = user !== undefined && assignee === user;
  const isFree = assignee === undefined;
  const mayDo = !isExcluded && (isMine || isFree || isAdmin);
  const actions: readonly (readonly [TaskAction, boolean])[] = [
    ["claim", isFree && user !== undefined && !isExcluded],
    ["release", claimedAt !== undefined && (isMine || isAdmin)],
    ["reassign", isMine || isAdmin],
    ["delegate", (isMine || isAdmin) && !isFree],
    ["comment", true],
    ["complete", mayDo],
  ];
  return actions.filter(([, isPossible]) => isPossible).map(([action]) => action);
}
