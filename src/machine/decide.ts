import type { GraphNode, WorkflowGraph } from "../graph/workflow-graph.ts";
import { recordAct, recordUserAct } from "./acts.ts";
import type { Actor, Command } from "./command.ts";
import type { Effect } from "./effect.ts";
import { cancelNodes, completeInstance } from "./ending.ts";
import type { MachineEvent } from "./event.ts";
import {
  beginAgain,
  beginPending,
  cancelExecution,
  clearTimer,
  fail,
  failAttempt,
  failure,
  noEdges,
  open,
  skip,
  succeed,
  visitMember,
  visitNode,
} from "./executions.ts";
import { addItem, cancelMembers, closeMap, memberEnded } from "./groups.ts";
import type { InstanceState } from "./instance-state.ts";
import { moveJoins, releaseMutualWaits } from "./joins.ts";
import { isLive } from "./lifecycle.ts";
import { releaseLocks } from "./locks.ts";
import { performOperation } from "./operations.ts";
import { refuseActor } from "./permission.ts";
import { accepted, type Rejection, refuseEnded, reject } from "./rejection.ts";
import { startByEdge } from "./routing.ts";
import type { EpochMs, ExecutionRecord, SignalRecord } from "./state.ts";
import { fireTaskTimer, performTaskCommand } from "./task-commands.ts";
import { Transition } from "./transition.ts";
import { succeedWithData, takeSignalWaiter, useSignal } from "./waits.ts";

/**
 * The heart: what a command means.
 *
 * M1. The same graph, state, command and time give the same events and effects.
 * M2. A rejected command leaves the state as it was.
 * M3. An execution that has ended well never runs again; its edges are decided once.
 * M4. A join starts once for all arrivals that can still come.
 * M5. An instance that has not ended runs something, or waits for something that can still happen.
 * M6. Nothing an ended instance, a lost race or an aborted attempt still says has any effect.
 * M7. The cost of a command is proportional to what it changes.
 */
export function decide(
  graph: WorkflowGraph,
  state: InstanceState,
  command: Command,
  now: EpochMs,
): Decision {
  const t = new Transition(now).reset(graph, state);
  const rejection = decideIn(t, command);
  if (rejection !== undefined) return { ok: false, rejection };
  return { ok: true, events: t.events, effects: t.effects };
}

/**
 * The same for a transition that has just been made or reset: its events and effects come behind
 * those that it has.
 */
export function decideIn(t: Transition, command: Command): Rejection | undefined {
  const rejection = perform(t, command);
  if (rejection === undefined) settle(t);
  return rejection;
}

export type Decision =
  | {
      readonly ok: true;
      readonly events: readonly MachineEvent[];
      readonly effects: readonly Effect[];
    }
  | { readonly ok: false; readonly rejection: Rejection };

function perform(t: Transition, command: Command): Rejection | undefined {
  t.actor = "actor" in command ? command.actor : undefined;
  const refusal = t.actor && refuseActor(t.actor);
  if (refusal !== undefined) return refusal;
  switch (command.type) {
    case "StepSucceeded":
    case "StepFailed":
    case "StepSkipped":
    case "StepReady":
      return performReport(t, command);
    case "Start":
      return start(t);
    case "Cancel":
    case "Pause":
    case "Resume":
    case "Retry":
      return performOperation(t, command);
    default:
      if (t.isOver && !stillMeansSomething(command)) return refuseEnded(t);
      return performMessage(t, command);
  }
}

/** Compensations have timers and may be cut off; tasks, tokens and maps say why they are gone. */
function stillMeansSomething({ type }: Command): boolean {
  return (
    type === "TimerFired" ||
    type === "StepInterrupted" ||
    type.startsWith("Task") ||
    type === "WebhookArrived" ||
    type === "ItemAdded" ||
    type === "MapClosed"
  );
}

function start(t: Transition): Rejection | undefined {
  if (t.state.instance.status !== "pending") return reject("STALE", "The instance has started.");
  t.instance("InstanceStarted", { status: "running" });
  const { user, parent } = t.state.instance;
  if (parent === undefined) recordUserAct(t, "started", { ...t.actor, user });
  visitNode(t, t.graph.nodes[t.graph.initial] as GraphNode, noEdges);
  return accepted;
}

