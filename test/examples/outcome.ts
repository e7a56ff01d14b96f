import type { WorkflowInstance } from "tandem-workflows";

/** What is the same at every run: the status, the data, and how each execution ended. */
export function outcomeOf({ status, data, steps }: WorkflowInstance) {
  return {
    status,
    data,
    steps: steps.map((step) => {
      const pass = step.iteration > 1 ? ` #${step.iteration}` : "";
      const tries = step.attempt > 1 ? ` (attempt ${step.attempt})` : "";
      return `${step.path}${pass}${tries}: ${step.status}`;
    }),
  };
}

/** Whether one execution started before the other had ended. */
export function overlap(instance: WorkflowInstance, a: string, b: string): boolean {
  const [first, second] = [a, b].map((path) => instance.steps.find((step) => step.path === path));
  const startOf = (step = first) => step?.startedAt ?? Number.NaN;
  const endOf = (step = first) => step?.endedAt ?? Number.NaN;
  return startOf(first) < endOf(second) && startOf(second) < endOf(first);
}
