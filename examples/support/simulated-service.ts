/** Stands in for a service on the network: answers after some milliseconds, or refuses. */
import { setTimeout as sleep } from "node:timers/promises";

export interface Call {
  readonly ms?: number;
  /** Gives up waiting when it is aborted. */
  readonly signal?: AbortSignal;
}

export async function answer<Answer>(value: Answer, { ms = 100, signal }: Call = {}) {
  await sleep(ms, undefined, { signal });
  return value;
}

export async function refuse(message: string, call: Call = {}): Promise<never> {
  await answer(undefined, { ms: 20, ...call });
  throw new Error(message);
}