/** Everything that follows from what the command changed. */
export function settle(t: Transition): void {
  do t.drain(startByEdge);
  while (!t.isOver && (moveJoins(t) || releaseMutualWaits(t)));
  updateStatus(t);
}

function updateStatus(t: Transition): void {
  const { instance, active, busy } = t.state;
  if (t.isOver) return;
  if (active === 0) completeInstance(t);
  else if (instance.status !== "paused") {
    const status = busy > 0 ? "running" : "waiting";
    if (status === instance.status) return;
    t.instance(status === "running" ? "InstanceRunning" : "InstanceWaiting", { status });
  }
}

// ------------------------------------------------------------------------------- what code reports

type Report = Extract<
  Command,
  { type: "StepSucceeded" | "StepFailed" | "StepSkipped" | "StepReady" }
>;

/**
 * What the code of a step reports. What an attempt says that is no longer the present one is stale.
 */
function performReport(t: Transition, report: Report): Rejection | undefined {
  const execution = t.state.executions[report.executionId - 1];
  const isCustomGroup = execution !== undefined && t.node(execution).kind === "custom";
  const runs =
    execution?.status === "running" || (isCustomGroup && execution?.status === "waiting");
  if (execution === undefined || !runs || execution.attempt !== report.attempt) {
    return reject("STALE", "This attempt is over; what it reports has no effect.");
  }
  switch (report.type) {
    case "StepSucceeded": {
      if (isCustomGroup) cancelMembers(t, execution, `"${execution.path}" has ended`);
      const unknown = unknownTarget(t, execution, report.targets);
      if (unknown !== undefined) fail(t, execution, unknown);
      else succeed(t, execution, report.result, report.writes, report.targets);
      break;
    }
    case "StepFailed":
      failAttempt(t, execution, report.error, report.retryable, report.random);
      break;
    case "StepSkipped":
      skip(t, execution);
      break;
    default:
      open(t, { ...execution, writes: report.writes });
  }
  return accepted;
}

function unknownTarget(
  t: Transition,
  execution: ExecutionRecord,
  targets: readonly string[] | undefined,
) {
  if (targets === undefined) return undefined;
  const { outgoing } = t.node(execution);
  const names = outgoing
    .map((index) => t.edge(index))
    .filter(({ on }) => on === "success" || on === "always")
    .map(({ target }) => t.state.nodes[target]?.name);
  const wrong = targets.filter((target) => !names.includes(target));
  if (wrong.length === 0) return undefined;
  const named = wrong.map((name) => JSON.stringify(name)).join(", ");
  const message =
    `The gateway "${execution.path}" named ${named}; ` + `its edges lead to ${names.join(", ")}.`;
  return failure(execution, "UNKNOWN_TARGET", message);
}

// ------------------------------------------------------------------------- what comes from outside

type Message = Exclude<
  Command,
  Report | { type: "Start" | "Cancel" | "Pause" | "Resume" | "Retry" }
>;

function performMessage(t: Transition, command: Message): Rejection | undefined {
  switch (command.type) {
    case "TaskCompleted":
    case "TaskClaimed":
    case "TaskReleased":
    case "TaskReassigned":
    case "TaskDelegated":
    case "TaskCommented":
      return performTaskCommand(t, command);
    case "WebhookArrived": {
      const execution = t.state.executions[command.executionId - 1];
      // It may call back before the code that handed the token out has returned.
      if (
        execution === undefined ||
        !(execution.status === "waiting" || execution.status === "running")
      ) {
        return reject("TOKEN_USED", "The webhook was called already, or nothing waits for it.");
      }
      if (execution.status === "running") {
        t.effects.push({ type: "AbortStep", executionId: execution.id });
      }
      succeedWithData(t, execution, command.payload);
      return accepted;
    }
    case "SignalArrived":
      return receiveSignal(t, command);
    case "ChildEnded":
      return endChild(t, command);
    case "TimerFired":
      return fireTimer(t, command.timerId);
    case "StepInterrupted":
      return interrupt(t, command.executionId);
    case "MemberCalled":
      return callMember(t, command);
    case "ItemAdded":
    case "MapClosed":
      return changeMap(t, command);
    default:
      return cancelStep(t, command.path, command.actor);
  }
}

