import { type ActRecord, type StoredAct, toMermaid } from "tandem-workflows";
import { Actors } from "./actors.ts";
import { FinalCheck } from "./final-check.ts";
import type { Call, Stored } from "./ledger.ts";
import type { Trouble } from "./trouble.ts";
import { definitionOf } from "./workflows.ts";
import { World } from "./world.ts";

export interface Outcome {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly world: World;
}

/** Longer than any step takes, any lease lasts and any delay is. */
const restMs = 35_000;

/**
 * One run: first everything that the seed draws goes wrong, and nothing wrong may be seen; then
 * everything works again, everybody does their part, and everything must end.
 */
export async function simulate(seed: number, adjust?: Partial<Trouble>): Promise<Outcome> {
  const world = new World(seed, adjust);
  const { clock, ledger, trouble } = world;
  const actors = new Actors(world);
  world.breakThings();
  actors.begin();
  await clock.advance(trouble.lengthMs);
  world.heal();
  await clock.advance(restMs);
  checkWaits(world);
  for (let round = 0; round < 30; round++) {
    const open = unfinished(world);
    if (open.length === 0 || ledger.violations.length > 0) break;
    for (const stored of open) actors.finish(stored);
    // Timers that a clock has set that was far ahead are due at last.
    if (round === 3) for (const process of world.alive) process.clock.set(1_300_000);
    await clock.advance(6_000);
  }
  await clock.advance(3_000);
  if (ledger.violations.length > 0) return { seed, violations: ledger.violations, world };
  new FinalCheck(ledger, allStored(world), (id) => actsOf(world, id)).check();
  for (const { outcome, kind, instanceId, nonce, process } of ledger.calls) {
    const isAlive = world.alive.some(({ name }) => name === process);
    if (outcome === "pending" && isAlive) {
      ledger.violation(`${nonce}: ${kind} of ${instanceId} on ${process} was never answered`);
    }
  }
  return { seed, violations: ledger.violations, world };
}

function allStored({ store, ledger }: World): readonly Stored[] {
  return store.load(ledger.instanceIds) as readonly Stored[];
}

function actsOf({ store }: World, instanceId: string): readonly ActRecord[] {
  const found = store.listActs({ instanceId, limit: 100_000 }) as readonly StoredAct[];
  return found.map(({ act }) => act);
}

function unfinished(world: World): readonly Stored[] {
  return allStored(world).filter(({ rows }) => rows.instance.endedAt === undefined);
}

/** When everything has worked for a while, whatever waits has something to wait for. */
function checkWaits(world: World): void {
  const stored = allStored(world);
  const byId = new Map(stored.map((each) => [each.rows.instance.id, each]));
  for (const { rows } of stored) {
    const { id, endedAt, parent } = rows.instance;
    // An operator may let a child go on that its parent no longer waits for.
    const isRetried = ({ kind, instanceId }: Call) => kind === "retry" && instanceId === id;
    if (endedAt !== undefined || world.ledger.calls.some(isRetried)) continue;
    const above = parent && byId.get(parent.instanceId)?.rows;
    const waiting = parent && above?.executions[parent.executionId - 1];
    if (parent !== undefined && waiting?.status !== "waiting") {
      world.ledger.violation(`${id} goes on, and its parent is ${waiting?.status}`);
    }
    const timers = [...rows.timers].map(({ executionId }) => executionId);
    for (const { status, path, id: executionId } of rows.executions) {
      const isTimed =
        status === "scheduled" || (status === "waiting" && /late|clock|wait|pause/.test(path));
      if (isTimed && !timers.includes(executionId)) {
        world.ledger.violation(`${path} of ${id} is ${status} and has no timer`);
      }
      if (status !== "waiting" || !/one$|two$|slow$|nested$|inner$/.test(path)) continue;
      if (rows.instance.workflow === "batch") continue;
      const children = stored.filter(
        ({ rows: { instance } }) =>
          instance.parent?.instanceId === id && instance.parent.executionId === executionId,
      );
      const isOpen = children.some(({ rows: { instance } }) => instance.endedAt === undefined);
      if (!isOpen) world.ledger.violation(`${path} of ${id} waits for a child that is not there`);
    }
  }
}

/** Everything that somebody needs who has to find out why. */
export function report({ seed, violations, world }: Outcome): string {
  const named = allStored(world).filter(({ rows: { instance } }) =>
    violations.some((text) => text.split(/[ ():]/).includes(instance.id)),
  );
  const workflows = new Set(named.map(({ rows }) => rows.instance.workflow));
  const drawings = [...workflows].map((name) => `${name}:\n${toMermaid(definitionOf(name))}`);
  return [
    `seed ${seed}: ${violations.length} violations`,
    ...violations.slice(0, 20),
    "",
    `trouble: ${JSON.stringify(world.trouble)}`,
    "",
    "what happened (milliseconds from the start):",
    ...world.notes.slice(-400),
    "",
    ...drawings,
    `Again: TANDEM_SIMULATION_SEED=${seed} npm test -- test/simulation`,
  ].join("\n");
}
