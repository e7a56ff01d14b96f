import type { SignalStep } from "../definition/wait-steps.ts";
import type { GraphNode, WorkflowGraph } from "../graph/workflow-graph.ts";
import type { UpgradeCommand } from "./command.ts";
import { type Decision, settle } from "./decide.ts";
import { beginPending } from "./executions.ts";
import { continueGroup } from "./groups.ts";
import type { InstanceState } from "./instance-state.ts";
import { isEnded } from "./lifecycle.ts";
import { beginHeldStarts } from "./operations.ts";
import { type Rejection, refuseEnded, reject } from "./rejection.ts";
import { restore } from "./restore.ts";
import type { EpochMs, ExecutionRecord } from "./state.ts";
import { Transition } from "./transition.ts";
import { type PlannedUpgrade, planUpgrade, type UpgradeOutline } from "./upgrade-plan.ts";
import { useSignal } from "./waits.ts";

/**
 * Moves an instance of which nothing runs to another version of its definition.
 *
 * U1. What has ended stays as it ended: an upgrade changes no data, no result and no error, and
 *     what succeeded does not run again.
 * U2. What goes on does so in a step of the same kind at the same place in its group, and every
 *     arrival that waits has an edge that it came by; otherwise the upgrade is refused.
 * U3. To a definition of the same shape, an upgrade changes nothing but the version.
 * U4. What the new version makes of joins and groups that wait is decided in the same command.
 */
export function upgrade(
  graph: WorkflowGraph,
  state: InstanceState,
  after: WorkflowGraph,
  command: UpgradeCommand,
  now: EpochMs,
): UpgradeDecision {
  const t = new Transition(now).reset(graph, state);
  const outcome = upgradeIn(t, after, command);
  const rejection = isRejection(outcome) ? outcome : refusalOf(state, outcome);
  if (rejection !== undefined) return { ok: false, rejection };
  return { ok: true, state: t.state, events: t.events, effects: t.effects };
}

export type UpgradeDecision =
  | (Extract<Decision, { ok: true }> & {
      /** What stands in the place of the state before, which is not changed. */
      readonly state: InstanceState;
    })
  | Extract<Decision, { ok: false }>;

/** What an upgrade does. Where there are problems, it was not done. */
export interface Upgrade extends UpgradeOutline {
  /** Paths of what starts with it, because a join or a group no longer waits. */
  readonly starts: readonly string[];
}

/**
 * The same in a transition that has just been made or reset: it has the new graph and the new state
 * afterwards.
 */
export function upgradeIn(
  t: Transition,
  after: WorkflowGraph,
  command: UpgradeCommand,
): Upgrade | Rejection {
  const { status } = t.state.instance;
  if (isEnded(status) && status !== "failed") return refuseEnded(t);
  const plan = planUpgrade(t.graph, t.state, after, command.steps);
  const { from, to, moves, history, warnings, problems } = plan;
  const outline: UpgradeOutline = { from, to, moves, history, warnings, problems };
  if (problems.length > 0) return { ...outline, starts: [] };
  const { graph, state: before } = t;
  const eventsFrom = t.events.length;
  t.reset(after, restoreAfter(after, before, plan));
  record(t, before, plan, command);
  if (!t.isOver) goOn(t, graph, before);
  settle(t);
  return { ...outline, starts: startedSince(t, before.executions.length, eventsFrom) };
}

export function isRejection(outcome: Upgrade | Rejection): outcome is Rejection {
  return "code" in outcome;
}

/** Why it was not done; undefined if it was. */
export function refusalOf(
  { instance }: InstanceState,
  { problems, to }: UpgradeOutline,
): Rejection | undefined {
  if (problems.length === 0) return undefined;
  const list = problems.map(({ message }) => `  - ${message}`).join("\n");
  const message = `Instance "${instance.id}" cannot go on in version ${to}:\n${list}`;
  return reject("UPGRADE_REFUSED", message);
}

function restoreAfter(
  after: WorkflowGraph,
  before: InstanceState,
  { rows }: PlannedUpgrade,
): InstanceState {
  const state = restore(after, rows);
  // Those of used signals count too.
  state.signalIds = before.signalIds && new Set(before.signalIds);
  return state;
}

