/** Ten calls to a service that should get three at a time: a parallel group with a limit. */
import { machineStep, ThrottledGroup, WorkflowDefinition } from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer } from "../support/simulated-service.ts";

/** Counts how many calls are under way at once. */
export const load = { now: 0, most: 0 };

const calls = Array.from({ length: 10 }, (_, index) =>
  machineStep(`call_${index}`, async () => {
    load.now += 1;
    load.most = Math.max(load.most, load.now);
    await answer("ok", { ms: 30 });
    load.now -= 1;
    return index;
  }),
);

export const workflow = new WorkflowDefinition({
  name: "throttled_calls",
  steps: {
    calls: new ThrottledGroup(calls, {
      maxConcurrent: 3,
      callback: machineStep("add_up", (context) => context.set("answers", context.results)),
    }),
  },
  initialStep: "calls",
  terminalSteps: ["calls"],
});

export function main() {
  return runWorkflow(workflow);
}

if (import.meta.main) {
  printInstance(workflow, await main());
  process.stdout.write(`\nAt most ${load.most} calls were under way at once.\n`);
}
