/**
 * A service that fails twice and then works: the step is tried again after 1 s and then 2 s. An error
 * that no repetition can mend is not repeated.
 */
import { machineStep, WorkflowDefinition } from "tandem-workflows";
import { VirtualClock } from "tandem-workflows/testing";
import { withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

class BadRequest extends Error {
  readonly code = "BAD_REQUEST";
}

export const workflow = new WorkflowDefinition({
  name: "charge",
  steps: {
    charge: machineStep(
      "charge",
      (context) => {
        if (context.get("card") === "") throw new BadRequest("There is no card number");
        if (context.attempt < 3) throw new Error("503 Service Unavailable");
        context.set("charged", { attempts: context.attempt, key: context.idempotencyKey });
      },
      {
        retry: {
          maxAttempts: 5,
          initialIntervalMs: 1000,
          backoffCoefficient: 2,
          retryOn: (error) => !(error instanceof BadRequest),
        },
      },
    ),
  },
  initialStep: "charge",
  terminalSteps: ["charge"],
});

/** The key that the service gets is `ORD-1:1` at every attempt. */
export function main(card = "4242") {
  const clock = new VirtualClock();
  return withEngine(
    async (engine) => {
      const start = { initialData: { card }, instanceId: "ORD-1" };
      const { id } = await engine.submitWorkflow(workflow, start);
      await clock.advance(60_000);
      return engine.getInstance(id);
    },
    { clock },
  );
}

if (import.meta.main) {
  printInstance(workflow, await main());
  process.stdout.write("\n");
  printInstance(workflow, await main(""));
}
