import type { RandomSource } from "../property/random-source.ts";

/** How much goes wrong in one run, and how often. Shares are from 0 to 1, times in milliseconds. */
export interface Trouble {
  readonly processes: number;
  readonly pollIntervalMs: number;
  readonly leaseMs: number;
  /** How long the first phase is. */
  readonly lengthMs: number;
  /** Most calls of the store take up to so long, and some of them much longer. */
  readonly delayMs: number;
  readonly lateShare: number;
  readonly lateMs: number;
  /** Calls that fail: without having been carried out, or although they were, or will be. */
  readonly failShare: number;
  readonly keptShare: number;
  readonly keptLateShare: number;
  /** Commits in whose middle the process dies: before, while or after they are kept. */
  readonly crashShare: number;
  readonly crashEveryMs: number;
  readonly stopEveryMs: number;
  readonly freezeEveryMs: number;
  readonly freezeMs: number;
  readonly partitionEveryMs: number;
  readonly partitionMs: number;
  /** The store knows at once that a process has ended. */
  readonly seesDeath: boolean;
  readonly newsLostShare: number;
  readonly newsDelayMs: number;
  /** How far clocks are off, how much faster or slower they go, how often they are set. */
  readonly clockOffMs: number;
  readonly clockDrift: number;
  readonly clockSetEveryMs: number;
  /** How often somebody does something, and how often two do it at the same moment. */
  readonly actEveryMs: number;
  readonly twiceShare: number;
  readonly instances: number;
}

const never = Number.POSITIVE_INFINITY;

/**
 * Draws what goes wrong, and leaves most kinds of trouble out of most runs (swarm testing): when
 * everything goes wrong all the time, little happens in between that could go wrong.
 */
export function drawTrouble(random: RandomSource): Trouble {
  const isOn = (share: number) => random.chance(share);
  const every = (share: number, times: readonly number[]) =>
    isOn(share) ? random.pick(times) : never;
  const share = (chance: number, shares: readonly number[]) =>
    isOn(chance) ? random.pick(shares) : 0;
  const pollIntervalMs = random.pick([500, 1_000, 1_000, 2_000]);
  return {
    processes: random.weigh([
      [15, 1],
      [35, 2],
      [35, 3],
      [15, 4],
    ]),
    pollIntervalMs,
    leaseMs: pollIntervalMs * random.pick([3, 4, 8]),
    lengthMs: random.pick([8_000, 15_000, 25_000]),
    delayMs: random.pick([1, 5, 30, 200]),
    lateShare: share(0.4, [0.01, 0.05, 0.2]),
    lateMs: random.pick([1_000, 5_000, 15_000]),
    failShare: share(0.4, [0.01, 0.05, 0.2]),
    keptShare: share(0.4, [0.01, 0.05, 0.2]),
    keptLateShare: share(0.2, [0.01, 0.05]),
    crashShare: share(0.4, [0.01, 0.05]),
    crashEveryMs: every(0.4, [2_000, 5_000, 15_000]),
    stopEveryMs: every(0.2, [3_000, 10_000]),
    freezeEveryMs: every(0.4, [2_000, 5_000, 15_000]),
    freezeMs: random.pick([500, 5_000, 20_000]),
    partitionEveryMs: every(0.3, [3_000, 10_000]),
    partitionMs: random.pick([500, 5_000, 15_000]),
    seesDeath: isOn(0.3),
    newsLostShare: share(0.5, [0.1, 0.5, 1]),
    newsDelayMs: random.pick([5, 5, 100, 3_000]),
    clockOffMs: share(0.5, [1_000, 60_000, 600_000]),
    clockDrift: share(0.2, [0.001, 0.02]),
    clockSetEveryMs: every(0.15, [5_000, 20_000]),
    actEveryMs: random.pick([50, 200, 600]),
    twiceShare: random.pick([0, 0.2, 0.6]),
    instances: random.pick([1, 2, 4, 8]),
  };
}
