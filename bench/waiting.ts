/** Instances that wait for people, and what is asked of them. */
import { Edge, humanStep, WorkflowDefinition } from "tandem-workflows";
import { settingStep } from "./workflows.ts";

export const TASK_COUNT = 100_000;
export const TASK_GROUPS = 20;
export const TASK_PAGE = 50;

/** A task for one of some groups of people, and a step after it. */
export function decision(onDecided: (instanceId: string) => void = () => {}) {
  const after = settingStep("after");
  const { execute } = after;
  after.execute = (context) => {
    onDecided(context.instanceId);
    return execute.call(after, context);
  };
  return new WorkflowDefinition({
    name: "decision",
    version: "1.0.0",
    steps: {
      decide: humanStep("decide", {
        title: "Decide",
        candidateGroups: (context) => [`group_${context.get("group")}`],
        formSchema: {
          type: "object",
          properties: { approved: { type: "boolean" } },
          required: ["approved"],
        },
      }),
      after,
    },
    edges: [new Edge("decide", "after")],
    initialStep: "decide",
    terminalSteps: ["after"],
  });
}
