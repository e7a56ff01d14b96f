/**
 * A client of the HTTP API, for browsers, Node and whatever else has `fetch`. It imports nothing of
 * Node and knows no engine.
 */
import type {
  BulkRequest,
  BulkResult,
  CallOptions,
  ChangeOptions,
  ClientOptions,
  Definition,
  DefinitionSummary,
  EventsQuery,
  Graph,
  HeadersGiven,
  HistoryEntry,
  Instance,
  InstanceCount,
  InstanceFilter,
  InstanceQuery,
  InstanceSummary,
  Me,
  Page,
  PagingQuery,
  Schedule,
  ScheduleQuery,
  ScheduleRequest,
  StartOptions,
  StartRequest,
  Statistics,
  StepExecution,
  StreamListener,
  Task,
  TaskCounts,
  TaskFilter,
  TaskQuery,
  TaskSummary,
  UpgradePlan,
} from "./client-types.ts";
import type { OperationId } from "./paths.ts";
import { RequestSender } from "./request-sender.ts";
import { openStream } from "./stream-reader.ts";

export { RequestFailedError } from "../errors.ts";
export type * from "./client-types.ts";
export { etagOf } from "./request-sender.ts";

/** A client of the API at `baseUrl`. Calls that are refused throw a RequestFailedError. */
export function createClient(options: ClientOptions): Client {
  return new Client(options);
}

/** Whatever the API can do. A refused call throws a RequestFailedError with the server's code. */
export class Client {
  readonly definitions: DefinitionsClient;
  readonly instances: InstancesClient;
  readonly tasks: TasksClient;
  readonly schedules: SchedulesClient;
  readonly #sender: RequestSender;

  constructor(options: ClientOptions) {
    this.#sender = new RequestSender(options);
    this.definitions = new DefinitionsClient(this.#sender);
    this.instances = new InstancesClient(this.#sender);
    this.tasks = new TasksClient(this.#sender);
    this.schedules = new SchedulesClient(this.#sender);
  }

  /** Who asks, as the application says. */
  me(options: CallOptions = {}): Promise<Me> {
    return this.#sender.json("getMe", options);
  }

  /** How much there is and how long it has waited; for administrators. */
  statistics(options: CallOptions = {}): Promise<Statistics> {
    return this.#sender.json("getStatistics", options);
  }

  /** Whether the engine and its store answer. */
  health(options: CallOptions = {}): Promise<{ readonly status: "ok" }> {
    return this.#sender.json("getHealth", options);
  }

  /** Delivers what an outside system answers to a webhook step. */
  completeWebhook(token: string, payload: unknown, options: CallOptions = {}): Promise<void> {
    return this.#sender.nothing("completeWebhook", {
      params: { token },
      body: payload,
      ...options,
    });
  }

  /**
   * Calls back whenever something changes, and goes on after interruptions. After a `reset` event
   * something may have been missed: read anew what is shown. Gives a function that ends it.
   */
  stream(query: EventsQuery, listener: StreamListener): () => void {
    return openStream(this.#sender, query, listener);
  }
}

class DefinitionsClient {
  readonly #sender: RequestSender;

  constructor(sender: RequestSender) {
    this.#sender = sender;
  }

  list(options: CallOptions = {}): Promise<{ readonly items: readonly DefinitionSummary[] }> {
    return this.#sender.json("listDefinitions", options);
  }

  /** The latest version unless told. */
  get(workflow: string, version?: string, options: CallOptions = {}): Promise<Definition> {
    return this.#sender.json("getDefinition", {
      params: { workflow },
      query: { version },
      ...options,
    });
  }

  versions(
    workflow: string,
    options: CallOptions = {},
  ): Promise<{ readonly items: readonly DefinitionSummary[] }> {
    return this.#sender.json("listDefinitionVersions", { params: { workflow }, ...options });
  }

  graph(workflow: string, version?: string, options: CallOptions = {}): Promise<Graph> {
    const query = { version };
    return this.#sender.json("getDefinitionGraph", { params: { workflow }, query, ...options });
  }

  /** The graph as the text of a Mermaid flowchart. */
  mermaid(
    workflow: string,
    {
      version,
      direction,
      ...options
    }: { version?: string; direction?: "TB" | "LR" } & CallOptions = {},
  ): Promise<string> {
    const query = { version, direction };
    return this.#sender.text("getDefinitionMermaid", { params: { workflow }, query, ...options });
  }
}

class InstancesClient {
  readonly #sender: RequestSender;

  constructor(sender: RequestSender) {
    this.#sender = sender;
  }

  /** Resolves as soon as the start is durable, or after `waitSeconds`. */
  start(request: StartRequest, options: StartOptions = {}): Promise<InstanceSummary> {
    const { idempotencyKey, waitSeconds, signal } = options;
    const headers = { ...keyHeader(idempotencyKey), ...waitHeader(waitSeconds) };
    return this.#sender.json("startInstance", { body: request, headers, signal });
  }

