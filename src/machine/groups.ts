import type { ConditionalGroup, FailureMode, MapGroup, Outcome } from "../definition/group.ts";
import type { RecordedError } from "../errors.ts";
import type { GraphNode } from "../graph/workflow-graph.ts";
import { toJson } from "../json.ts";
import { groupOf, logEarlier, openCallbackLog } from "./apply.ts";
import { ContextView } from "./context-view.ts";
import {
  beginAgain,
  beginPending,
  cancelExecution,
  failAttempt,
  failure,
  noEdges,
  skip,
  succeed,
  visitMember,
} from "./executions.ts";
import type { GroupState } from "./instance-state.ts";
import { isLive } from "./lifecycle.ts";
import type { ExecutionRecord } from "./state.ts";
import type { Transition } from "./transition.ts";

/** Groups: which members start, and what their ends mean for the group. */

/** Options that some kinds of group have. */
interface GroupOptions {
  readonly maxConcurrent?: number;
  readonly failure?: FailureMode;
  readonly required?: number;
  readonly settle?: "success" | "first";
}

const optionsOf = (node: GraphNode) => node.source as GroupOptions;

// ----------------------------------------------------------------------------------------- opening

/** The members start; in a further attempt, those that failed or were cancelled run again. */
export function openGroup(t: Transition, execution: ExecutionRecord, node: GraphNode): void {
  const waiting: ExecutionRecord = { ...execution, status: "waiting" };
  const group = groupOf(t.state, execution.id);
  if (group.members.length > 0 || group.callback !== 0) {
    t.step("StepWaiting", waiting);
    if (decideQuorum(t, waiting, node, undecidedAgain(t, waiting, node))) return;
    prepareAgain(t, group);
    advance(t, waiting);
    return;
  }
  if (node.kind === "conditional") {
    openBranch(t, waiting, node);
  } else if (node.kind === "map") {
    openMap(t, waiting, node);
  } else {
    t.step("StepWaiting", waiting);
    openMembers(t, waiting, node);
  }
}

/** A group that waits may have other members, or need other numbers of them, than before. */
export function continueGroup(t: Transition, { id }: ExecutionRecord): void {
  const execution = t.current(id);
  const isOpen = execution.status === "waiting" && groupOf(t.state, id).callback === 0;
  if (isOpen) openMembers(t, execution, t.node(execution));
}

function openMembers(t: Transition, execution: ExecutionRecord, node: GraphNode): void {
  if (!decideQuorum(t, execution, node, undecided(t, execution, node))) advance(t, execution);
}

/** How many members have not ended. */
function undecided(t: Transition, execution: ExecutionRecord, node: GraphNode): number {
  const { succeeded, failed, passed } = groupOf(t.state, execution.id);
  return sizeOf(execution, node) - succeeded - failed - passed;
}

/** How many will run in a further attempt: all but those that succeeded or were skipped. */
function undecidedAgain(t: Transition, execution: ExecutionRecord, node: GraphNode): number {
  const { members } = groupOf(t.state, execution.id);
  const done = members.filter((id) => {
    const status = id === undefined ? undefined : t.current(id).status;
    return status === "succeeded" || status === "skipped";
  });
  return sizeOf(execution, node) - done.length;
}

function openBranch(t: Transition, execution: ExecutionRecord, node: GraphNode): void {
  const { choose } = node.source as ConditionalGroup;
  const name = callFunction(t, execution, "choose", choose);
  if (name instanceof FunctionFailure) return;
  if (name === undefined || name === null) {
    skip(t, execution);
    return;
  }
  const position = node.members.findIndex((index) => t.state.nodes[index]?.name === name);
  if (position < 0) {
    const branches = node.members.map((index) => t.state.nodes[index]?.name).join(", ");
    const chosen = JSON.stringify(name);
    const message = `"${execution.path}" chose ${chosen}; its branches are ${branches}.`;
    failAttempt(t, execution, failure(execution, "UNKNOWN_BRANCH", message));
    return;
  }
  t.step("StepWaiting", execution);
  startMember(t, execution, node, position);
}

