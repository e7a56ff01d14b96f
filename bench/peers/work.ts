/** The work that every library does: workflows of ten steps, of one step, and of a thousand at once. */
import { DURABLE_SAMPLE_MS } from "../bare-loop.ts";
import { type Afterwards, figure, percentile, piecesPerSecond, timesOf } from "../figure.ts";
import { STEPS_IN_SEQUENCE, WORKFLOWS_AT_ONCE } from "../handwritten.ts";

export { STEPS_IN_SEQUENCE, WORKFLOWS_AT_ONCE };

export const GROUP_SIZE = 1000;

/** What a library is asked to run. */
export type Work =
  /** So many steps in a row. */
  | { readonly type: "sequence"; readonly steps: number; readonly atOnce: number }
  /** A step, so many steps side by side, and a step after all of them. */
  | { readonly type: "group"; readonly size: number; readonly atOnce: 1 };

/** Prepares the library for the work; what it gives runs so many workflows to their end, at once. */
export type Prepare = (work: Work, afterwards: Afterwards) => Promise<RunAtOnce>;

export type RunAtOnce = () => Promise<void>;

interface Options {
  /** Beside the same work of this library. */
  readonly besides?: string;
  /** So many steps side by side; 1000 unless told. */
  readonly groupSize?: number;
}

export function peerFigures(library: string, { besides, groupSize }: Options, prepare: Prepare) {
  const limitOf = (name: string) => (besides === undefined ? {} : { limit: `${besides}.${name}` });
  figure(
    `${library}.sequential`,
    { unit: "steps/s", ...limitOf("sequential") },
    async (afterwards) => {
      const [steps, atOnce] = [STEPS_IN_SEQUENCE, WORKFLOWS_AT_ONCE];
      const run = await prepare({ type: "sequence", steps, atOnce }, afterwards);
      return () => piecesPerSecond(DURABLE_SAMPLE_MS, steps * atOnce, run);
    },
  );
  figure(`${library}.single`, { unit: "ms", ...limitOf("single") }, async (afterwards) => {
    const run = await prepare({ type: "sequence", steps: 1, atOnce: 1 }, afterwards);
    return async () => percentile(await timesOf(DURABLE_SAMPLE_MS, run), 0.5);
  });
  const group = `group.${GROUP_SIZE}`;
  figure(`${library}.${group}`, { unit: "ms", ...limitOf(group) }, async (afterwards) => {
    const size = groupSize ?? GROUP_SIZE;
    const run = await prepare({ type: "group", size, atOnce: 1 }, afterwards);
    return async () => percentile(await timesOf(DURABLE_SAMPLE_MS, run), 0.5);
  });
}