function receiveSignal(
  t: Transition,
  command: Extract<Command, { type: "SignalArrived" }>,
): Rejection | undefined {
  // Its sender's id counts per name, and is never taken for the number of one without.
  const id =
    command.id === undefined
      ? `#${(t.state.signalIds?.size ?? 0) + 1}`
      : JSON.stringify([command.name, command.id]);
  if (t.state.signalIds?.has(id)) return accepted;
  const signal: SignalRecord = { id, name: command.name, data: command.data, usedBy: 0 };
  recordUserAct(t, "signaled", command.actor, { details: { name: command.name } });
  const waiter = takeSignalWaiter(t, command.name);
  if (waiter === undefined) t.signal("SignalStored", signal);
  else useSignal(t, waiter, signal);
  return accepted;
}

function endChild(
  t: Transition,
  { executionId, outcome }: Extract<Command, { type: "ChildEnded" }>,
): Rejection | undefined {
  const execution = t.state.executions[executionId - 1];
  if (execution?.status !== "waiting") return reject("STALE", "Nothing waits for this child.");
  if (outcome.status === "completed") {
    const writes = [...(execution.writes ?? []), ...Object.entries(outcome.output)];
    succeed(t, execution, outcome.output, writes);
  } else if (outcome.status === "failed" && outcome.error?.path === execution.path) {
    // Not the child failed, but what was to be read from it.
    failAttempt(t, execution, outcome.error);
  } else if (outcome.status === "failed") {
    const reason = outcome.error?.message ?? "";
    const message = `The child instance of "${execution.path}" failed: ${reason}`;
    const details = outcome.error === undefined ? {} : { cause: outcome.error };
    failAttempt(t, execution, failure(execution, "CHILD_FAILED", message, details));
  } else {
    const reason = outcome.reason === undefined ? "" : `: ${outcome.reason}`;
    const message = `The child instance of "${execution.path}" was cancelled${reason}.`;
    failAttempt(t, execution, failure(execution, "CHILD_CANCELED", message));
  }
  return accepted;
}

function fireTimer(t: Transition, timerId: string): Rejection | undefined {
  const timer = t.state.timers?.get(timerId);
  if (timer === undefined) return reject("STALE", "The timer was cleared.");
  if (t.state.instance.status === "paused") {
    return reject("PAUSED", "The instance is paused; the timer fires when it goes on.");
  }
  if (timer.fireAt > t.now) return reject("STALE", "The timer is not due yet.");
  t.timer("TimerCleared", timer);
  const execution = t.current(timer.executionId);
  const { kind, timeoutMs, deadlineMs } = t.node(execution);
  const name = `"${execution.path}"`;
  switch (timer.kind) {
    case "timer":
      succeed(t, execution, undefined, execution.writes);
      break;
    case "retry":
      beginAgain(t, execution);
      break;
    case "timeout": {
      const what = kind === "human" ? "was not completed" : "did not end";
      const message = `${name} ${what} within ${timeoutMs} ms (timeoutMs).`;
      failAttempt(t, execution, failure(execution, "STEP_TIMEOUT", message));
      break;
    }
    case "reminder":
    case "escalation":
      fireTaskTimer(t, timer);
      break;
    default: {
      const message = `${name} did not end within ${deadlineMs} ms (deadlineMs).`;
      fail(t, execution, failure(execution, "STEP_DEADLINE", message));
    }
  }
  return accepted;
}

