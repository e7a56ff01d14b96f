import { setTimeout as sleep } from "node:timers/promises";
import type { KnownWorker, Store } from "../store/store.ts";
import { Progress } from "./terminal.ts";

/** Engines give a sign of life every second unless told otherwise. */
const observedMs = 2500;
const lookEveryMs = 250;

/** What the store knows of engines. A later beat of somebody who is not known changes nothing. */
export async function lookAtWorkers(store: Store): Promise<readonly KnownWorker[]> {
  return store.beat({ id: "onlooker", beat: 2 });
}

/** Of some engines, those that give a sign of life before it is too late. */
export async function findAlive(
  store: Store,
  wanted: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const alive = new Set<string>();
  if (wanted.size === 0) return alive;
  const before = new Map((await lookAtWorkers(store)).map(({ id, beat }) => [id, beat]));
  const progress = new Progress();
  for (let waited = 0; waited < observedMs; waited += lookEveryMs) {
    const unclear = new Set<string>();
    for (const { id, beat, isGone } of await lookAtWorkers(store)) {
      if (!wanted.has(id) || isGone) continue;
      if (beat === before.get(id)) unclear.add(id);
      else alive.add(id);
    }
    if ([...unclear].every((id) => alive.has(id))) break;
    progress.show("Listening for signs of life …");
    await sleep(lookEveryMs);
  }
  progress.end();
  return alive;
}
