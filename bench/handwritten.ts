/**
 * The raw limits: the same work as the figures of `memory.ts`, written by hand with nothing but promises.
 * No engine that records what it does can be as fast; how far away it is says what the record costs.
 */
import { figure, medianMicros, piecesPerSecond, repeatFor } from "./figure.ts";

/** A sample lasts this long, and is one pass of the work if that takes longer. */
export const SAMPLE_MS = 200;
export const WORKFLOWS_AT_ONCE = 50;
export const STEPS_IN_SEQUENCE = 10;
export const FAN_OUTS = [10, 100, 1000, 10_000, 100_000] as const;
export const CHAIN_LENGTH = 10_000;
export const LOOP_PASSES = 100_000;
export const MAP_ITEMS = 10_000;

type Data = Record<string, unknown>;
type Step = (data: Data) => Promise<void>;

function settingStep(key: string): Step {
  return async (data) => {
    data[key] = 1;
  };
}

function settingSteps(count: number): Step[] {
  return Array.from({ length: count }, (_, index) => settingStep(`step_${index}`));
}

async function inSequence(steps: readonly Step[]): Promise<void> {
  const data: Data = {};
  for (const step of steps) await step(data);
}

async function fanOut(first: Step, branches: readonly Step[], join: Step): Promise<void> {
  const data: Data = {};
  await first(data);
  await Promise.all(branches.map((branch) => branch(data)));
  await join(data);
}

/** The time of one piece of the work, when a pass of the work has so many pieces. */
export async function microsEach(pieces: number, work: () => Promise<void>): Promise<number> {
  const { times, elapsedMs } = await repeatFor(SAMPLE_MS, work);
  return (elapsedMs * 1000) / (times * pieces);
}

figure("memory.handwritten", { unit: "steps/s" }, () => {
  const steps = settingSteps(STEPS_IN_SEQUENCE);
  return () =>
    piecesPerSecond(SAMPLE_MS, WORKFLOWS_AT_ONCE * STEPS_IN_SEQUENCE, async () => {
      await Promise.all(Array.from({ length: WORKFLOWS_AT_ONCE }, () => inSequence(steps)));
    });
});

figure("memory.handwritten.single", { unit: "µs" }, () => {
  const steps = settingSteps(1);
  return () => medianMicros(SAMPLE_MS, () => inSequence(steps));
});

for (const count of FAN_OUTS) {
  figure(`memory.handwritten.fanout.${count}`, { unit: "µs/branch" }, () => {
    const [first, join, branches] = [
      settingStep("first"),
      settingStep("join"),
      settingSteps(count),
    ];
    return () => microsEach(count, () => fanOut(first, branches, join));
  });
}

figure(`memory.handwritten.chain.${CHAIN_LENGTH}`, { unit: "µs/step" }, () => {
  const steps = settingSteps(CHAIN_LENGTH);
  return () => microsEach(CHAIN_LENGTH, () => inSequence(steps));
});

figure(`memory.handwritten.loop.${LOOP_PASSES}`, { unit: "µs/pass" }, () => {
  const pass: Step = async (data) => {
    data.passes = (data.passes as number) + 1;
  };
  return () =>
    microsEach(LOOP_PASSES, async () => {
      const data: Data = { passes: 0 };
      do await pass(data);
      while ((data.passes as number) < LOOP_PASSES);
    });
});

figure(`memory.handwritten.map.${MAP_ITEMS}`, { unit: "µs/item" }, () => {
  const items = Array.from({ length: MAP_ITEMS }, (_, index) => index);
  return () =>
    microsEach(MAP_ITEMS, async () => {
      const data: Data = {};
      data.results = await Promise.all(items.map(async (item) => item + 1));
    });
});

figure(`memory.handwritten.compile.${CHAIN_LENGTH}`, { unit: "µs/step" }, () => {
  const names = Array.from({ length: CHAIN_LENGTH }, (_, index) => `step_${index}`);
  return () =>
    microsEach(CHAIN_LENGTH, async () => {
      const targets = new Map(names.map((name) => [name, new Set<string>()]));
      for (const [index, name] of names.entries()) {
        const next = names[index + 1];
        if (next !== undefined) targets.get(name)?.add(next);
      }
    });
});
