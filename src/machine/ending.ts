import type { RecordedError } from "../errors.ts";
import type { GraphNode } from "../graph/workflow-graph.ts";
import { startCompensation } from "./compensation.ts";
import { cancelExecution } from "./executions.ts";
import { cancelAlone, cancelWaiting } from "./routing.ts";
import type { InstanceRecord } from "./state.ts";
import type { Transition } from "./transition.ts";

/** How an instance ends, and how parts of it are stopped before that. */

export function failInstance(t: Transition, error: RecordedError): void {
  if (t.isOver) return;
  stopAll(t, `the instance failed: ${error.message}`);
  if (!startCompensation(t, "failed", { error })) endInstance(t, "failed", { error });
}

export function cancelInstance(t: Transition, reason: string | undefined): void {
  stopAll(t, reason ?? "the instance was cancelled");
  if (!startCompensation(t, "canceled", { reason })) endInstance(t, "canceled", { reason });
}

/** A terminal step with `terminate` was reached, or nothing is left to do. */
export function completeInstance(t: Transition, by?: string): void {
  stopAll(t, by === undefined ? "the instance was completed" : `"${by}" ended the instance`);
  endInstance(t, "completed", {});
}

const endEvents = {
  completed: "InstanceCompleted",
  failed: "InstanceFailed",
  canceled: "InstanceCanceled",
} as const;

export function endInstance(
  t: Transition,
  status: keyof typeof endEvents,
  change: Partial<InstanceRecord>,
): void {
  t.instance(endEvents[status], { ...change, status, endedAt: t.now, compensating: undefined });
}

/** Stops whatever goes on; the edges of what is stopped stay undecided, for a retry. */
function stopAll(t: Transition, reason: string): void {
  t.halted = true;
  for (const id of [...t.state.live]) cancelExecution(t, t.current(id), reason);
}

/** Cancels what is active at these top-level nodes, arrivals that wait there included. */
export function cancelNodes(t: Transition, nodes: ReadonlySet<number>, reason: string): void {
  for (const id of [...t.state.live]) {
    const execution = t.current(id);
    if (execution.compensates === 0 && nodes.has(execution.node)) cancelAlone(t, execution, reason);
  }
  const parked = [...(t.state.joins?.values() ?? [])].filter(
    (join) => join.arrivals > 0 && nodes.has(join.node.index),
  );
  for (const { node } of parked) cancelWaiting(t, node, unusedArrivals(t, node), reason);
}

function unusedArrivals(t: Transition, node: GraphNode): number[] {
  const tokens = t.state.tokens ?? [];
  return node.incoming.flatMap((edge) => new Array<number>(tokens[edge] ?? 0).fill(edge));
}
