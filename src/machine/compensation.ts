import { endInstance } from "./ending.ts";
import { begin, newExecution } from "./executions.ts";
import type { InstanceState } from "./instance-state.ts";
import type { InstanceRecord } from "./state.ts";
import type { Transition } from "./transition.ts";

/**
 * Undoing: `compensate` of every step that succeeded runs, one at a time, latest first. A
 * compensation is an execution of its own that names the one it undoes; one that fails does not
 * stop the others.
 */

/** Starts to compensate if the definition asks for it and there is something to undo. */
export function startCompensation(
  t: Transition,
  outcome: "failed" | "canceled",
  change: Partial<InstanceRecord>,
): boolean {
  if (!t.graph.definition.compensate) return false;
  t.state.toCompensate = findWork(t.state);
  if (t.state.toCompensate.length === 0) return false;
  t.instance("InstanceCompensating", { ...change, status: "running", compensating: outcome });
  continueCompensation(t);
  return true;
}

/** Undoes the next step, or ends the instance. */
export function continueCompensation(t: Transition): void {
  t.state.toCompensate ??= findWork(t.state);
  const id = t.state.toCompensate.pop();
  if (id === undefined) {
    endInstance(t, t.state.instance.compensating ?? "failed", {});
    return;
  }
  const undone = t.current(id);
  begin(
    t,
    newExecution(t, {
      node: t.node(undone),
      path: undone.path,
      parent: 0,
      position: undone.position,
      iteration: undone.iteration,
      arrivals: [],
      roundOpen: false,
      compensates: id,
    }),
  );
}

/** Executions to undo, in the order in which they ended. */
function findWork(state: InstanceState): number[] {
  const done = new Set(state.executions.map(({ compensates }) => compensates));
  return state.executions
    .filter((execution) => {
      if (execution.status !== "succeeded" || execution.compensates !== 0) return false;
      const { source } = state.node(execution);
      return "compensate" in source && source.compensate !== undefined && !done.has(execution.id);
    })
    .sort((a, b) => a.order - b.order)
    .map(({ id }) => id);
}
