/** Instances that ten people are to approve side by side. */
import { humanStep, ParallelGroup, WorkflowDefinition } from "tandem-workflows";

export const APPROVALS = 10;

/** A task as processes tell each other of it. */
export interface Approval {
  readonly instanceId: string;
  readonly approver: string;
}

export function approvals() {
  const people = Array.from({ length: APPROVALS }, (_, index) =>
    humanStep(`approver_${index}`, {
      assignee: `approver_${index}`,
      formSchema: {
        type: "object",
        properties: { approved: { type: "boolean" } },
        required: ["approved"],
      },
    }),
  );
  return new WorkflowDefinition({
    name: "approvals",
    version: "1.0.0",
    steps: { all: new ParallelGroup(people) },
    initialStep: "all",
    terminalSteps: ["all"],
  });
}
