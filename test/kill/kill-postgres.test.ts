/** Three processes on one database: they are killed, frozen and stopped, and so is the server. */
import { setTimeout as delay } from "node:timers/promises";
import { expect, test } from "vitest";
import { PostgresServer } from "../support/postgres-server.ts";
import { World } from "./world.ts";

const rounds = Number(process.env.TANDEM_KILL_ROUNDS ?? 25);
const seed = Number(process.env.TANDEM_KILL_SEED ?? 1);
const processes = 3;
const leaseMs = 1000;

test(`nothing is lost in ${rounds} kills`, { timeout: 60_000 + 20_000 * rounds }, async () => {
  const server = await PostgresServer.start();
  const store = { type: "postgres", url: server.url } as const;
  const world = new World({ seed, store, processes, atOnce: 16, pollIntervalMs: 100, leaseMs });
  try {
    await breakThings(world, server);
    const { figures, wrong } = await world.judge({ mayOverlap: true });
    console.log(figures);
    expect(wrong.join("\n\n")).toBe("");
  } finally {
    await world.remove();
    await server.remove();
  }
});

async function breakThings(world: World, server: PostgresServer): Promise<void> {
  const { random } = world;
  const every = (count: number) => Math.max(1, Math.floor(rounds / count));
  const frozen: Promise<void>[] = [];
  for (let round = 1; round <= rounds; round++) {
    const place = random.below(processes);
    await world.someMoment(place);
    await world.kill(place);
    if (round % every(3) === 0) {
      await server.kill();
      world.note("server-killed");
      await delay(random.between(0, 200));
      await server.startAgain();
      world.note("server-started");
    }
    if (round % every(3) === every(3) - 1) {
      const ms = random.between(leaseMs, 3 * leaseMs);
      frozen.push(world.freeze(random.below(processes), ms));
    }
    if (round % every(4) === every(4) - 1) await world.replace(random.below(processes));
  }
  await Promise.all(frozen);
}
