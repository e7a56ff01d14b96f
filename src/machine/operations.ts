import type { GraphNode } from "../graph/workflow-graph.ts";
import { detailsOf, recordAct } from "./acts.ts";
import type { Command } from "./command.ts";
import { cancelInstance } from "./ending.ts";
import { beginPending, noEdges, rerun, visitNode } from "./executions.ts";
import type { InstanceState } from "./instance-state.ts";
import { touch } from "./join-state.ts";
import { accepted, type Rejection, refuseEnded, reject } from "./rejection.ts";
import { routeAgain } from "./routing.ts";
import type { ExecutionRecord } from "./state.ts";
import type { Transition } from "./transition.ts";

/** What operators want of an instance as a whole. */
type Operation = Extract<Command, { type: "Cancel" | "Pause" | "Resume" | "Retry" }>;

export function performOperation(t: Transition, command: Operation): Rejection | undefined {
  const { actor } = command;
  if (command.type === "Retry") return retry(t, command);
  if (t.isOver) return refuseEnded(t);
  const { status } = t.state.instance;
  switch (command.type) {
    case "Cancel":
      recordAct(t, "canceled", actor, { details: detailsOf({ reason: command.reason }) });
      cancelInstance(t, command.reason);
      break;
    case "Pause":
      if (status !== "paused") {
        recordAct(t, "paused", actor);
        t.instance("InstancePaused", { status: "paused" });
        t.effects.push({ type: "PauseChildren" });
      }
      break;
    default:
      if (status === "paused") {
        recordAct(t, "resumed", actor);
        resume(t);
      }
  }
  return accepted;
}

function resume(t: Transition): void {
  t.instance("InstanceResumed", { status: t.state.busy > 0 ? "running" : "waiting" });
  t.effects.push({ type: "ResumeChildren" });
  const pending = pendingExecutions(t.state);
  for (const { id } of pending) {
    const execution = t.current(id);
    if (execution.status === "pending") beginPending(t, execution);
  }
}

/** What could not start while the instance was paused, or waits for a lock, in order. */
function pendingExecutions(state: InstanceState): ExecutionRecord[] {
  return state.executions
    .filter(({ status, parent, position }) => {
      return status === "pending" && !state.groups?.get(parent)?.again.has(position);
    })
    .sort((a, b) => a.order - b.order);
}

function retry(
  t: Transition,
  { from, actor }: Extract<Command, { type: "Retry" }>,
): Rejection | undefined {
  const { instance, executions } = t.state;
  if (instance.status !== "failed") {
    return reject(
      "INSTANCE_NOT_FAILED",
      `Only a failed instance can be retried; instance "${instance.id}" is ${instance.status}.`,
    );
  }
  const node = from === undefined ? undefined : t.graph.nodeByPath.get(from);
  if (from !== undefined && (node === undefined || node >= t.graph.topLevel)) {
    return reject("UNKNOWN_STEP", `"${from}" is no step of workflow "${instance.workflow}".`);
  }
  if (executions.some(({ compensates }) => compensates !== 0)) {
    return reject("INSTANCE_NOT_FAILED", "What the instance had done was undone by compensation.");
  }
  recordAct(t, "retried", actor, { path: from });
  t.instance("InstanceRetried", { status: "running", error: undefined, endedAt: undefined });
  const undecided = executions.filter(({ taken }) => taken === undefined);
  if (node === undefined) retryAll(t, undecided);
  else retryFrom(t, t.graph.nodes[node] as GraphNode, undecided);
  for (const join of t.state.joins?.values() ?? []) touch(t.state, join);
  return accepted;
}

/**
 * What could not be decided is decided again; only if that goes well, what was cut off runs again.
 */
function retryAll(t: Transition, undecided: readonly ExecutionRecord[]): void {
  const isToRun = ({ status, error }: ExecutionRecord) =>
    status === "failed" || error?.code === "CUT_OFF";
  for (const execution of undecided) if (!isToRun(execution)) routeAgain(t, execution);
  if (t.isOver) return;
  const { unserved } = t.state;
  t.state.unserved = [];
  for (const edge of unserved) t.arrive(edge);
  for (const execution of undecided) if (isToRun(execution)) rerun(t, execution);
}

/** Only the named step runs, afresh: what was cut off is left behind. */
function retryFrom(t: Transition, node: GraphNode, undecided: readonly ExecutionRecord[]): void {
  for (const { id } of undecided) t.step("StepRouted", { ...t.current(id), taken: noEdges });
  const { unserved } = t.state;
  t.state.unserved = [];
  for (const edge of unserved) {
    // The source may have been visited again since then.
    const source = t.state.executions.findLast(({ taken }) => taken?.includes(edge));
    const taken = source?.taken?.filter((other) => other !== edge);
    if (source !== undefined) t.step("StepRouted", { ...source, taken });
  }
  visitNode(t, node, noEdges);
}