  list(query: InstanceQuery = {}, options: CallOptions = {}): Promise<Page<InstanceSummary>> {
    return this.#sender.json("listInstances", { query, ...options });
  }

  /** By workflow, version and status. */
  count(
    filter: InstanceFilter = {},
    options: CallOptions = {},
  ): Promise<{ readonly items: readonly InstanceCount[] }> {
    return this.#sender.json("countInstances", { query: filter, ...options });
  }

  /** Cancels, pauses, resumes or retries all that fit a filter; with `dryRun` only counts them. */
  changeAll(request: BulkRequest, options: CallOptions = {}): Promise<BulkResult> {
    return this.#sender.json("changeInstances", { body: request, ...options });
  }

  get(instanceId: string, options: CallOptions = {}): Promise<Instance> {
    return this.#sender.json("getInstance", { params: { instanceId }, ...options });
  }

  /** Its executions, in the order in which they were made. */
  steps(
    instanceId: string,
    query: PagingQuery = {},
    options: CallOptions = {},
  ): Promise<Page<StepExecution>> {
    return this.#sender.json("listSteps", { params: { instanceId }, query, ...options });
  }

  /** The graph with where the instance stands. */
  graph(instanceId: string, options: CallOptions = {}): Promise<Graph> {
    return this.#sender.json("getInstanceGraph", { params: { instanceId }, ...options });
  }

  mermaid(
    instanceId: string,
    { direction, ...options }: { direction?: "TB" | "LR" } & CallOptions = {},
  ): Promise<string> {
    const query = { direction };
    return this.#sender.text("getInstanceMermaid", { params: { instanceId }, query, ...options });
  }

  /** Who did what, oldest first. */
  history(
    instanceId: string,
    query: PagingQuery = {},
    options: CallOptions = {},
  ): Promise<Page<HistoryEntry>> {
    return this.#sender.json("listInstanceHistory", { params: { instanceId }, query, ...options });
  }

  cancel(
    instanceId: string,
    { reason, ...options }: { reason?: string | undefined } & ChangeOptions = {},
  ): Promise<InstanceSummary> {
    return this.#change("cancelInstance", instanceId, { reason }, options);
  }

  pause(instanceId: string, options: ChangeOptions = {}): Promise<InstanceSummary> {
    return this.#change("pauseInstance", instanceId, {}, options);
  }

  resume(instanceId: string, options: ChangeOptions = {}): Promise<InstanceSummary> {
    return this.#change("resumeInstance", instanceId, {}, options);
  }

  /** Continues a failed instance at what failed, or from a named step. */
  retry(
    instanceId: string,
    { from, ...options }: { from?: string | undefined } & ChangeOptions = {},
  ): Promise<InstanceSummary> {
    return this.#change("retryInstance", instanceId, { from }, options);
  }

  upgrade(
    instanceId: string,
    request: {
      readonly version: string;
      /** For steps that are called otherwise: the new path by the old one. */
      readonly steps?: Readonly<Record<string, string>>;
      readonly dryRun?: boolean;
    },
    options: ChangeOptions = {},
  ): Promise<UpgradePlan> {
    const headers = changeHeaders(options);
    const { signal } = options;
    const parts = { params: { instanceId }, body: request, headers, signal };
    return this.#sender.json("upgradeInstance", parts);
  }

  signal(
    instanceId: string,
    signal: { readonly name: string; readonly data?: unknown; readonly id?: string },
    options: ChangeOptions = {},
  ): Promise<InstanceSummary> {
    return this.#change("sendSignal", instanceId, signal, options);
  }

  cancelStep(
    instanceId: string,
    stepName: string,
    options: ChangeOptions = {},
  ): Promise<InstanceSummary> {
    return this.#change("cancelStep", instanceId, { stepName }, options);
  }

  /** Adds an item to a map that runs. */
  addItem(
    instanceId: string,
    stepName: string,
    item: unknown,
    options: ChangeOptions = {},
  ): Promise<InstanceSummary> {
    return this.#change("addItem", instanceId, { stepName, item }, options);
  }

  closeMap(
    instanceId: string,
    stepName: string,
    options: ChangeOptions = {},
  ): Promise<InstanceSummary> {
    return this.#change("closeMap", instanceId, { stepName }, options);
  }

  #change(
    operation: OperationId,
    instanceId: string,
    body: object,
    options: ChangeOptions,
  ): Promise<InstanceSummary> {
    const { signal } = options;
    const headers = changeHeaders(options);
    return this.#sender.json(operation, { params: { instanceId }, body, headers, signal });
  }
}

