/**
 * An edge that leads back is a loop. Each pass is an execution of its own with its `iteration`, and
 * the two reviews of a pass are joined pass by pass.
 */
import { Edge, machineStep, WorkflowDefinition } from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

export const workflow = new WorkflowDefinition({
  name: "write_until_good",
  reducers: { scores: "append" },
  steps: {
    write: machineStep("write", (context) => {
      context.set("draft", `draft ${context.iteration}`);
    }),
    check_facts: machineStep("check_facts", (context) => {
      context.set("facts_ok", context.iteration >= 2);
    }),
    check_style: machineStep("check_style", (context) => {
      context.set("style_ok", context.iteration >= 3);
    }),
    decide: machineStep("decide", (context) => {
      const good = [context.get("facts_ok"), context.get("style_ok")];
      context.set("scores", good.filter(Boolean).length);
    }),
    publish: machineStep("publish", (context) => {
      context.set("published", context.get("draft"));
    }),
  },
  edges: [
    new Edge("write", "check_facts"),
    new Edge("write", "check_style"),
    new Edge("check_facts", "decide"),
    new Edge("check_style", "decide"),
    new Edge("decide", "publish", { condition: "facts_ok && style_ok" }),
    new Edge("decide", "write", { otherwise: true, label: "try again" }),
  ],
  initialStep: "write",
  terminalSteps: ["publish"],
});

export function main() {
  return runWorkflow(workflow);
}

if (import.meta.main) printInstance(workflow, await main());
