import { describe, test } from "vitest";
import { firstSeed, runSeeds, runs, timeout } from "./run-seeds.ts";

describe(`the other half of ${runs} seeds from ${firstSeed}`, () => {
  test("lets nothing wrong be seen, and loses nothing", { timeout }, () => runSeeds(1));
});
