import type { RecordedError } from "../errors.ts";
import type { GraphNode } from "../graph/workflow-graph.ts";
import { startCompensation } from "./compensation.ts";
import { cancelArrivals, cancelExecution } from "./executions.ts";
import { routeCancel } from "./routing.ts";
import type { ExecutionRecord, InstanceRecord } from "./state.ts";
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
  for (const id of t.state.live.inOrder()) cancelExecution(t, t.current(id), reason);
}

/**
 * Cancels what is active at these top-level nodes, arrivals that wait there included. All of it
 * goes before any edge for that is taken, so that what starts then stays.
 */
export function cancelNodes(t: Transition, nodes: ReadonlySet<number>, reason: string): void {
  const canceled: ExecutionRecord[] = [];
  for (const id of t.state.live.inOrder()) {
    const execution = t.current(id);
    if (execution.compensates === 0 && nodes.has(execution.node)) {
      canceled.push(cancelExecution(t, execution, reason));
    }
  }
  for (const edge of t.withdrawArrivals(nodes)) {
    const { target, alone } = t.edge(edge);
    canceled.push(cancelArrivals(t, t.state.nodes[target] as GraphNode, alone, reason));
  }
  for (const index of [...nodes].sort((a, b) => a - b)) {
    const join = t.state.joins?.get(index);
    if (join === undefined || join.arrivals === 0) continue;
    canceled.push(cancelArrivals(t, join.node, unusedArrivals(t, join.node), reason));
  }
  for (const execution of canceled) routeCancel(t, execution);
}

function unusedArrivals(t: Transition, node: GraphNode): number[] {
  const tokens = t.state.tokens ?? [];
  return node.incoming.flatMap((edge) => new Array<number>(tokens[edge] ?? 0).fill(edge));
}
