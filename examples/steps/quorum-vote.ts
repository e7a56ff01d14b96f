/** A vote: two of three board members must agree, and one "veto" ends it. The rest need not vote. */
import { Edge, humanStep, machineStep, QuorumGroup, WorkflowDefinition } from "tandem-workflows";
import { withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

const ballot = (name: string) =>
  humanStep(name, {
    title: "Merge with the other company?",
    assignee: name,
    formSchema: {
      type: "object",
      properties: { vote: { enum: ["yes", "no", "veto"] } },
      required: ["vote"],
    },
  });

export const workflow = new WorkflowDefinition({
  name: "board_decision",
  steps: {
    vote: new QuorumGroup([ballot("ada"), ballot("bob"), ballot("cy")], {
      required: 2,
      counts: ({ vote }) => vote === "yes",
      veto: ({ vote }) => vote === "veto",
    }),
    carried: machineStep("carried", (context) => context.set("decision", "carried")),
    rejected: machineStep("rejected", (context) => {
      context.set("decision", "rejected");
      context.set("because", context.error()?.code);
    }),
  },
  edges: [new Edge("vote", "carried"), new Edge("vote", "rejected", { on: "failure" })],
  initialStep: "vote",
  terminalSteps: ["carried", "rejected"],
});

/** @param votes in the order in which they are cast. */
export function main(votes: Readonly<Record<string, string>> = { cy: "yes", ada: "yes" }) {
  return withEngine(async (engine) => {
    const { id: instanceId } = await engine.startWorkflow(workflow);
    for (const [userId, vote] of Object.entries(votes)) {
      await engine.completeHumanTask({ instanceId, stepName: userId, userId, data: { vote } });
    }
    return engine.getInstance(instanceId);
  });
}

if (import.meta.main) {
  printInstance(workflow, await main());
  process.stdout.write("\n");
  printInstance(workflow, await main({ bob: "veto" }));
}
