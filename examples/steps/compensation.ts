/**
 * A journey is booked step by step. When the last booking fails, what was booked before is undone,
 * latest first: `compensate` of each step that had succeeded.
 */
import { Edge, machineStep, ParallelGroup, WorkflowDefinition } from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

/** Stands in for the services: what they were told, in order. */
export const log: string[] = [];

const book = (name: string) =>
  machineStep(
    name,
    (context) => {
      log.push(`book ${name}`);
      context.set(name, { booking: `${name}-1` });
    },
    {
      compensate: (context) => {
        log.push(`cancel ${context.get(`${name}.booking`)}`);
      },
    },
  );

export const workflow = new WorkflowDefinition({
  name: "journey",
  compensate: true,
  steps: {
    flight: book("flight"),
    stay: new ParallelGroup([book("hotel"), book("car")]),
    pay: machineStep("pay", () => {
      log.push("pay");
      throw new Error("The card was declined");
    }),
  },
  edges: [new Edge("flight", "stay"), new Edge("stay", "pay")],
  initialStep: "flight",
  terminalSteps: ["pay"],
});

export function main() {
  log.length = 0;
  return runWorkflow(workflow);
}

if (import.meta.main) {
  printInstance(workflow, await main());
  process.stdout.write(`\n${log.join("\n")}\n`);
}
