import { describe, expect, test } from "vitest";
import { report, simulate } from "./simulate.ts";

const { TANDEM_SIMULATION_SEED, TANDEM_SIMULATION_RUNS } = process.env;
const first = Number(TANDEM_SIMULATION_SEED ?? 1);
const runs = Number(TANDEM_SIMULATION_RUNS ?? (TANDEM_SIMULATION_SEED === undefined ? 1000 : 1));

describe("a store and processes that fail at random", () => {
  test(`let nothing wrong be seen, and nothing be lost, in ${runs} runs from seed ${first}`, {
    timeout: 60_000 + 500 * runs,
  }, async () => {
    for (let seed = first; seed < first + runs; seed++) {
      const outcome = await simulate(seed);
      if (outcome.violations.length > 0) expect.fail(report(outcome));
    }
  });

  test("happen in the same way again from the same seed", async () => {
    const once = await simulate(first);
    const again = await simulate(first);
    expect(again.world.notes).toEqual(once.world.notes);
  });
});
