/** What an operator can do with an instance: pause and resume it, retry it when it failed, cancel it. */
import {
  Edge,
  humanStep,
  type LocalExecutionEngine,
  machineStep,
  WorkflowDefinition,
} from "tandem-workflows";
import { withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

/** Stands in for a service that is repaired while the instance stands still. */
export const warehouse = { works: true };

export const workflow = new WorkflowDefinition({
  name: "delivery",
  steps: {
    pack: humanStep("pack", { title: "Pack the parcel" }),
    weigh: machineStep("weigh", (context) => context.set("weighed", true)),
    book_courier: machineStep("book_courier", (context) => {
      if (!warehouse.works) throw new Error("The courier's service does not answer");
      context.set("courier", `booked at attempt ${context.attempt}`);
    }),
  },
  edges: [new Edge("pack", "weigh"), new Edge("weigh", "book_courier")],
  initialStep: "pack",
  terminalSteps: ["book_courier"],
});

async function start(engine: LocalExecutionEngine) {
  const { id } = await engine.startWorkflow(workflow);
  return id;
}

/** Paused, it records that the task was completed and starts nothing; resumed, it goes on. */
export function pauseAndResume() {
  return withEngine(async (engine) => {
    const instanceId = await start(engine);
    await engine.pauseWorkflow(instanceId, { userId: "olga" });
    const paused = await engine.completeHumanTask({ instanceId, stepName: "pack", userId: "ada" });
    const resumed = await engine.resumeWorkflow(instanceId);
    return { paused, resumed };
  });
}

/** What had succeeded stays; what failed runs again. */
export function retry() {
  return withEngine(async (engine) => {
    warehouse.works = false;
    const instanceId = await start(engine);
    const failed = await engine.completeHumanTask({ instanceId, stepName: "pack" });
    warehouse.works = true;
    return { failed, retried: await engine.retryWorkflow(instanceId) };
  });
}

/** The task leaves the inbox. */
export function cancel() {
  return withEngine(async (engine) => {
    const instanceId = await start(engine);
    const reason = "the customer changed their mind";
    const instance = await engine.cancelWorkflow(instanceId, { reason, userId: "olga" });
    return { instance, openTasks: (await engine.tasks.list()).items };
  });
}

if (import.meta.main) {
  const { paused, resumed } = await pauseAndResume();
  const { failed, retried } = await retry();
  const { instance } = await cancel();
  for (const each of [paused, resumed, failed, retried, instance]) {
    printInstance(workflow, each);
    process.stdout.write("\n");
  }
}
