import type { EpochMs } from "../machine/index.ts";
import type { InstanceCount, Store, StoreMeasures } from "../store/store.ts";
import type { EngineCore } from "./engine-core.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";

/** How much there is of everything, for monitoring. */
export interface Statistics {
  /** When it was counted. */
  readonly at: EpochMs;
  /** Instances by workflow, version and status, with the age of the oldest. */
  readonly instances: readonly InstanceStatistics[];
  /** What waits in the store, of all workers. */
  readonly store: StoreMeasures;
  /** What this process has to do. */
  readonly worker: WorkerLoad;
}

export interface InstanceStatistics extends InstanceCount {
  /** How long ago the oldest of them started, in milliseconds. */
  readonly oldestAgeMs: number;
}

export interface WorkerLoad {
  readonly id: string;
  /** Commands that wait to be decided. */
  readonly queuedCommands: number;
  /** Attempts of steps whose code runs. */
  readonly runningSteps: number;
  /** Instances in memory. */
  readonly instances: number;
}

export function loadOf(
  id: string,
  instances: readonly InstanceRuntime[],
  queuedCommands: number,
): WorkerLoad {
  const runningSteps = instances.reduce((sum, { running }) => sum + running.count, 0);
  return { id, queuedCommands, runningSteps, instances: instances.length };
}

export async function gatherStatistics(
  core: EngineCore,
  store: Store,
  at: EpochMs,
): Promise<Statistics> {
  await core.start();
  const [counts, measures] = await Promise.all([store.countInstances({}), store.measure(at)]);
  const instances = counts.map((count) => ({
    ...count,
    oldestAgeMs: Math.max(0, at - count.oldestStartedAt),
  }));
  return { at, instances, store: measures, worker: core.load };
}
