/**
 * A step may be a whole workflow. Only what the mappings name crosses the border: the child gets its
 * input and gives its output, and neither sees the other's data.
 */
import { Edge, machineStep, SubworkflowStep, WorkflowDefinition } from "tandem-workflows";
import { withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

export const invoicing = new WorkflowDefinition({
  name: "invoicing",
  steps: {
    number: machineStep("number", (context) => context.set("number", `R-${context.get("order")}`)),
    total: machineStep("total", (context) => {
      context.set("total", Math.round(Number(context.get("net")) * 1.19 * 100) / 100);
    }),
  },
  edges: [new Edge("number", "total")],
  initialStep: "number",
  terminalSteps: ["total"],
});

export const workflow = new WorkflowDefinition({
  name: "order",
  steps: {
    invoice: new SubworkflowStep({
      workflow: "invoicing",
      input: { order: "order_id", net: "basket.net" },
      output: (child) => ({ invoice: { number: child.get("number"), total: child.get("total") } }),
    }),
    send: machineStep("send", (context) => context.set("sent", context.get("invoice.number"))),
  },
  edges: [new Edge("invoice", "send")],
  initialStep: "invoice",
  terminalSteps: ["send"],
});

export function main() {
  const initialData = { order_id: 17, basket: { net: 100 } };
  // The child is found by its name, so it has to be registered.
  return withEngine((engine) => engine.startWorkflow(workflow, { initialData }), {}, [invoicing]);
}

if (import.meta.main) printInstance(workflow, await main());
