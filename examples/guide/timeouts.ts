/**
 * Two ways to limit time. A step may do it in its own code, and then decides itself what a timeout
 * means. Or it declares `timeoutMs`: the engine aborts `context.signal`, counts the attempt as failed,
 * and goes on even if the code ignores the signal.
 */
import {
  BaseMachineStep,
  Edge,
  ParallelGroup,
  type WorkflowContext,
  WorkflowDefinition,
} from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer } from "../support/simulated-service.ts";

/** The step itself gives up, writes that it did, and succeeds. */
class TimedFetch extends BaseMachineStep {
  override name = "timed_fetch";
  readonly #limitMs = 30;

  async execute(context: WorkflowContext) {
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(this.#limitMs)]);
    try {
      context.set("data", await answer("late news", { ms: 5000, signal }));
    } catch (error) {
      if (context.signal.aborted) throw error;
      context.set("timed_out", true);
      context.set("data", null);
    }
  }
}

/** The first attempt is too slow; the second is fast enough. */
class FetchWithTimeout extends BaseMachineStep {
  override name = "declared_timeout";
  override timeoutMs = 50;
  override retry = { maxAttempts: 2 };

  async execute(context: WorkflowContext) {
    const ms = context.attempt === 1 ? 5000 : 5;
    context.set("answer", await answer("fresh news", { ms, signal: context.signal }));
    context.set("attempts", context.attempt);
  }
}

/** Too slow at every attempt: the step fails with the code STEP_TIMEOUT. */
class SlowFetch extends BaseMachineStep {
  override timeoutMs = 30;

  async execute(context: WorkflowContext) {
    await answer("nothing", { ms: 5000, signal: context.signal });
  }
}

class UseCache extends BaseMachineStep {
  execute(context: WorkflowContext) {
    context.set("fallback", { because: context.error()?.code, data: "yesterday's news" });
  }
}

export const workflow = new WorkflowDefinition({
  name: "timeouts",
  steps: {
    fetch: new ParallelGroup([new TimedFetch(), new FetchWithTimeout()]),
    slow_fetch: new SlowFetch(),
    use_cache: new UseCache(),
  },
  edges: [new Edge("fetch", "slow_fetch"), new Edge("slow_fetch", "use_cache", { on: "failure" })],
  initialStep: "fetch",
  terminalSteps: ["slow_fetch", "use_cache"],
});

export function main() {
  return runWorkflow(workflow);
}

if (import.meta.main) printInstance(workflow, await main());
