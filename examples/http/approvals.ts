/** What the applications in this folder share: a workflow with a person in it, and who asks. */
import {
  Edge,
  humanStep,
  LocalExecutionEngine,
  machineStep,
  WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import type { Principal } from "tandem-workflows/http";

const purchase = new WorkflowDefinition({
  name: "purchase",
  steps: {
    approve: humanStep("approve", {
      title: "Approve the purchase",
      candidateGroups: ["buyers"],
      formSchema: {
        type: "object",
        properties: { approved: { type: "boolean" } },
        required: ["approved"],
      },
    }),
    order: machineStep("order", (context) => context.set("ordered", true)),
  },
  edges: [new Edge("approve", "order", { condition: "approve.approved" })],
  initialStep: "approve",
  terminalSteps: ["approve", "order"],
});

export function createEngine(): LocalExecutionEngine {
  const registry = new WorkflowRegistry();
  registry.registerDefinition(purchase);
  return new LocalExecutionEngine(registry);
}

/** Stands in for the sessions of an application: a real one looks its cookie or token up. */
const sessions: Readonly<Record<string, Principal>> = {
  "Bearer ann's session": { user: "ann", groups: ["buyers"] },
  "Bearer bob's session": { user: "bob" },
};

export function authenticate(request: Request): Principal | undefined {
  return sessions[request.headers.get("authorization") ?? ""];
}

/** A server that listens on this machine, and what ends it. */
export interface RunningServer {
  readonly url: string;
  close(): Promise<void>;
}
