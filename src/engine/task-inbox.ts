import { InvalidArgumentError } from "../errors.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import type { Actor, Command, EpochMs, TaskRecord, TaskStatus } from "../machine/index.ts";
import { refuseSight } from "../machine/permission.ts";
import type { Store, StoredTask, TaskFilter, TaskOrder } from "../store/store.ts";
import { audienceNames } from "../store/task-audience.ts";
import { checkTexts } from "../text.ts";
import { type ActorOptions, actorOf, checkGroups } from "./actor.ts";
import type { EngineCore } from "./engine-core.ts";
import { type Page, type PageOptions, pageLimit, pageOf, placeOfCursor } from "./page.ts";
import { errorOfRejection } from "./rejections.ts";
import {
  findTask,
  type HumanTask,
  instanceOf,
  showOwnTask,
  showStoredTask,
  type TaskOptions,
} from "./tasks.ts";

/** Which tasks are meant. What is left out does not matter. */
export interface TaskSearch {
  /** Only tasks that this user may act on. */
  readonly userId?: string;
  /** Only tasks that members of these groups may act on; the user's own, if there is a user. */
  readonly groups?: readonly string[];
  /** Open unless told. */
  readonly status?: TaskStatus;
  readonly assignee?: string;
  /** Only tasks that belong to somebody, or only those that nobody has. */
  readonly isAssigned?: boolean;
  /** Who completed it, or caused it to be withdrawn. */
  readonly endedBy?: string;
  readonly instanceId?: string;
  readonly workflow?: string;
  /** The path of the step. */
  readonly stepName?: string;
  readonly tenant?: string;
  readonly businessKey?: string;
  /** Only tasks that are due from this moment on, and before that one. */
  readonly dueFrom?: EpochMs;
  readonly dueBefore?: EpochMs;
}

export interface ListTasksOptions extends TaskSearch, PageOptions {
  /**
   * - `created`: those that opened first come first, unless told otherwise;
   * - `due`: those that are due first come first, without those that never are;
   * - `ended`: those that ended last come first.
   */
  readonly order?: TaskOrder;
}

const statuses = ["open", "completed", "withdrawn"];
const orders = ["created", "due", "ended"];

/** What people have to do, and what they do with it besides completing it. */
export class TaskInbox {
  readonly #core: EngineCore;
  readonly #store: Store;
  readonly #graphOf: (workflow: string, version: string) => WorkflowGraph;

  constructor(
    core: EngineCore,
    store: Store,
    graphOf: (workflow: string, version: string) => WorkflowGraph,
  ) {
    this.#core = core;
    this.#store = store;
    this.#graphOf = graphOf;
  }

  /**
   * Tasks, page by page: all of them, or those that a user, or members of groups, may act on.
   *
   * @throws InvalidArgumentError naming the option that cannot be right.
   */
  async list(options: ListTasksOptions = {}): Promise<Page<HumanTask>> {
    const { order = "created", limit: given, cursor, ...search } = options;
    const limit = pageLimit(given);
    checkChoice("order", order, orders);
    const filter = filterOf(search);
    const after = cursor === undefined ? undefined : placeIn(order, cursor);
    await this.#core.start();
    const found = await this.#store.listTasks({ ...filter, order, limit: limit + 1, after });
    const page = pageOf(found, limit, (last) => placeOf(last, order));
    const graphs = new Map<string, WorkflowGraph | undefined>();
    const items = page.items.map((stored) =>
      showStoredTask(stored, this.#graphOfTask(stored, graphs)),
    );
    return { items, next: page.next };
  }

  /** How many tasks there are, counting no further than `atMost`, 1000 unless told. */
  async count(search: TaskSearch = {}, { atMost = 1000 } = {}): Promise<number> {
    if (!Number.isSafeInteger(atMost) || atMost < 1) {
      const found = JSON.stringify(atMost);
      throw new InvalidArgumentError(`atMost is ${found}; it must be a whole number, 1 or more.`);
    }
    const filter = filterOf(search);
    await this.#core.start();
    return this.#store.countTasks(filter, atMost);
  }

  /**
   * A task, also one that is gone; for somebody, if they may see it.
   *
   * @throws UnknownInstanceError, UnknownTaskError, and NotAllowedError or TaskClaimedError if this
   *   person may not see it.
   */
  async get(taskId: string, viewer?: ActorOptions): Promise<HumanTask> {
    const actor = viewer === undefined ? undefined : actorOf(viewer);
    return this.#core.read(instanceOf({ taskId }), (runtime) => {
      const task = findTask(runtime, { taskId });
      const refusal = actor && refuseSight(task, actor);
      if (refusal !== undefined) throw errorOfRejection(refusal);
      return showOwnTask(runtime.state, task);
    });
  }

  /**
   * Takes a task for oneself: others do not see it any more. Only one claim wins. This and the
   * calls below resolve when the change is durable, with the task as it is then.
   *
   * @throws TaskClaimedError, NotAllowedError, TaskGoneError, UnknownTaskError, AmbiguousTaskError,
   *   UnknownInstanceError.
   */
  claim(options: TaskOptions): Promise<HumanTask> {
    return this.#act(options, ({ id: taskId }, actor) => ({ type: "TaskClaimed", taskId, actor }));
  }

  /** Gives back what was claimed. Errors as `claim`, and TaskNotClaimedError. */
  release(options: TaskOptions): Promise<HumanTask> {
    return this.#act(options, ({ id: taskId }, actor) => ({ type: "TaskReleased", taskId, actor }));
  }

  /** Gives the task to somebody else for good. Errors as `claim`. */
  reassign(options: TaskOptions & { readonly to: string }): Promise<HumanTask> {
    const to = userOf(options.to);
    return this.#act(options, ({ id: taskId }, actor) => {
      return { type: "TaskReassigned", taskId, to, actor };
    });
  }

  /**
   * Asks somebody else to do it. The answer comes back to whoever has the task now, as its
   * `proposal`, unless the step says that the delegate decides. Errors as `claim`.
   */
  delegate(options: TaskOptions & { readonly to: string }): Promise<HumanTask> {
    const to = userOf(options.to);
    return this.#act(options, ({ id: taskId }, actor) => {
      return { type: "TaskDelegated", taskId, to, actor };
    });
  }

  /** Adds a remark to the history of the task. Errors as `claim`. */
  comment(options: TaskOptions & { readonly text: string }): Promise<HumanTask> {
    const { text } = options;
    if (typeof text !== "string" || text.trim() === "") {
      const found = JSON.stringify(text);
      return Promise.reject(
        new InvalidArgumentError(`text is ${found}; a comment must be a string that is not empty.`),
      );
    }
    return this.#act(options, ({ id: taskId }, actor) => {
      return { type: "TaskCommented", taskId, text, actor };
    });
  }

  async #act(
    options: TaskOptions,
    commandFor: (task: TaskRecord, actor: Actor) => Command,
  ): Promise<HumanTask> {
    const actor = actorOf(options);
    const see = (runtime: Parameters<typeof findTask>[0]) => ({
      runtime,
      task: findTask(runtime, options),
    });
    const { runtime, task } = await this.#core.read(instanceOf(options), see);
    return this.#core.act(runtime, commandFor(task, actor), ({ state }) =>
      showOwnTask(state, state.tasks?.get(task.id) ?? task),
    );
  }

  /** What this process knows of the task's workflow: its form, if it does. */
  #graphOfTask(
    { workflow, workflowVersion }: StoredTask,
    graphs: Map<string, WorkflowGraph | undefined>,
  ): WorkflowGraph | undefined {
    const key = `${workflow} ${workflowVersion}`;
    if (!graphs.has(key)) graphs.set(key, this.#tryGraph(workflow, workflowVersion));
    return graphs.get(key);
  }

  #tryGraph(workflow: string, version: string): WorkflowGraph | undefined {
    try {
      return this.#graphOf(workflow, version);
    } catch {
      // Another process runs it: the task is shown all the same, without its form.
      return undefined;
    }
  }
}

