/** Processes on one SQLite file that are killed at any moment, under load. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { World } from "./world.ts";

const kills = Number(process.env.TANDEM_KILL_ROUNDS ?? 25);
const seed = Number(process.env.TANDEM_KILL_SEED ?? 1);
const timing = { pollIntervalMs: 50, leaseMs: 1000 };

test.each([
  { processes: 1, rounds: kills },
  { processes: 2, rounds: Math.ceil(kills / 5) },
])(
  "nothing is lost in $rounds kills of $processes",
  { timeout: 60_000 + 20_000 * kills },
  async ({ processes, rounds }) => {
    const folder = mkdtempSync(join(tmpdir(), "tandem-kill-"));
    const store = { type: "sqlite", file: join(folder, "test.db") } as const;
    const world = new World({ seed, store, processes, atOnce: 16, ...timing });
    try {
      for (let round = 0; round < rounds; round++) {
        const place = world.random.below(processes);
        await world.someMoment(place);
        await world.kill(place);
      }
      const { figures, wrong } = await world.judge({ mayOverlap: processes > 1 });
      console.log(figures);
      expect(wrong.join("\n\n")).toBe("");
    } finally {
      await world.remove();
      rmSync(folder, { recursive: true, force: true });
    }
  },
);
