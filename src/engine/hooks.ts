import type { Logger } from "../definition/context.ts";
import type { Urgency } from "../definition/human-step.ts";
import { ContextView } from "../machine/context-view.ts";
import type { ActRecord, ExecutionRecord } from "../machine/index.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import { showOwnTask } from "./tasks.ts";

/** Calls `onSuccess` or `onFailure` of a step that has ended. */
export function callHooks(
  runtime: InstanceRuntime,
  execution: ExecutionRecord,
  logger: Logger,
): void {
  const { source, isObserved } = runtime.state.node(execution);
  if (!isObserved || execution.compensates !== 0) return;
  const { status, result, error } = execution;
  if (status === "succeeded" && source.onSuccess !== undefined) {
    call(runtime, execution, logger, (view) => source.onSuccess?.(view, result));
  } else if (status === "failed" && error !== undefined && source.onFailure !== undefined) {
    call(runtime, execution, logger, (view) => source.onFailure?.(view, error));
  }
}

/** Calls `onReminder` or `onEscalation` of the step whose task's timer has fired. */
export function callTaskHook(runtime: InstanceRuntime, act: ActRecord, logger: Logger): void {
  if (act.type !== "task-reminded" && act.type !== "task-escalated") return;
  const task = runtime.state.tasks?.get(act.taskId ?? "");
  if (task === undefined) return;
  const execution = runtime.state.execution(task.executionId);
  const step = runtime.state.node(execution).source as Urgency;
  const hook = act.type === "task-reminded" ? "onReminder" : "onEscalation";
  if (step[hook] === undefined) return;
  const shown = showOwnTask(runtime.state, task);
  call(runtime, execution, logger, (view) => step[hook]?.(view, shown));
}

/** Hooks only look on: what they throw is logged. */
function call(
  runtime: InstanceRuntime,
  execution: ExecutionRecord,
  logger: Logger,
  hook: (view: ContextView) => unknown,
): void {
  const report = (error: unknown) => logger.error(`A hook of "${execution.path}" threw`, { error });
  try {
    const returned = hook(new ContextView(runtime.graph, runtime.state, execution));
    if (returned instanceof Promise) returned.catch(report);
  } catch (error) {
    report(error);
  }
}
