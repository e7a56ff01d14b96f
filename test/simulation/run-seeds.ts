import { expect } from "vitest";
import { report, simulate } from "./simulate.ts";

const { TANDEM_SIMULATION_SEED, TANDEM_SIMULATION_RUNS } = process.env;

/** The first seed, and how many are run from there on. */
export const firstSeed = Number(TANDEM_SIMULATION_SEED ?? 1);
export const runs = Number(TANDEM_SIMULATION_RUNS ?? (TANDEM_SIMULATION_SEED ? 1 : 500));

/** Runs one half of the seeds: test files run side by side, so two of them use two cores. */
export async function runSeeds(half: 0 | 1): Promise<void> {
  for (let seed = firstSeed + half; seed < firstSeed + runs; seed += 2) {
    const outcome = await simulate(seed);
    if (outcome.violations.length > 0) expect.fail(report(outcome));
  }
}

export const timeout = 120_000 + 500 * runs;
