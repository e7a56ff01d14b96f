import { beginPending } from "./executions.ts";
import type { LockState } from "./instance-state.ts";
import type { ExecutionRecord } from "./state.ts";
import type { Transition } from "./transition.ts";

/**
 * Mutexes, and the turns of interleaved groups: what holds a lock holds it for one attempt, and
 * gives it up while it waits for the next one.
 *
 * L1. An execution takes all of its locks at once, or waits in the line of each of them.
 * L2. A lock that is given up goes to the first in its line whose other locks are free: no newcomer
 *     comes first, and who waits for something else too holds nobody up.
 */

function locksOf(t: Transition, execution: ExecutionRecord): readonly string[] {
  if (execution.compensates !== 0) return none;
  const { mutex } = t.node(execution);
  const takesTurns =
    execution.parent !== 0 &&
    execution.position >= 0 &&
    t.node(t.current(execution.parent)).kind === "interleaved";
  if (!takesTurns) return mutex === undefined ? none : [mutex];
  const turn = `#${execution.parent}`;
  return mutex === undefined ? [turn] : [turn, mutex];
}

const none: readonly string[] = [];

/** Takes all locks of the execution, if they are free. */
export function acquireLocks(t: Transition, execution: ExecutionRecord): boolean {
  const names = locksOf(t, execution);
  if (names.length === 0) return true;
  if (!areFree(t, names, execution.id)) return false;
  if (names.some((name) => isSomebodyBefore(t, name, execution))) {
    // Whoever is before it may yet start on another lock, or not at all.
    for (const name of names) serveLater(t, lockOf(t, name));
    return false;
  }
  for (const name of names) lockOf(t, name).holder = execution.id;
  return true;
}

/** Puts an execution that is pending in line, by when it became so. */
export function waitForLocks(t: Transition, { id, order }: ExecutionRecord): void {
  for (const name of locksOf(t, t.current(id))) {
    const { line } = lockOf(t, name);
    let place = line.length;
    while (place > 0 && (line[place - 1] as LockState["line"][number]).order > order) place--;
    if (place === line.length) line.push({ id, order });
    else line.splice(place, 0, { id, order });
  }
}

/** Whether one that could start now came to the lock's line earlier. */
function isSomebodyBefore(t: Transition, name: string, execution: ExecutionRecord): boolean {
  const lock = t.state.locks?.get(name);
  if (lock === undefined || lock.holder === execution.id) return false;
  const since = execution.status === "pending" ? execution.order : Number.POSITIVE_INFINITY;
  for (const { id, order } of lock.line) {
    if (order >= since) return false;
    const other = t.current(id);
    if (other.status !== "pending" || other.order !== order) continue;
    if (areFree(t, locksOf(t, other), id)) return true;
  }
  return false;
}

function areFree(t: Transition, names: readonly string[], id: number): boolean {
  return names.every((name) => {
    const holder = t.state.locks?.get(name)?.holder ?? 0;
    return holder === 0 || holder === id;
  });
}

/** Gives up the locks of the execution; who waits is served when what is under way is done. */
export function releaseLocks(t: Transition, execution: ExecutionRecord): void {
  if (t.state.locks === undefined) return;
  for (const name of locksOf(t, execution)) {
    const lock = t.state.locks.get(name);
    if (lock?.holder !== execution.id) continue;
    lock.holder = 0;
    serveLater(t, lock);
  }
}

function serveLater(t: Transition, lock: LockState): void {
  if (t.freedLocks === undefined) {
    t.freedLocks = new Set();
    t.later(() => serveFreedLocks(t));
  }
  t.freedLocks.add(lock);
}

/** Starts who waits, the oldest first, for as long as anybody can have all that it needs. */
function serveFreedLocks(t: Transition): void {
  while (!t.isOver && t.state.instance.status !== "paused") {
    let oldest: ExecutionRecord | undefined;
    for (const lock of t.freedLocks ?? []) {
      const first = lock.holder === 0 ? firstInLine(t, lock) : undefined;
      if (first !== undefined && first.order < (oldest?.order ?? Infinity)) oldest = first;
    }
    if (oldest === undefined) break;
    if (t.holdsStarts) {
      // Who comes next is seen when the instance goes on.
      t.state.hasHeldStarts = true;
      break;
    }
    beginPending(t, oldest);
  }
  t.freedLocks = undefined;
}

/** The first in a line whose other locks are free. Who left the line by other ways is dropped. */
function firstInLine(t: Transition, { line }: LockState): ExecutionRecord | undefined {
  for (let place = 0; place < line.length; place++) {
    const { id, order } = line[place] as LockState["line"][number];
    const pending = t.current(id);
    if (pending.status !== "pending" || pending.order !== order) line.splice(place--, 1);
    else if (areFree(t, locksOf(t, pending), id)) return pending;
  }
  return undefined;
}

/** Whether something pending waits for no lock, and not for a free place in its group either. */
export function couldStart(t: Transition): boolean {
  const { executions, groups } = t.state;
  return executions.some((execution) => {
    const { id, status, parent, position } = execution;
    if (status !== "pending" || groups?.get(parent)?.again.has(position)) return false;
    return areFree(t, locksOf(t, execution), id);
  });
}

/** Rebuilds who holds what and who waits, from the records. */
export function restoreLocks(t: Transition): void {
  const { executions, groups } = t.state;
  for (const execution of executions) {
    if (execution.status !== "running" && execution.status !== "waiting") continue;
    for (const name of locksOf(t, execution)) lockOf(t, name).holder = execution.id;
  }
  const pending = executions.filter(
    ({ status, parent, position }) =>
      status === "pending" && !groups?.get(parent)?.again.has(position),
  );
  for (const execution of pending.sort((a, b) => a.order - b.order)) waitForLocks(t, execution);
}

function lockOf(t: Transition, name: string): LockState {
  t.state.locks ??= new Map();
  let lock = t.state.locks.get(name);
  if (lock === undefined) {
    lock = { holder: 0, line: [] };
    t.state.locks.set(name, lock);
  }
  return lock;
}
