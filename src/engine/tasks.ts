import { compileForm } from "../definition/form.ts";
import type { JsonSchema } from "../definition/form-data.ts";
import type { BaseHumanStep } from "../definition/human-step.ts";
import {
  AmbiguousTaskError,
  InvalidArgumentError,
  InvalidFormDataError,
  UnknownTaskError,
} from "../errors.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import type { Actor, Command, InstanceState, TaskRecord } from "../machine/index.ts";
import { refuseTask } from "../machine/permission.ts";
import type { StoredTask } from "../store/store.ts";
import type { ActorOptions } from "./actor.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import { errorOfRejection } from "./rejections.ts";

/** Work for a person, as the engine shows it. */
export interface HumanTask extends Omit<TaskRecord, "executionId"> {
  /** Names the task to the engine: `instanceId/id`. */
  readonly id: string;
  readonly instanceId: string;
  readonly workflow: string;
  readonly workflowVersion: string;
  readonly tenant: string | undefined;
  readonly businessKey: string | undefined;
  /** What the person fills in; undefined if that cannot be said, or not in this process. */
  readonly form: JsonSchema | undefined;
}

/** Which task is meant: by its id, or by its instance and step. */
export interface ChosenTask {
  readonly taskId?: string;
  readonly instanceId?: string;
  /** The path of the step, or its name if only one open task has it. */
  readonly stepName?: string;
}

/** Which task is meant, and who acts. */
export interface TaskOptions extends ChosenTask, ActorOptions {}

/** Which task is completed, by whom, and with which data. */
export interface CompleteTaskOptions extends TaskOptions {
  readonly data?: unknown;
}

/** @throws InvalidArgumentError if neither its id nor its instance is given. */
export function instanceOf({ taskId, instanceId }: ChosenTask): string {
  if (typeof instanceId === "string") return instanceId;
  const slash = typeof taskId === "string" ? taskId.lastIndexOf("/") : -1;
  if (typeof taskId === "string" && slash > 0) return taskId.slice(0, slash);
  throw new InvalidArgumentError(
    "Say which task: give its taskId (such as the id of a task that was listed), " +
      "or its instanceId and stepName.",
  );
}

/** The task that is meant; one that is gone only if no open one has the name. */
export function findTask(runtime: InstanceRuntime, options: ChosenTask): TaskRecord {
  const { stepName, taskId } = options;
  const tasks = [...(runtime.state.tasks?.values() ?? [])];
  if (taskId !== undefined) {
    const task = tasks.find(({ id }) => `${runtime.id}/${id}` === taskId || id === taskId);
    if (task !== undefined) return task;
    throw new UnknownTaskError(`Instance "${runtime.id}" has no task "${taskId}".`);
  }
  if (stepName === undefined) {
    throw new InvalidArgumentError("Say which task: give a stepName or a taskId.");
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

/**
 * What completes the task, if this person may and the data fits its form.
 *
 * @throws InvalidFormDataError naming each field, and whatever the person is refused with.
 */
export async function completion(
  runtime: InstanceRuntime,
  options: CompleteTaskOptions,
  actor: Actor,
): Promise<Command> {
  const task = findTask(runtime, options);
  const refusal = refuseTask(task, task.id, actor);
  if (refusal !== undefined) throw errorOfRejection(refusal);
  const { version } = runtime.state.instance;
  const { source } = runtime.state.node(runtime.state.execution(task.executionId));
  const { data = {} } = options;
  const validated = await compileForm((source as BaseHumanStep).formSchema).validate(data);
  if (!validated.ok) {
    const list = validated.fields.map(({ field, message }) => `${field || "data"}: ${message}`);
    throw new InvalidFormDataError(
      `The data for task "${task.path}" does not fit its form: ${list.join("; ")}.`,
      validated.fields,
    );
  }
  return { type: "TaskCompleted", taskId: task.id, data: validated.data, version, actor };
}

// ----------------------------------------------------------------------------- how tasks are shown

/** A task of an instance that is in memory. */
export function showOwnTask(state: InstanceState, task: TaskRecord): HumanTask {
  const { id, workflow, version, tenant, businessKey } = state.instance;
  const where = { instanceId: id, workflow, workflowVersion: version, tenant, businessKey };
  const { kind, source } = state.node(state.execution(task.executionId));
  const form = kind === "human" ? formOf(source as BaseHumanStep) : undefined;
  return showTask({ ...where, task }, form);
}

/** A task as it is kept. */
export function showStoredTask(stored: StoredTask, graph: WorkflowGraph | undefined): HumanTask {
  // Members of maps have a number in their path.
  const path = stored.task.path.replace(/\[\d+\]/g, "[]");
  const node = graph?.nodes[graph.nodeByPath.get(path) ?? -1];
  const form = node?.kind === "human" ? formOf(node.source as BaseHumanStep) : undefined;
  return showTask(stored, form);
}

function showTask({ task, ...where }: StoredTask, form: JsonSchema | undefined): HumanTask {
  const { executionId: _execution, ...shown } = task;
  return { ...shown, ...where, id: `${where.instanceId}/${task.id}`, form };
}

function formOf({ formSchema }: BaseHumanStep): JsonSchema | undefined {
  return compileForm(formSchema).jsonSchema;
}
