/**
 * What a figure is, and the register of all of them. A group of figures is a file that calls
 * `figure(…)` when it is imported; `bench/run.ts` imports every group.
 */

export type Unit =
  | "steps/s"
  | "commits/s"
  | "starts/s"
  | "decisions/s"
  | "µs"
  | "µs/branch"
  | "µs/step"
  | "µs/pass"
  | "µs/item"
  | "ms"
  | "MB";

export interface FigureOptions {
  readonly unit: Unit;
  /** The figure that shows what the same work costs by hand: the raw limit. A limit itself has none. */
  readonly limit?: string;
  /** How many rounds are measured; 7 unless told. */
  readonly rounds?: number;
  /** How many rounds are run before, and not counted; 2 unless told. */
  readonly warmups?: number;
}

export interface Figure extends Required<Omit<FigureOptions, "limit">> {
  readonly name: string;
  readonly limit: string | undefined;
  readonly setup: Setup;
}

/** Prepares the figure in a process of its own. */
export type Setup = (afterwards: Afterwards) => Round | Promise<Round>;

/**
 * Registers what has to be done when the figure has been measured, and also when it fails or is
 * interrupted. What was registered last is done first.
 */
export type Afterwards = (cleanUp: () => void | Promise<void>) => void;

/** Does the work once and gives one sample, in the figure's unit. */
export type Round = () => Promise<number>;

const figures = new Map<string, Figure>();

export function figure(name: string, options: FigureOptions, setup: Setup): void {
  if (figures.has(name)) throw new Error(`Two figures are called "${name}": rename one.`);
  const { unit, limit, rounds = 7, warmups = 2 } = options;
  figures.set(name, { name, unit, limit, rounds, warmups, setup });
}

export function allFigures(): ReadonlyMap<string, Figure> {
  return figures;
}

/** More is better for a rate, less for a duration or a size. */
export function isRate(unit: Unit): boolean {
  return unit.endsWith("/s");
}

export interface Summary {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly n: number;
}

export function summarise(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    value: median(sorted),
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    n: sorted.length,
  };
}

/** Of numbers that are sorted already. */
function median(sorted: readonly number[]): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** Repeats the work until it has filled the time, so that a sample is longer than the clock is coarse. */
export async function repeatFor(
  durationMs: number,
  work: () => Promise<void>,
): Promise<{ readonly times: number; readonly elapsedMs: number }> {
  const start = performance.now();
  let times = 0;
  let elapsedMs = 0;
  do {
    await work();
    times += 1;
    elapsedMs = performance.now() - start;
  } while (elapsedMs < durationMs);
  return { times, elapsedMs };
}

/** How often the work is done in a second, when one pass of it does so many pieces. */
export async function piecesPerSecond(
  durationMs: number,
  pieces: number,
  work: () => Promise<void>,
): Promise<number> {
  const { times, elapsedMs } = await repeatFor(durationMs, work);
  return (times * pieces * 1000) / elapsedMs;
}

/** Repeats the work likewise, and gives how long each took, in milliseconds. */
export async function timesOf(durationMs: number, work: () => Promise<void>): Promise<number[]> {
  const samples: number[] = [];
  const end = performance.now() + durationMs;
  do {
    const start = performance.now();
    await work();
    samples.push(performance.now() - start);
  } while (performance.now() < end);
  return samples;
}

export async function medianMicros(durationMs: number, work: () => Promise<void>): Promise<number> {
  return summarise(await timesOf(durationMs, work)).value * 1000;
}

/** 0.5 gives the median, 0.99 what only one of a hundred exceeds. */
export function percentile(samples: readonly number[], fraction: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  if (fraction === 0.5) return median(sorted);
  return sorted[Math.ceil(sorted.length * fraction) - 1] ?? Number.NaN;
}
