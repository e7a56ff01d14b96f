/**
 * Failures that the group handles. Its steps just throw; `failure` says what that means for the
 * others, and an edge `on: "failure"` leads on from a group that failed.
 */
import {
  Edge,
  type FailureMode,
  machineStep,
  type Outcome,
  ParallelGroup,
  WorkflowDefinition,
} from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer, refuse } from "../support/simulated-service.ts";

const members = [
  machineStep("stock", () => answer({ in_stock: 4 }, { ms: 40 })),
  machineStep("price", (context) =>
    refuse("The price service is down", { ms: 20, signal: context.signal }),
  ),
  machineStep("rating", () => refuse("The rating service is down", { ms: 30 })),
];

/** With "collect", the callback gets an outcome for each member: a result, or an error. */
const summarize = machineStep("summarize", (context) => {
  const outcomes = context.results as readonly Outcome[];
  const found = outcomes.filter((outcome) => outcome.status === "succeeded");
  const missing = outcomes.filter((outcome) => outcome.status === "failed");
  context.set(
    "found",
    found.map(({ result }) => result),
  );
  context.set(
    "missing",
    missing.map(({ error }) => error.message),
  );
});

/** Reads why the group failed: the error of the step from which the failure edge led here. */
const apologize = machineStep("apologize", (context) => {
  const error = context.error();
  context.set("apology", "Please try again later.");
  context.set("reason", error?.code);
  context.set(
    "failures",
    error?.errors?.map(({ path, message }) => `${path}: ${message}`),
  );
});

/**
 * - `fail-fast`: the first failure cancels the others, and the group fails;
 * - `wait-all`: all end, then the group fails with every error;
 * - `collect`: the group succeeds, whatever became of its members.
 */
export function workflowWith(failure: FailureMode) {
  return new WorkflowDefinition({
    name: `product_page_${failure}`,
    steps: {
      gather: new ParallelGroup(members, {
        failure,
        ...(failure === "collect" ? { callback: summarize } : {}),
      }),
      show: machineStep("show", (context) => context.set("shown", true)),
      apologize,
    },
    edges: [new Edge("gather", "show"), new Edge("gather", "apologize", { on: "failure" })],
    initialStep: "gather",
    terminalSteps: ["show", "apologize"],
  });
}

export function main(failure: FailureMode) {
  return runWorkflow(workflowWith(failure));
}

if (import.meta.main) {
  for (const failure of ["fail-fast", "wait-all", "collect"] as const) {
    printInstance(workflowWith(failure), await main(failure));
    process.stdout.write("\n");
  }
}
