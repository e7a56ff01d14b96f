import type { ListTasksOptions } from "../../engine/task-inbox.ts";
import type { HumanTask } from "../../engine/tasks.ts";
import { UnknownTaskError } from "../../errors.ts";
import type { Call, Handlers, Surroundings } from "../call.ts";
import { actorOf, type HttpActor } from "../instance-access.ts";
import type { OperationId } from "../paths.ts";
import { patienceOf, within } from "../patience.ts";
import type { Action, Permission } from "../permission.ts";
import type { Shape } from "../schemas/index.ts";
import { readMoment } from "../show.ts";
import { showTask, showTaskSummary } from "../show-task.ts";
import { allowedTaskActions } from "../task-actions.ts";
import { usualPatienceMs } from "./instance-changes.ts";
import { paged, showEntry } from "./instances.ts";

/** No number of tasks is counted further. */
const mostCounted = 1000;

export const taskHandlers: Handlers<
  | "listTasks"
  | "countTasks"
  | "getTask"
  | "listTaskHistory"
  | "claimTask"
  | "releaseTask"
  | "reassignTask"
  | "delegateTask"
  | "commentOnTask"
  | "completeTask"
> = {
  async listTasks({ engine, permission, query }) {
    const { limit, cursor, order, ...given } = query;
    const filter = await filterOf(permission, given);
    const page = await engine.tasks.list({
      ...filter,
      ...(order !== undefined && { order }),
      ...paged({ limit, cursor }),
    });
    const visible = await readable(permission, page.items);
    return { json: { items: visible.map(showTaskSummary), next: page.next } };
  },

  async countTasks({ engine, clock, permission, query }) {
    const filter = await filterOf(permission, query);
    const { user } = permission.principal;
    const count = (more: Partial<ListTasksOptions>) =>
      countVisible(engine, permission, { ...filter, ...more });
    const nobody = user === undefined || (filter.assignee ?? user) !== user;
    const dueBefore = Math.min(clock.now(), filter.dueBefore ?? Number.POSITIVE_INFINITY);
    const [open, assigned, available, overdue] = await Promise.all([
      count({}),
      nobody ? 0 : count({ assignee: user }),
      count({ isAssigned: false }),
      count({ dueBefore }),
    ]);
    return { json: { open, assigned, available, overdue, atMost: mostCounted } };
  },

  async getTask(call) {
    return shown(call, await readTask(call));
  },

  async listTaskHistory(call) {
    const { id, instanceId } = await readTask(call);
    const options = { taskId: id, ...paged(call.query) };
    const page = await call.engine.instances.history(instanceId, options);
    const items = page.items.map((entry) => showEntry(instanceId, entry));
    return { json: { items, next: page.next } };
  },

  async claimTask(call) {
    const chosen = await chosenFor(call, "task.claim");
    return shown(call, await call.engine.tasks.claim(chosen));
  },

  async releaseTask(call) {
    const chosen = await chosenFor(call, "task.release");
    return shown(call, await call.engine.tasks.release(chosen));
  },

  async reassignTask(call) {
    const chosen = await chosenFor(call, "task.reassign");
    return shown(call, await call.engine.tasks.reassign({ ...chosen, to: call.body.to }));
  },

  async delegateTask(call) {
    const chosen = await chosenFor(call, "task.delegate");
    return shown(call, await call.engine.tasks.delegate({ ...chosen, to: call.body.to }));
  },

  async commentOnTask(call) {
    const chosen = await chosenFor(call, "task.comment");
    return shown(call, await call.engine.tasks.comment({ ...chosen, text: call.body.text }));
  },

  async completeTask(call) {
    const { engine, clock, request, body } = call;
    const chosen = await chosenFor(call, "task.complete");
    const done = engine.completeHumanTask({ ...chosen, data: body.data });
    const settled = await within(done, patienceOf(request, usualPatienceMs), clock);
    const task = await engine.tasks.get(chosen.taskId);
    return { ...(await shown(call, task)), ...(settled === undefined && { status: 202 }) };
  },
};

interface Asked extends Surroundings {
  readonly permission: Permission;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * The task that the address names.
 *
 * @throws UnknownTaskError, alike for one that does not exist and one that is not for them.
 */
async function readTask({ engine, permission, params }: Asked): Promise<HumanTask> {
  const taskId = `${params.instanceId}/${params.taskId}`;
  const task = await tryRead(engine, taskId);
  if (task !== undefined && permission.sees(task.tenant)) {
    if (await permission.may("task.read", { type: "task", task })) return task;
  }
  throw new UnknownTaskError(`There is no task ${JSON.stringify(taskId)}.`);
}

/** Who may see it is judged here, alike for tasks of every state. */
async function tryRead(
  engine: Surroundings["engine"],
  taskId: string,
): Promise<HumanTask | undefined> {
  try {
    return await engine.tasks.get(taskId);
  } catch (error) {
    const code: unknown = Reflect.get(Object(error), "code");
    if (code === "UNKNOWN_TASK" || code === "UNKNOWN_INSTANCE" || code === "INVALID_ARGUMENT") {
      return undefined;
    }
    throw error;
  }
}

/** Which task is meant and who acts, as the engine's calls take it. */
async function chosenFor(
  call: Asked & { readonly body: Shape<"TaskRequest"> },
  action: Action,
): Promise<HttpActor & { readonly taskId: string }> {
  const task = await readTask(call);
  await call.permission.require(action, { type: "task", task });
  return { taskId: task.id, ...actorOf(call, call.body.onBehalfOf) };
}

async function shown({ permission }: Call<OperationId>, task: HumanTask) {
  return { json: showTask(task, await allowedTaskActions(permission, task)) };
}

async function filterOf(
  permission: Permission,
  given: Call<"countTasks">["query"],
): Promise<ListTasksOptions> {
  const { scope = "mine", assigned, tenant, dueFrom, dueBefore, ...same } = given;
  const { user, groups = [] } = permission.principal;
  if (scope === "all") await permission.require("task.list", { type: "all" });
  return {
    ...dropUndefined({
      ...same,
      isAssigned: assigned,
      tenant: permission.tenantFor(tenant),
      dueFrom: readMoment(dueFrom),
      dueBefore: readMoment(dueBefore),
    }),
    ...(scope === "mine" && { groups, ...(user !== undefined && { userId: user }) }),
  };
}

type Dropped<Value> = { [Key in keyof Value]?: Exclude<Value[Key], undefined> };

function dropUndefined<Value extends object>(value: Value): Dropped<Value> {
  return Object.fromEntries(
    Object.entries(value).filter(([, inner]) => inner !== undefined),
  ) as Dropped<Value>;
}

async function readable(permission: Permission, tasks: readonly HumanTask[]): Promise<HumanTask[]> {
  const seen = tasks.filter(({ tenant }) => permission.sees(tenant));
  if (!permission.isCustom) return seen;
  const answers = await Promise.all(
    seen.map((task) => permission.may("task.read", { type: "task", task })),
  );
  return seen.filter((_task, index) => answers[index]);
}

/** Where tasks have to be judged one by one, they are read. */
async function countVisible(
  engine: Surroundings["engine"],
  permission: Permission,
  filter: ListTasksOptions,
): Promise<number> {
  const isWhole = filter.tenant !== undefined || permission.isAdmin;
  if (isWhole && !permission.isCustom) {
    return engine.tasks.count(filter, { atMost: mostCounted });
  }
  const page = await engine.tasks.list({ ...filter, limit: mostCounted });
  return (await readable(permission, page.items)).length;
}
