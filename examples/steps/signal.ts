/**
 * A signal step waits for a message by its name. A message that came before is kept until a step
 * wants it; one that is repeated with the same id counts once.
 */
import { Edge, machineStep, SignalStep, WorkflowDefinition } from "tandem-workflows";
import { withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

export const workflow = new WorkflowDefinition({
  name: "pick_up",
  steps: {
    courier: new SignalStep({ signal: "courier_arrived" }),
    load: machineStep("load", (context) => context.set("van", context.get("courier.van"))),
    departure: new SignalStep({ signal: "departed" }),
  },
  edges: [new Edge("courier", "load"), new Edge("load", "departure")],
  initialStep: "courier",
  terminalSteps: ["departure"],
});

export function main() {
  return withEngine(async (engine) => {
    const { id: instanceId } = await engine.startWorkflow(workflow);
    // Comes too early, and twice: it is kept, once.
    const departed = { instanceId, name: "departed", data: { at: "09:30" }, id: "message-7" };
    await engine.signal(departed);
    await engine.signal(departed);
    return engine.signal({ instanceId, name: "courier_arrived", data: { van: "B-XY 12" } });
  });
}

if (import.meta.main) printInstance(workflow, await main());