/** The state has the new records already: the events are for whoever keeps them. */
function record(
  t: Transition,
  before: InstanceState,
  { clearedTimers, from, to }: PlannedUpgrade,
  { steps, actor }: UpgradeCommand,
): void {
  const { events, state } = t;
  events.push({ type: "InstanceUpgraded", instance: state.instance });
  for (const execution of state.executions) {
    if (isChanged(before.execution(execution.id), execution)) {
      events.push({ type: "StepUpgraded", execution, committed: undefined });
    }
  }
  for (const task of state.tasks?.values() ?? []) {
    if (before.tasks?.get(task.id)?.path !== task.path) events.push({ type: "TaskChanged", task });
  }
  for (const timer of clearedTimers) events.push({ type: "TimerCleared", timer });
  t.act({
    type: "upgraded",
    at: t.now,
    user: actor.user,
    onBehalfOf: actor.onBehalfOf,
    through: actor.through,
    path: undefined,
    taskId: undefined,
    details: { from, to, steps },
  });
}

function isChanged(before: ExecutionRecord, after: ExecutionRecord): boolean {
  return (
    before.path !== after.path ||
    before.node !== after.node ||
    before.roundOpen !== after.roundOpen ||
    before.writes !== after.writes ||
    before.reduced !== after.reduced ||
    !isSameList(before.arrivals, after.arrivals) ||
    !isSameList(before.taken, after.taken)
  );
}

function isSameList(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((each, place) => each === b[place]);
}

/** What waited by the rules of the old version, and does not by those of the new. */
function goOn(t: Transition, graph: WorkflowGraph, before: InstanceState): void {
  const { unserved } = t.state;
  t.state.unserved = [];
  for (const edge of unserved) t.arrive(edge);
  const waiting = t.state.executions.filter(({ status }) => status === "waiting");
  for (const execution of waiting) {
    const node = t.node(execution);
    const old = before.nodes[before.execution(execution.id).node] as GraphNode;
    if (node.kind === "signal") useKeptSignal(t, execution, node.source as SignalStep, old);
    else if (countsOtherwise(node, old)) continueGroup(t, execution);
  }
  if (t.state.instance.status !== "paused") passOnLocks(t, graph, before);
  if (t.state.hasHeldStarts) beginHeldStarts(t);
}

/** A signal that came for the name that the step has now counts, as one that came before it. */
function useKeptSignal(
  t: Transition,
  { id }: ExecutionRecord,
  step: SignalStep,
  old: GraphNode,
): void {
  if (step.transient || (old.source as SignalStep).signal === step.signal) return;
  const kept = t.state.signals.find(({ name }) => name === step.signal);
  if (kept !== undefined) useSignal(t, t.current(id), kept);
}

function countsOtherwise(node: GraphNode, old: GraphNode): boolean {
  const required = (each: GraphNode): unknown => Reflect.get(each.source, "required");
  return node.members.length !== old.members.length || required(node) !== required(old);
}

/** Who waited for a mutex that the new version does not have would wait for ever. */
function passOnLocks(t: Transition, graph: WorkflowGraph, before: InstanceState): void {
  const isOther = graph.nodes.some(({ mutex }) => mutex !== undefined);
  if (!isOther) return;
  const pending = t.state.executions.filter(({ id, status, parent, position }) => {
    const isInLine = !t.state.groups?.get(parent)?.again.has(position);
    return status === "pending" && isInLine && mutexBefore(before, id) !== mutexNow(t, id);
  });
  for (const { id } of pending.sort((a, b) => a.order - b.order)) {
    if (t.current(id).status === "pending") beginPending(t, t.current(id));
  }
}

const mutexBefore = (before: InstanceState, id: number) => before.node(before.execution(id)).mutex;
const mutexNow = (t: Transition, id: number) => t.node(t.current(id)).mutex;

function startedSince(t: Transition, count: number, eventsFrom: number): string[] {
  const paths = new Set<string>();
  for (const event of t.events.slice(eventsFrom)) {
    if ("execution" in event && event.execution.id > count) paths.add(event.execution.path);
  }
  return [...paths];
}