/** The process that ran the code is gone. The attempt counts; the allowance of retries does not. */
function interrupt(t: Transition, executionId: number): Rejection | undefined {
  const execution = t.state.executions[executionId - 1];
  const isLost =
    execution?.status === "running" ||
    (execution?.status === "waiting" && t.node(execution).kind === "custom");
  if (execution === undefined || !isLost) return reject("STALE", "This execution does not run.");
  t.effects.push({ type: "AbortStep", executionId });
  clearTimer(t, "timeout", executionId);
  beginAgain(t, execution, Math.max(execution.lastAttempt, execution.attempt + 1));
  // What waits for the instance to be resumed holds nothing meanwhile.
  if (t.current(executionId).status === "pending") releaseLocks(t, execution);
  return accepted;
}

function callMember(
  t: Transition,
  command: Extract<Command, { type: "MemberCalled" }>,
): Rejection | undefined {
  const group = t.state.executions[command.groupId - 1];
  if (group === undefined || !isLive(group.status)) {
    return reject("STALE", "The group has ended; it can run no more steps.");
  }
  const id = t.state.groups?.get(group.id)?.members[command.call];
  if (id === undefined) {
    const node = t.state.nodes[command.node] as GraphNode;
    visitMember(t, group, node, command.call, command.path);
  } else {
    // Its body has called it: if the instance is paused, it begins when that is resumed.
    t.state.groups?.get(group.id)?.again.delete(command.call);
    beginPending(t, t.current(id));
  }
  const members = t.state.groups?.get(group.id);
  const now = t.current(group.id);
  if (members !== undefined && members.live > 0 && now.status === "running") {
    t.step("StepWaiting", { ...now, status: "waiting" });
  }
  return accepted;
}

function changeMap(
  t: Transition,
  command: Extract<Command, { type: "ItemAdded" | "MapClosed" }>,
): Rejection | undefined {
  const execution = liveAt(t.state, command.path).at(-1);
  const group = execution && t.state.groups?.get(execution.id);
  const isOpen =
    execution?.status === "waiting" &&
    t.node(execution).kind === "map" &&
    !execution.map?.closed &&
    (group?.callback ?? 0) === 0;
  if (!isOpen) {
    return reject(
      "MAP_CLOSED",
      `No map "${command.path}" runs that could take items or be closed.`,
    );
  }
  const type = command.type === "ItemAdded" ? "item-added" : "map-closed";
  recordUserAct(t, type, command.actor, { path: command.path });
  if (command.type === "ItemAdded") addItem(t, execution, command.item);
  else closeMap(t, execution);
  return accepted;
}

function cancelStep(t: Transition, path: string, actor: Actor): Rejection | undefined {
  const { user } = actor;
  const executions = liveAt(t.state, path);
  const reason = user === undefined ? "cancelled by hand" : `cancelled by ${user}`;
  const node = t.graph.nodeByPath.get(path) ?? t.graph.topLevel;
  const isParked = node < t.graph.topLevel && (t.state.joins?.get(node)?.arrivals ?? 0) > 0;
  if (executions.length === 0 && !isParked) {
    return reject("STEP_NOT_ACTIVE", `"${path}" is neither running nor waiting.`);
  }
  recordAct(t, "step-canceled", actor, { path });
  if (node < t.graph.topLevel) {
    cancelNodes(t, new Set([node]), reason);
    return accepted;
  }
  for (const { id } of executions) {
    const execution = t.current(id);
    if (!isLive(execution.status)) continue;
    const canceled = cancelExecution(t, execution, reason, noEdges);
    memberEnded(t, t.current(execution.parent), canceled);
  }
  return accepted;
}

/** The executions of a path that have not ended, oldest first. */
function liveAt(state: InstanceState, path: string): ExecutionRecord[] {
  const found: ExecutionRecord[] = [];
  const look = (ids: Iterable<number | undefined>) => {
    for (const id of ids) {
      const execution = id ? state.execution(id) : undefined;
      if (execution === undefined || !isLive(execution.status)) continue;
      const group = state.groups?.get(execution.id);
      if (execution.path === path) found.push(execution);
      else if (group !== undefined && path.startsWith(`${execution.path}/`)) {
        look([...group.members, group.callback]);
      }
    }
  };
  look(state.live.inOrder());
  return found.sort((a, b) => a.id - b.id);
}