/** For whom an administrator acts. */
interface TaskChangeOptions extends ChangeOptions {
  readonly onBehalfOf?: string | undefined;
}

/** Tasks are named by their id, as they have it. */
class TasksClient {
  readonly #sender: RequestSender;

  constructor(sender: RequestSender) {
    this.#sender = sender;
  }

  /** The inbox of who asks; with `scope: "all"`, everybody's, for administrators. */
  list(query: TaskQuery = {}, options: CallOptions = {}): Promise<Page<TaskSummary>> {
    return this.#sender.json("listTasks", { query, ...options });
  }

  count(filter: TaskFilter = {}, options: CallOptions = {}): Promise<TaskCounts> {
    return this.#sender.json("countTasks", { query: filter, ...options });
  }

  /** A task in any state, with its form. */
  get(taskId: string, options: CallOptions = {}): Promise<Task> {
    return this.#sender.json("getTask", { params: paramsOf(taskId), ...options });
  }

  history(
    taskId: string,
    query: PagingQuery = {},
    options: CallOptions = {},
  ): Promise<Page<HistoryEntry>> {
    return this.#sender.json("listTaskHistory", { params: paramsOf(taskId), query, ...options });
  }

  claim(taskId: string, options: TaskChangeOptions = {}): Promise<Task> {
    return this.#change("claimTask", taskId, {}, options);
  }

  release(taskId: string, options: TaskChangeOptions = {}): Promise<Task> {
    return this.#change("releaseTask", taskId, {}, options);
  }

  /** Gives it to somebody else for good. */
  reassign(taskId: string, to: string, options: TaskChangeOptions = {}): Promise<Task> {
    return this.#change("reassignTask", taskId, { to }, options);
  }

  /** Asks somebody else to do it; the answer comes back to its owner. */
  delegate(taskId: string, to: string, options: TaskChangeOptions = {}): Promise<Task> {
    return this.#change("delegateTask", taskId, { to }, options);
  }

  comment(taskId: string, text: string, options: TaskChangeOptions = {}): Promise<Task> {
    return this.#change("commentOnTask", taskId, { text }, options);
  }

  /** `INVALID_FORM_DATA` names each field; `TASK_GONE` says what became of the task. */
  complete(taskId: string, data: unknown, options: TaskChangeOptions = {}): Promise<Task> {
    return this.#change("completeTask", taskId, { data }, options);
  }

  #change(
    operation: OperationId,
    taskId: string,
    body: object,
    { onBehalfOf, ...options }: TaskChangeOptions,
  ): Promise<Task> {
    return this.#sender.json(operation, {
      params: paramsOf(taskId),
      body: { ...body, onBehalfOf },
      headers: changeHeaders(options),
      signal: options.signal,
    });
  }
}

class SchedulesClient {
  readonly #sender: RequestSender;

  constructor(sender: RequestSender) {
    this.#sender = sender;
  }

  list(query: ScheduleQuery = {}, options: CallOptions = {}): Promise<Page<Schedule>> {
    return this.#sender.json("listSchedules", { query, ...options });
  }

  get(scheduleId: string, options: CallOptions = {}): Promise<Schedule> {
    return this.#sender.json("getSchedule", { params: { scheduleId }, ...options });
  }

  /** Makes or changes it. */
  save(
    scheduleId: string,
    schedule: ScheduleRequest,
    options: CallOptions = {},
  ): Promise<Schedule> {
    return this.#sender.json("saveSchedule", {
      params: { scheduleId },
      body: schedule,
      ...options,
    });
  }

  remove(scheduleId: string, options: CallOptions = {}): Promise<void> {
    return this.#sender.nothing("removeSchedule", { params: { scheduleId }, ...options });
  }

  pause(scheduleId: string, options: CallOptions = {}): Promise<Schedule> {
    return this.#sender.json("pauseSchedule", { params: { scheduleId }, ...options });
  }

  resume(scheduleId: string, options: CallOptions = {}): Promise<Schedule> {
    return this.#sender.json("resumeSchedule", { params: { scheduleId }, ...options });
  }
}

/** A task's id is its instance's id, a slash, and its own number. */
function paramsOf(taskId: string): { instanceId: string; taskId: string } {
  const slash = taskId.lastIndexOf("/");
  return { instanceId: taskId.slice(0, slash), taskId: taskId.slice(slash + 1) };
}

function changeHeaders({ ifMatch, waitSeconds }: ChangeOptions): HeadersGiven {
  return { ...(ifMatch !== undefined && { "if-match": ifMatch }), ...waitHeader(waitSeconds) };
}

function keyHeader(key: string | undefined): HeadersGiven {
  return key === undefined ? {} : { "idempotency-key": key };
}

function waitHeader(seconds: number | undefined): HeadersGiven {
  return seconds === undefined ? {} : { prefer: `wait=${seconds}` };
}
