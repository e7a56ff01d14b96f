import type { Logger } from "../definition/context.ts";
import { ContextView } from "../machine/context-view.ts";
import type { ExecutionRecord } from "../machine/index.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";

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
