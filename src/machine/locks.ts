import { beginPending } from "./executions.ts";
import type { LockState } from "./instance-state.ts";
import type { ExecutionRecord } from "./state.ts";
import type { Transition } from "./transition.ts";

/**
 * Mutexes, and the turns of interleaved groups: what holds a lock holds it for one attempt, and
 * gives it up while it waits for the next one. Who waits is served in order.
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

/** Takes all locks of the execution; or none, and it waits for the first that is not free. */
export function acquireLocks(t: Transition, execution: ExecutionRecord): boolean {
  const names = locksOf(t, execution);
  for (const name of names) {
    const lock = t.state.locks?.get(name);
    if (lock !== undefined && lock.holder !== 0 && lock.holder !== execution.id) {
      lock.waiting.push(execution.id);
      // One that it was next for goes to who comes after it.
      passLocks(t, execution, names);
      return false;
    }
  }
  for (const name of names) lockOf(t, name).holder = execution.id;
  return true;
}

/** Rebuilds who holds what and who waits, from the records in the order in which they waited. */
export function restoreLocks(t: Transition): void {
  const { executions, groups } = t.state;
  for (const execution of executions) {
    if (execution.status !== "running" && execution.status !== "waiting") continue;
    for (const name of locksOf(t, execution)) lockOf(t, name).holder = execution.id;
  }
  if (t.state.locks === undefined) return;
  const pending = executions.filter(
    ({ status, parent, position }) =>
      status === "pending" && !groups?.get(parent)?.again.has(position),
  );
  for (const execution of pending.sort((a, b) => a.order - b.order)) {
    const taken = locksOf(t, execution).find((name) => lockOf(t, name).holder !== 0);
    if (taken !== undefined) lockOf(t, taken).waiting.push(execution.id);
  }
}

/** Gives up the locks of the execution. */
export function releaseLocks(t: Transition, execution: ExecutionRecord): void {
  if (t.state.locks !== undefined) passLocks(t, execution, locksOf(t, execution));
}

/** A lock goes at once to who waited longest, so that no newcomer comes first. */
function passLocks(t: Transition, execution: ExecutionRecord, names: readonly string[]): void {
  for (const name of names) {
    const lock = t.state.locks?.get(name);
    if (lock?.holder !== execution.id) continue;
    lock.holder = 0;
    if (t.isOver) continue;
    for (let id = lock.waiting.shift(); id !== undefined; id = lock.waiting.shift()) {
      if (t.current(id).status !== "pending") continue;
      const next = id;
      lock.holder = next;
      t.later(() => {
        const pending = t.current(next);
        if (pending.status === "pending" && !t.isOver) beginPending(t, pending);
      });
      break;
    }
  }
}

function lockOf(t: Transition, name: string): LockState {
  t.state.locks ??= new Map();
  let lock = t.state.locks.get(name);
  if (lock === undefined) {
    lock = { holder: 0, waiting: [] };
    t.state.locks.set(name, lock);
  }
  return lock;
}