function openMap(t: Transition, execution: ExecutionRecord, node: GraphNode): void {
  const { items: source } = node.source as MapGroup;
  const read = typeof source === "string" ? (context: ContextView) => context.get(source) : source;
  const readJson = (context: ContextView) => {
    const value = read(context);
    return value === undefined ? undefined : toJson(value, `The items of "${execution.path}"`);
  };
  const items = execution.map?.items ?? callFunction(t, execution, "items", readJson);
  if (items instanceof FunctionFailure) return;
  if (!Array.isArray(items)) {
    const found = JSON.stringify(items) ?? String(items);
    const message = `The items of "${execution.path}" must be a list; found ${found}.`;
    failAttempt(t, execution, failure(execution, "NOT_A_LIST", message));
    return;
  }
  const waiting = { ...execution, map: { items, closed: false } };
  t.step("StepWaiting", waiting);
  openMembers(t, waiting, node);
}

class FunctionFailure {}

/** Calls a pure function of the definition; if it throws, the group fails. */
function callFunction<Value>(
  t: Transition,
  execution: ExecutionRecord,
  name: string,
  call: (context: ContextView) => Value,
): Value | FunctionFailure {
  try {
    return call(new ContextView(t.graph, t.state, execution));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const message = `\`${name}\` of "${execution.path}" threw: ${reason}`;
    failAttempt(t, execution, failure(execution, "FUNCTION_FAILED", message));
    return new FunctionFailure();
  }
}

/** In a further attempt of a group, members that failed or were cancelled run again. */
export function prepareAgain(t: Transition, group: GroupState): void {
  const isClosed = t.current(group.executionId).map?.closed ?? false;
  for (const id of group.members) {
    const member = id === undefined ? undefined : t.current(id);
    if (member?.status !== "failed" && member?.status !== "canceled") continue;
    if (isClosed) continue;
    const allowance = t.node(member).retry?.maxAttempts ?? 1;
    t.step("StepPending", {
      ...member,
      status: "pending",
      attempt: member.attempt + 1,
      lastAttempt: member.attempt + allowance,
      startedAt: undefined,
      endedAt: undefined,
      order: t.state.order + 1,
    });
    group.again.add(member.position);
  }
}

// --------------------------------------------------------------------------------------- advancing

/** Starts members as places are free; when all have ended, so does the group. */
function advance(t: Transition, execution: ExecutionRecord): void {
  const node = t.node(execution);
  const group = groupOf(t.state, execution.id);
  if (node.kind === "custom" || group.filling) return;
  const places = node.kind === "sequential" ? 1 : (optionsOf(node).maxConcurrent ?? Infinity);
  if (execution.map?.closed) return finishMembers(t, execution, node);
  group.filling = true;
  while (group.live - group.again.size < places) {
    const [pending] = group.again;
    if (node.kind === "sequential") logEarlier(t.state, group, pending ?? group.next);
    if (pending !== undefined) {
      group.again.delete(pending);
      beginPending(t, t.current(group.members[pending] as number));
    } else if (group.next < sizeOf(execution, node)) {
      startMember(t, execution, node, group.next);
    } else {
      break;
    }
    const isOpen = t.current(execution.id).status === "waiting";
    if (!isOpen || isCallbackLive(t, group)) break;
  }
  group.filling = false;
  if (isCallbackLive(t, group)) return;
  const now = t.current(execution.id);
  if (group.live === 0 && now.status === "waiting") finishMembers(t, now, node);
}

function isCallbackLive(t: Transition, { callback }: GroupState): boolean {
  return callback !== 0 && isLive(t.current(callback).status);
}

function sizeOf(execution: ExecutionRecord, node: GraphNode): number {
  if (node.kind === "conditional") return 0;
  return node.kind === "map" ? (execution.map?.items.length ?? 0) : node.members.length;
}

function startMember(
  t: Transition,
  execution: ExecutionRecord,
  node: GraphNode,
  position: number,
): void {
  groupOf(t.state, execution.id).next = position + 1;
  const isMap = node.kind === "map";
  const member = t.state.nodes[node.members[isMap ? 0 : position] as number] as GraphNode;
  const path = `${execution.path}/${member.name}${isMap ? `[${position}]` : ""}`;
  visitMember(t, execution, member, position, path);
}

/** A member has ended: that may end the group, or let another member start. */
export function memberEnded(
  t: Transition,
  execution: ExecutionRecord,
  member: ExecutionRecord,
): void {
  const node = t.node(execution);
  const group = groupOf(t.state, execution.id);
  if (member.position < 0) return callbackEnded(t, execution, member);
  switch (node.kind) {
    case "race":
      if (member.status === "succeeded") return winRace(t, execution, member);
      if (member.status === "failed" && optionsOf(node).settle === "first") {
        return failGroup(t, execution, "RACE_LOST", memberErrors(t, group));
      }
      break;
    case "quorum":
      if (decideQuorum(t, execution, node, undecided(t, execution, node))) return;
      break;
    case "custom":
      if (group.live === 0 && execution.status === "waiting") {
        t.step("StepStarted", { ...execution, status: "running" });
      }
      return;
    default:
      if (optionsOf(node).required !== undefined) {
        if (decideQuorum(t, execution, node, undecided(t, execution, node))) return;
      } else if (member.status === "failed" && failureMode(node) === "fail-fast") {
        return failGroup(t, execution, "GROUP_FAILED", [member.error]);
      }
  }
  advance(t, execution);
}

