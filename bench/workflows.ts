/** The workflows that several stores are measured with. Their steps set one key. */
import {
  Edge,
  machineStep,
  ParallelGroup,
  WorkflowDefinition,
  type WorkflowNode,
} from "tandem-workflows";

export function settingStep(name: string) {
  return machineStep(name, async (context) => {
    context.set(name, 1);
  });
}

export function settingSteps(count: number) {
  return Array.from({ length: count }, (_, index) => settingStep(`step_${index}`));
}

export function byName(
  steps: readonly ReturnType<typeof settingStep>[],
): Record<string, WorkflowNode> {
  return Object.fromEntries(steps.map((step) => [step.name, step]));
}

/** Steps one after another. */
export function chain(length: number) {
  const steps = settingSteps(length);
  const names = steps.map(({ name }) => name);
  const edges = names.slice(1).map((name, index) => new Edge(names[index] ?? "", name));
  return new WorkflowDefinition({
    name: "chain",
    version: "1.0.0",
    steps: byName(steps),
    edges,
    initialStep: names[0] ?? "",
    terminalSteps: names.slice(-1),
  });
}

/** Steps side by side, with the joining step as its callback. */
export function group(count: number) {
  return new WorkflowDefinition({
    name: "group",
    version: "1.0.0",
    steps: {
      first: settingStep("first"),
      all: new ParallelGroup(settingSteps(count), { callback: settingStep("join") }),
    },
    edges: [new Edge("first", "all")],
    initialStep: "first",
    terminalSteps: ["all"],
  });
}
