import { isBusy } from "../machine/lifecycle.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";

/** Somebody who waits for something to become of an instance. */
export interface Waiter {
  readonly until: "stored" | "settled" | "ended";
  /** Shows it as it is at this moment: what is decided next is not durable yet. */
  readonly answer: () => void;
  readonly reject: (error: unknown) => void;
  /** Executions that were busy before, and are not waited for. */
  readonly others: Set<number> | undefined;
}

/** Gives what `see` makes of the instance when what is waited for is there and durable. */
export function waitUntil<Seen>(
  runtime: InstanceRuntime,
  until: Waiter["until"],
  see: (runtime: InstanceRuntime) => Seen,
  others?: Set<number>,
): Promise<Seen> {
  return new Promise((resolve, reject) => {
    const answer = () => {
      try {
        resolve(see(runtime));
      } catch (error) {
        reject(error);
      }
    };
    if (runtime.refusal !== undefined) return reject(runtime.refusal);
    const waiter: Waiter = { until, answer, reject, others };
    if (isAnswered(runtime, waiter)) {
      answer();
      return;
    }
    runtime.waiters ??= [];
    runtime.waiters.push(waiter);
  });
}

function isAnswered(runtime: InstanceRuntime, { until, others }: Waiter): boolean {
  // What a commit on its way changes does not count yet.
  if (!runtime.isStored || runtime.isHeld) return false;
  switch (until) {
    case "stored":
      return true;
    case "settled":
      return runtime.isSettledBut(others?.size ?? 0);
    default:
      return runtime.isEnded;
  }
}

/** Answers those whose wait is over, at the instance and at those that wait for it. */
export function answerWaiters(runtime: InstanceRuntime): void {
  const { waiters } = runtime;
  if (waiters !== undefined && waiters.length > 0) {
    const first = waiters[0] as Waiter;
    // Mostly there is one, and it goes on waiting.
    if (waiters.length > 1 || isAnswered(runtime, first)) answer(runtime, waiters);
  }
  if (runtime.parent !== undefined) answerWaiters(runtime.parent);
}

function answer(runtime: InstanceRuntime, waiters: readonly Waiter[]): void {
  const waiting: Waiter[] = [];
  const answered: Waiter[] = [];
  for (const waiter of waiters) (isAnswered(runtime, waiter) ? answered : waiting).push(waiter);
  runtime.waiters = waiting;
  for (const waiter of answered) waiter.answer();
}

/** Of executions that were busy before, those that are busy still; some may not have been kept. */
export function forgetEnded({ state }: InstanceRuntime, others: Set<number> | undefined): void {
  for (const id of others ?? []) {
    const execution = state.executions[id - 1];
    if (execution === undefined || !isBusy(execution.status)) others?.delete(id);
  }
}

export function rejectWaiters(runtime: InstanceRuntime, error: unknown): void {
  const waiters = runtime.waiters ?? [];
  runtime.waiters = undefined;
  for (const waiter of waiters) waiter.reject(error);
}
