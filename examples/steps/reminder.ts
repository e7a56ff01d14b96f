/**
 * A document waits for a signature; every two days the signer is reminded, until it is signed. The
 * reminders are a loop of a timer and a step, which `cancels` stops.
 */
import { Edge, humanStep, machineStep, TimerStep, WorkflowDefinition } from "tandem-workflows";
import { VirtualClock } from "tandem-workflows/testing";
import { withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

export const dayMs = 24 * 60 * 60 * 1000;

export const workflow = new WorkflowDefinition({
  name: "signature",
  reducers: { reminders: "append" },
  steps: {
    send: machineStep("send", (context) => context.set("sent", true)),
    sign: humanStep("sign", {
      title: "Sign the contract",
      assigneeKey: "signer",
      cancels: ["two_days", "remind"],
    }),
    two_days: new TimerStep({ durationMs: 2 * dayMs }),
    remind: machineStep("remind", (context) => {
      context.set("reminders", `reminder ${context.iteration} to ${context.get("signer")}`);
    }),
    file: machineStep("file", (context) => context.set("filed", true)),
  },
  edges: [
    new Edge("send", "sign"),
    new Edge("send", "two_days"),
    new Edge("two_days", "remind"),
    new Edge("remind", "two_days"),
    new Edge("sign", "file"),
  ],
  initialStep: "send",
  terminalSteps: ["file"],
});

/** @param afterDays when the signer signs. The clock of the example only moves when it is told. */
export function main(afterDays = 5) {
  const clock = new VirtualClock();
  return withEngine(
    async (engine) => {
      const initialData = { signer: "ada" };
      const { id: instanceId } = await engine.startWorkflow(workflow, { initialData });
      await clock.advance(afterDays * dayMs);
      return engine.completeHumanTask({ instanceId, stepName: "sign", userId: "ada" });
    },
    { clock },
  );
}

if (import.meta.main) printInstance(workflow, await main());