function failureMode(node: GraphNode): FailureMode {
  if (node.kind === "race" || node.kind === "quorum") return "collect";
  return optionsOf(node).failure ?? "fail-fast";
}

function winRace(t: Transition, execution: ExecutionRecord, member: ExecutionRecord): void {
  const winner = t.node(member).name;
  cancelMembers(t, execution, `"${member.path}" won the race`);
  succeed(t, execution, { winner, result: member.result ?? null }, undefined);
}

/** Ends a group that counts successes as soon as its outcome is certain; gives whether it is. */
function decideQuorum(
  t: Transition,
  execution: ExecutionRecord,
  node: GraphNode,
  undecidedCount: number,
): boolean {
  const { required } = optionsOf(node);
  if (required === undefined || execution.map?.closed) return false;
  const group = groupOf(t.state, execution.id);
  const size = sizeOf(execution, node);
  const counted = node.kind === "quorum" ? group.counted : group.succeeded;
  const isSkipped = undecidedCount === 0 && group.passed === size && size > 0;
  if (group.vetoes > 0) {
    failGroup(t, execution, "QUORUM_VETOED", []);
  } else if (counted >= required) {
    cancelMembers(t, execution, `"${execution.path}" has its ${required} of ${size}`);
    finishMembers(t, execution, node);
  } else if (counted + undecidedCount < required && !isSkipped) {
    failGroup(t, execution, "QUORUM_NOT_REACHED", memberErrors(t, group));
  } else {
    return false;
  }
  return true;
}

/** All members have ended, or what is left of them does not matter. */
function finishMembers(t: Transition, execution: ExecutionRecord, node: GraphNode): void {
  const group = groupOf(t.state, execution.id);
  if (group.succeeded + group.failed === 0 && group.passed > 0) return skip(t, execution);
  if (node.kind === "conditional") return finishBranch(t, execution, group);
  if (node.kind === "race") return failGroup(t, execution, "RACE_LOST", memberErrors(t, group));
  const isCounted = optionsOf(node).required !== undefined;
  const failed = group.failed > 0 && !isCounted && failureMode(node) !== "collect";
  if (failed && !execution.map?.closed) {
    return failGroup(t, execution, "GROUP_FAILED", memberErrors(t, group));
  }
  if (node.callback < 0) succeedWithResults(t, execution);
  else runCallback(t, execution, node, group);
}

function finishBranch(t: Transition, execution: ExecutionRecord, group: GroupState): void {
  const member = t.current(group.members.find((id) => id !== undefined) as number);
  if (member.status === "failed") failGroup(t, execution, "GROUP_FAILED", [member.error]);
  else succeed(t, execution, member.result, undefined);
}

function runCallback(
  t: Transition,
  execution: ExecutionRecord,
  node: GraphNode,
  group: GroupState,
): void {
  const callback = t.state.nodes[node.callback] as GraphNode;
  const before = group.callback === 0 ? undefined : t.current(group.callback);
  openCallbackLog(t.state, group);
  if (before === undefined) {
    visitMember(t, execution, callback, -1, `${execution.path}/${callback.name}`);
  } else if (before.status === "failed" || before.status === "canceled") {
    beginAgain(t, before, before.attempt + (callback.retry?.maxAttempts ?? 1));
  } else if (!isLive(before.status)) {
    succeedWithResults(t, execution);
  }
}

function callbackEnded(t: Transition, execution: ExecutionRecord, callback: ExecutionRecord): void {
  if (callback.status === "failed") failGroup(t, execution, "GROUP_FAILED", [callback.error]);
  else succeedWithResults(t, execution);
}

function succeedWithResults(t: Transition, execution: ExecutionRecord): void {
  succeed(t, execution, resultsOf(t.state, execution), undefined);
}