/** @throws InvalidArgumentError */
function userOf(to: unknown): string {
  checkTexts({ to });
  if (typeof to === "string" && to !== "") return to;
  throw new InvalidArgumentError(`to is ${JSON.stringify(to)}; it must name a user.`);
}

function filterOf({ groups, stepName, ...rest }: TaskSearch): TaskFilter {
  const { userId, status, isAssigned, dueFrom, dueBefore } = rest;
  const { assignee, endedBy, instanceId, workflow, tenant, businessKey } = rest;
  checkTexts({ userId, assignee, endedBy, instanceId, workflow, stepName, tenant, businessKey });
  checkGroups(groups);
  if (status !== undefined) checkChoice("status", status, statuses);
  if (isAssigned !== undefined && typeof isAssigned !== "boolean") {
    const found = JSON.stringify(isAssigned);
    throw new InvalidArgumentError(`isAssigned is ${found}; it must be true or false.`);
  }
  for (const [option, moment] of Object.entries({ dueFrom, dueBefore })) {
    if (moment === undefined || Number.isSafeInteger(moment)) continue;
    const found = JSON.stringify(moment);
    throw new InvalidArgumentError(
      `${option} is ${found}; it must be whole milliseconds since the epoch.`,
    );
  }
  const isForSomebody = userId !== undefined || groups !== undefined;
  return {
    ...{ userId, status, isAssigned, dueFrom, dueBefore },
    ...{ assignee, endedBy, instanceId, workflow, tenant, businessKey },
    path: stepName,
    audience: isForSomebody ? audienceNames(userId, groups ?? []) : undefined,
  };
}

function checkChoice(option: string, value: unknown, choices: readonly string[]): void {
  if (typeof value === "string" && choices.includes(value)) return;
  const list = choices.map((choice) => `"${choice}"`).join(", ");
  throw new InvalidArgumentError(
    `${option} is ${JSON.stringify(value)}; it must be one of ${list}.`,
  );
}

/** The order stands first: a cursor of one order means nothing in another. */
function placeOf({ instanceId, task }: StoredTask, order: TaskOrder): (string | number)[] {
  const moments = { created: task.createdAt, due: task.dueAt, ended: task.endedAt };
  return [order, moments[order] ?? 0, instanceId, task.id];
}

function placeIn(order: TaskOrder, cursor: string) {
  const types = ["string", "number", "string", "string"] as const;
  const [of, at, instanceId, taskId] = placeOfCursor(cursor, types);
  if (of === order) return { at, instanceId, taskId };
  throw new InvalidArgumentError(
    `cursor is of a list in the order "${of}"; give the "next" of a page in the order "${order}".`,
  );
}
