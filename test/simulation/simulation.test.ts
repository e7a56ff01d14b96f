import { describe, expect, test } from "vitest";
import { firstSeed, runSeeds, runs, timeout } from "./run-seeds.ts";
import { simulate } from "./simulate.ts";

describe(`processes and a store that fail at random, ${runs} seeds from ${firstSeed}`, () => {
  test("let nothing wrong be seen, and lose nothing", { timeout }, () => runSeeds(0));

  test("do so in the same way again from the same seed", { timeout: 60_000 }, async () => {
    const once = await simulate(firstSeed);
    const again = await simulate(firstSeed);
    expect(again.world.notes).toEqual(once.world.notes);
  });
});