/** What the members returned, in order; null where one returned nothing or did not succeed. */
export function resultsOf(state: Transition["state"], execution: ExecutionRecord): unknown[] {
  const node = state.node(execution);
  const { members } = groupOf(state, execution.id);
  const collects = (node.source as GroupOptions).failure === "collect";
  return Array.from({ length: sizeOf(execution, node) }, (_, position) => {
    const id = members[position];
    const member = id === undefined ? undefined : state.execution(id);
    return collects ? outcomeOf(member) : (member?.result ?? null);
  });
}

function outcomeOf(member: ExecutionRecord | undefined): Outcome {
  switch (member?.status) {
    case "succeeded":
      return { status: "succeeded", result: member.result ?? null };
    case "failed":
      return { status: "failed", error: member.error as RecordedError };
    case "skipped":
      return { status: "skipped" };
    default:
      return { status: "canceled" };
  }
}

function memberErrors(t: Transition, group: GroupState): (RecordedError | undefined)[] {
  return group.members.map((id) => {
    const member = id === undefined ? undefined : t.current(id);
    return member?.status === "failed" ? member.error : undefined;
  });
}

function failGroup(
  t: Transition,
  execution: ExecutionRecord,
  code: RecordedError["code"],
  found: readonly (RecordedError | undefined)[],
): void {
  const errors = found.filter((error) => error !== undefined);
  failAttempt(t, t.current(execution.id), {
    code,
    message: groupMessage(t, execution, code, errors),
    path: execution.path,
    ...(errors.length > 0 ? { errors } : {}),
  });
}

function groupMessage(
  t: Transition,
  execution: ExecutionRecord,
  code: RecordedError["code"],
  errors: readonly RecordedError[],
): string {
  const node = t.node(execution);
  const group = groupOf(t.state, execution.id);
  const details = errors.map((error) => error.message).join("; ");
  const name = `"${execution.path}"`;
  switch (code) {
    case "RACE_LOST":
      return `No member of ${name} succeeded: ${details}`;
    case "QUORUM_VETOED": {
      const members = group.members.map((id) => (id === undefined ? undefined : t.current(id)));
      const by = members.filter((member) => member?.vote === "veto").map((member) => member?.path);
      return `${name} was vetoed by "${by.join('", "')}".`;
    }
    case "QUORUM_NOT_REACHED": {
      const counted = node.kind === "quorum" ? group.counted : group.succeeded;
      const { required } = optionsOf(node);
      const because = details === "" ? "" : `: ${details}`;
      const size = sizeOf(execution, node);
      const need = `needs ${required} of its ${size} members, has ${counted}`;
      return `${name} ${need}, and can no longer reach it${because}.`;
    }
    default:
      return `${name} failed: ${details}`;
  }
}

// -------------------------------------------------------------------------------------- cancelling

/** Cancels the members that have not ended, the callback included. */
export function cancelMembers(t: Transition, execution: ExecutionRecord, reason: string): void {
  const group = groupOf(t.state, execution.id);
  const waiting = new Set(group.again);
  group.again.clear();
  if (group.live === 0 && group.callback === 0) return;
  for (const id of [...group.members, group.callback]) {
    if (id === undefined || id === 0) continue;
    const member = t.current(id);
    if (!isLive(member.status)) continue;
    if (waiting.has(member.position)) leaveAsItWas(t, member);
    else cancelExecution(t, member, reason, noEdges);
  }
}

/** A further attempt that has not begun does not count: the member ends as it had ended before. */
function leaveAsItWas(t: Transition, member: ExecutionRecord): void {
  const wasCanceled = member.error?.code === "CANCELED" || member.error?.code === "CUT_OFF";
  t.step(wasCanceled ? "StepCanceled" : "StepFailed", {
    ...member,
    status: wasCanceled ? "canceled" : "failed",
    attempt: member.attempt - 1,
    endedAt: t.now,
    order: t.state.order + 1,
  });
}

// --------------------------------------------------------------------------------- open-ended maps

/** One more item for a map that runs. */
export function addItem(t: Transition, execution: ExecutionRecord, item: unknown): void {
  const items = [...(execution.map?.items ?? []), item];
  const grown = { ...execution, map: { items, closed: false } };
  t.step("StepWaiting", grown);
  advance(t, grown);
}

/** A map ends early, with what has succeeded; nothing more runs in it, not even in a retry. */
export function closeMap(t: Transition, execution: ExecutionRecord): void {
  const closed = { ...execution, map: { items: execution.map?.items ?? [], closed: true } };
  t.step("StepWaiting", closed);
  cancelMembers(t, closed, `"${execution.path}" was closed`);
  finishMembers(t, closed, t.node(closed));
}
