/** An approval with a deadline: a person and a timer race, and the winner's name says what happened. */
import {
  Edge,
  humanStep,
  machineStep,
  RaceGroup,
  TimerStep,
  WorkflowDefinition,
} from "tandem-workflows";
import { VirtualClock } from "tandem-workflows/testing";
import { withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

const dayMs = 24 * 60 * 60 * 1000;

const approve = humanStep("approve", {
  title: "Approve the expense",
  excludeUsers: (context) => [String(context.user)],
  formSchema: {
    type: "object",
    properties: { approved: { type: "boolean" } },
    required: ["approved"],
  },
});

export const workflow = new WorkflowDefinition({
  name: "expense_with_deadline",
  steps: {
    approval: new RaceGroup([
      approve,
      new TimerStep({ name: "three_days", durationMs: 3 * dayMs }),
    ]),
    pay: machineStep("pay", (context) => context.set("outcome", "paid")),
    refuse: machineStep("refuse", (context) => context.set("outcome", "refused")),
    escalate: machineStep("escalate", (context) => context.set("outcome", "escalated")),
  },
  edges: [
    new Edge("approval", "escalate", {
      condition: (context) => {
        const { winner } = context.result("approval") as { winner: string };
        return winner === "three_days";
      },
      label: "nobody answered",
    }),
    new Edge("approval", "pay", { condition: "has(approve) && approve.approved" }),
    new Edge("approval", "refuse", { otherwise: true }),
  ],
  initialStep: "approval",
  terminalSteps: ["pay", "refuse", "escalate"],
});

/** @param answer what the approver says, and after how many days; nobody answers without it. */
export function main(answer?: { approved: boolean; afterDays: number }) {
  const clock = new VirtualClock();
  return withEngine(
    async (engine) => {
      const { id: instanceId } = await engine.startWorkflow(workflow, { user: "ada" });
      if (answer === undefined) {
        await clock.advance(3 * dayMs);
        return engine.getInstance(instanceId);
      }
      await clock.advance(answer.afterDays * dayMs);
      const data = { approved: answer.approved };
      return engine.completeHumanTask({ instanceId, stepName: "approve", userId: "bob", data });
    },
    { clock },
  );
}

if (import.meta.main) {
  printInstance(workflow, await main({ approved: true, afterDays: 1 }));
  process.stdout.write("\n");
  printInstance(workflow, await main());
}
