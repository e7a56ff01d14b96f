import { compileForm } from "../definition/form.ts";
import type { BaseHumanStep } from "../definition/human-step.ts";
import { InternalError, UnknownTaskError } from "../errors.ts";
import type { Store, TaskFilter, TaskOrder } from "../store/store.ts";
import { audienceNames } from "../store/task-audience.ts";
import type { EngineCore } from "./engine-core.ts";
import { type Page, type PageOptions, pageLimit, pageOf, placeOfCursor } from "./page.ts";
import { showTask } from "./tasks.ts";
import type { HumanTask } from "./workflow-instance.ts";

export interface TaskFilterOptions extends Omit<TaskFilter, "audience" | "path"> {
  readonly groups?: readonly string[];
  readonly stepName?: string;
}
export interface ListOptions extends TaskFilterOptions, PageOptions {
  readonly order?: TaskOrder;
}
interface Chosen {
  readonly taskId: string;
  readonly userId?: string;
  readonly groups?: readonly string[];
  readonly admin?: boolean;
  readonly onBehalfOf?: string;
  readonly through?: string;
}

export class TaskInbox {
  readonly #core: EngineCore;
  readonly #store: Store;
  constructor(core: EngineCore, store: Store) {
    this.#core = core;
    this.#store = store;
  }
  async list({
    order = "created",
    limit: given,
    cursor,
    ...rest
  }: ListOptions = {}): Promise<Page<HumanTask>> {
    const limit = pageLimit(given);
    const place =
      cursor === undefined ? undefined : placeOfCursor(cursor, ["number", "string", "string"]);
    const after = place && { at: place[0], instanceId: place[1], taskId: place[2] };
    const query = { ...filterOf(rest), order, limit: limit + 1, after };
    const found = await this.#store.listTasks(query);
    const page = pageOf(found, limit, ({ task, instanceId }) => [
      (order === "created" ? task.createdAt : order === "due" ? task.dueAt : task.endedAt) ?? 0,
      instanceId,
      task.id,
    ]);
    return { items: page.items.map(show), next: page.next };
  }
  async count(filter: TaskFilterOptions, { atMost = 1000 } = {}): Promise<number> {
    return this.#store.countTasks(filterOf(filter), atMost);
  }
  async get(taskId: string, _actor: Partial<Chosen> = {}): Promise<HumanTask> {
    const slash = taskId.lastIndexOf("/");
    return this.#core.read(taskId.slice(0, slash), (runtime) => {
      const task = runtime.state.tasks?.get(taskId.slice(slash + 1));
      if (task === undefined) throw new UnknownTaskError(`no task ${taskId}`);
      const { source } = runtime.state.node(runtime.state.execution(task.executionId));
      const { instance } = runtime.state;
      const { jsonSchema } = compileForm((source as BaseHumanStep).formSchema);
      return {
        ...show({
          ...{ instanceId: instance.id, workflow: instance.workflow, task },
          ...{ workflowVersion: instance.version, tenant: instance.tenant },
          businessKey: instance.businessKey,
        }),
        form: jsonSchema,
      };
    });
  }
  async claim(_options: Chosen): Promise<HumanTask> {
    throw new InternalError("interim");
  }
  async release(_options: Chosen): Promise<HumanTask> {
    throw new InternalError("interim");
  }
  async reassign(_options: Chosen & { to: string }): Promise<HumanTask> {
    throw new InternalError("interim");
  }
  async delegate(_options: Chosen & { to: string }): Promise<HumanTask> {
    throw new InternalError("interim");
  }
  async comment(_options: Chosen & { text: string }): Promise<HumanTask> {
    throw new InternalError("interim");
  }
}

function show(stored: import("../store/store.ts").StoredTask): HumanTask {
  const { task, instanceId, workflow, workflowVersion, tenant, businessKey } = stored;
  return { ...showTask(task, instanceId, workflow), workflowVersion, tenant, businessKey };
}

function filterOf({ groups, stepName, userId, ...rest }: TaskFilterOptions): TaskFilter {
  const isForSomebody = userId !== undefined || groups !== undefined;
  return {
    ...rest,
    path: stepName,
    userId,
    audience: isForSomebody ? audienceNames(userId, groups ?? []) : undefined,
  };
}
