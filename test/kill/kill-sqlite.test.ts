/** Processes on one SQLite file that are killed at any moment, under load. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { World } from "./world.ts";

const rounds = Number(process.env.TANDEM_KILL_ROUNDS ?? 25);
const seed = Number(process.env.TANDEM_KILL_SEED ?? 1);

test(`nothing is lost in ${rounds} kills`, { timeout: 60_000 + 20_000 * rounds }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "tandem-kill-"));
  const store = { type: "sqlite", file: join(folder, "test.db") } as const;
  const world = new World({
    ...{ seed, store, processes: 1, atOnce: 24, pollIntervalMs: 50, leaseMs: 500 },
  });
  try {
    for (let round = 0; round < rounds; round++) {
      await world.someMoment(0);
      await world.kill(0);
    }
    const { figures, wrong } = await world.judge({ mayOverlap: false });
    console.log(figures);
    expect(wrong.join("\n\n")).toBe("");
  } finally {
    await world.remove();
    rmSync(folder, { recursive: true, force: true });
  }
});
