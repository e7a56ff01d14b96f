/**
 * Groups nest: a sequence beside an interleaved group, and a branch that is chosen by the data. Each
 * member has a path, such as `prepare/account/create_mailbox`.
 */
import {
  ConditionalGroup,
  Edge,
  InterleavedGroup,
  machineStep,
  ParallelGroup,
  SequentialGroup,
  WorkflowDefinition,
} from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer } from "../support/simulated-service.ts";

const task = (name: string) =>
  machineStep(name, async (context) => {
    await answer("done", { ms: 20, signal: context.signal });
    context.set("done", name);
  });

export const workflow = new WorkflowDefinition({
  name: "onboarding",
  reducers: { done: "append" },
  steps: {
    prepare: new ParallelGroup([
      new SequentialGroup([task("create_user"), task("create_mailbox")], { name: "account" }),
      // There is one fitting room: these come one at a time.
      new InterleavedGroup([task("fit_shoes"), task("fit_jacket")], { name: "clothes" }),
    ]),
    train: new ConditionalGroup(
      {
        driver: new SequentialGroup([task("check_licence"), task("drive")]),
        packer: task("lift"),
      },
      (context) => {
        const role = context.get("role");
        return role === "driver" || role === "packer" ? role : undefined;
      },
    ),
  },
  edges: [new Edge("prepare", "train")],
  initialStep: "prepare",
  terminalSteps: ["train"],
});

export function main(role = "driver") {
  return runWorkflow(workflow, { role });
}

if (import.meta.main) printInstance(workflow, await main());
