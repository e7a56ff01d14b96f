/**
 * A callback that is ready for whatever became of the members: each may have succeeded, thrown, or
 * taken too long. It sorts results from errors and says whether there is anything to go on with.
 */
import {
  Edge,
  machineStep,
  type Outcome,
  ParallelGroup,
  WorkflowDefinition,
} from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer, refuse } from "../support/simulated-service.ts";

const members = [
  machineStep("profile", () => answer({ name: "Ada" }, { ms: 40 })),
  machineStep("orders", () => refuse("The order service answers 500")),
  machineStep("advice", ({ signal }) => answer("never in time", { ms: 5000, signal }), {
    timeoutMs: 60,
  }),
];
const names = members.map(({ name }) => name);

const sortOut = machineStep("sort_out", (context) => {
  const results: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const [index, outcome] of (context.results as readonly Outcome[]).entries()) {
    const name = names[index] ?? "";
    if (outcome.status === "succeeded") results[name] = outcome.result;
    else if (outcome.status === "failed") errors[name] = outcome.error.code;
    else errors[name] = outcome.status;
  }
  context.set("results", results);
  context.set("errors", errors);
  context.set("partial_success", Object.keys(results).length > 0);
});

export const workflow = new WorkflowDefinition({
  name: "customer_page",
  steps: {
    gather: new ParallelGroup(members, { failure: "collect", callback: sortOut }),
    show: machineStep("show", (context) => context.set("page", "shown")),
    excuse: machineStep("excuse", (context) => context.set("page", "come back later")),
  },
  edges: [
    new Edge("gather", "show", { condition: "partial_success" }),
    new Edge("gather", "excuse", { otherwise: true }),
  ],
  initialStep: "gather",
  terminalSteps: ["show", "excuse"],
});

export function main() {
  return runWorkflow(workflow);
}

if (import.meta.main) printInstance(workflow, await main());
