import { MutexCycleError } from "../errors.ts";
import { label, type Place } from "./places.ts";
import type { Report } from "./validate-options.ts";

/** That something inside `outer`, which holds one mutex, waits for another. */
interface Nesting {
  readonly to: string;
  readonly outer: Place;
  readonly inner: Place;
}

/**
 * A group holds its mutex while its members run. A member that needs the same one would wait for
 * its own group; two groups that nest two mutexes in opposite order would wait for each other.
 */
export function validateMutexes(places: readonly Place[], report: Report): void {
  const nestings = new Map<string, Map<string, Nesting>>();
  for (const inner of places) {
    const { mutex } = inner.node;
    if (mutex === undefined) continue;
    for (let outer = inner.parent; outer !== undefined; outer = outer.parent) {
      const held = outer.node.mutex;
      if (held === undefined) continue;
      if (held === mutex) {
        report(selfWait(inner, outer, mutex));
        continue;
      }
      const known: Map<string, Nesting> = nestings.get(held) ?? new Map<string, Nesting>();
      if (!known.has(mutex)) known.set(mutex, { to: mutex, outer, inner });
      nestings.set(held, known);
    }
  }
  for (const cycle of findCycles(nestings)) report(mutualWait(cycle));
}

function selfWait(inner: Place, outer: Place, mutex: string): MutexCycleError {
  return new MutexCycleError(
    `${label(inner)} needs the mutex "${mutex}", which ${label(outer)} around it holds, ` +
      "so it would wait for itself for ever; remove one of the two.",
  );
}

function mutualWait(cycle: readonly Nesting[]): MutexCycleError {
  const waits = cycle.map(
    ({ outer, inner, to }) =>
      `${label(outer)} holds "${outer.node.mutex}" while ${label(inner)} needs "${to}"`,
  );
  return new MutexCycleError(
    `These could wait for each other for ever: ${waits.join("; ")}. ` +
      "Nest the mutexes in the same order everywhere.",
  );
}

/** One cycle for each way back that a depth-first search finds; without recursion. */
function findCycles(nestings: ReadonlyMap<string, ReadonlyMap<string, Nesting>>): Nesting[][] {
  const cycles: Nesting[][] = [];
  const finished = new Set<string>();
  for (const start of nestings.keys()) {
    if (finished.has(start)) continue;
    const trail: Nesting[] = [];
    const entered = new Map<string, number>([[start, 0]]);
    const open = [{ mutex: start, rest: leaving(nestings, start) }];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      const next = top.rest.next().value;
      if (next === undefined) {
        finished.add(top.mutex);
        entered.delete(top.mutex);
        open.pop();
        trail.pop();
        continue;
      }
      const since = entered.get(next.to);
      if (since !== undefined) {
        cycles.push([...trail.slice(since), next]);
      } else if (!finished.has(next.to)) {
        trail.push(next);
        entered.set(next.to, trail.length);
        open.push({ mutex: next.to, rest: leaving(nestings, next.to) });
      }
    }
  }
  return cycles;
}

function leaving(nestings: ReadonlyMap<string, ReadonlyMap<string, Nesting>>, mutex: string) {
  const found = nestings.get(mutex)?.values() ?? [].values();
  return found as Iterator<Nesting, undefined>;
}
