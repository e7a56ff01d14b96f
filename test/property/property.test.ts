import fc from "fast-check";
import { expect, test } from "vitest";
import { runInLockstep, type Scenario } from "./lockstep.ts";
import { printScenario } from "./print-scenario.ts";
import { scenarios } from "./random-scenario.ts";

const runs = Number(process.env.TANDEM_PROPERTY_RUNS ?? 20_000);
// The same runs every time, so that a change is judged by what it changed; other seeds by the option.
const seed = Number(process.env.TANDEM_PROPERTY_SEED ?? 1);

/**
 * Random definitions, random schedules, restarts from the rows: whatever happens, the machine and the
 * naive model agree after every command, and no instance is ever stuck.
 */
test(`the machine does what the rules say (${runs} runs, seed ${seed})`, { timeout: 0 }, () => {
  const property = fc.property(scenarios(), (scenario) => runInLockstep(scenario) === undefined);
  const outcome = fc.check(property, { numRuns: runs, seed });
  expect(outcome.failed ? explain(outcome) : "").toBe("");
});

function explain(outcome: fc.RunDetails<[Scenario]>): string {
  const [scenario] = outcome.counterexample ?? [];
  const finding = scenario && runInLockstep(scenario);
  return [
    `TANDEM_PROPERTY_SEED=${outcome.seed} fails in run ${outcome.numRuns};`,
    `made simpler ${outcome.numShrinks} times:`,
    "",
    scenario && finding ? printScenario(scenario, finding) : String(outcome.errorInstance),
  ].join("\n");
}
