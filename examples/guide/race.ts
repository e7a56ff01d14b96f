/**
 * Two sources are asked, the first to succeed wins. The other is cancelled: its signal is aborted, and
 * nothing that it wrote is ever seen.
 */
import {
  BaseMachineStep,
  RaceGroup,
  type WorkflowContext,
  WorkflowDefinition,
} from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer, refuse } from "../support/simulated-service.ts";

class FastSource extends BaseMachineStep {
  override name = "fast_source";

  async execute(context: WorkflowContext) {
    const call = { ms: 30, signal: context.signal };
    const data = context.get("fast_is_down") ? await refuse("down", call) : await answer(41, call);
    context.set("source", "fast");
    context.set("data", data);
  }
}

class ReliableSource extends BaseMachineStep {
  override name = "reliable_source";

  async execute(context: WorkflowContext) {
    context.set("source", "reliable");
    context.set("data", await answer(42, { ms: 90, signal: context.signal }));
  }
}

export const workflow = new WorkflowDefinition({
  name: "race_for_data",
  steps: { fetch: new RaceGroup([new FastSource(), new ReliableSource()]) },
  initialStep: "fetch",
  terminalSteps: ["fetch"],
});

export function main({ fastIsDown = false } = {}) {
  return runWorkflow(workflow, { fast_is_down: fastIsDown });
}

if (import.meta.main) {
  printInstance(workflow, await main());
  process.stdout.write("\n");
  printInstance(workflow, await main({ fastIsDown: true }));
}
