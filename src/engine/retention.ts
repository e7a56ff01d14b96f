import type { Logger } from "../definition/context.ts";
import { InvalidOptionError } from "../errors.ts";
import type { WorkflowStatus } from "../machine/index.ts";
import type { RetentionQuery, Store } from "../store/store.ts";
import type { Clock } from "./clock.ts";

/** How long instances that have ended are kept. */
export interface RetentionOptions {
  /** Instances are removed so long after their end; never unless told. */
  readonly olderThanMs?: number;
  /** The same for single workflows: another time, or false to keep them for ever. */
  readonly workflows?: Readonly<Record<string, number | false>>;
  /** How often they are looked for: every ten minutes unless told. */
  readonly everyMs?: number;
}

/** What removing instances needs of the engine. */
export interface RemovalHost {
  /** These instances do not exist any more. */
  forget(instanceIds: readonly string[]): void;
  /** @throws EngineClosedError */
  refuseIfClosed(): void;
}

/** A batch is one transaction: small, so that it holds nobody up. */
const batchSize = 100;
const everyTenMinutes = 600_000;

/** Removes what the query means, batch by batch; gives how many instances. */
export async function removeEnded(
  store: Store,
  host: RemovalHost,
  query: Omit<RetentionQuery, "limit">,
): Promise<number> {
  let count = 0;
  for (;;) {
    host.refuseIfClosed();
    const removed = await store.removeEnded({ ...query, limit: batchSize });
    host.forget(removed);
    count += removed.length;
    if (removed.length < batchSize) return count;
    // The rest of the application gets its turn, also on a store that answers at once.
    await new Promise((resolve) => setImmediate(resolve));
  }
}

export interface RetentionHost extends RemovalHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether, of all workers, this one does what one of them has to do. */
  isTurn(work: string): boolean;
}

/** Removes ended instances from time to time. */
export class Retention {
  readonly #options: RetentionOptions;
  readonly #host: RetentionHost;
  readonly #everyMs: number;
  #stop: (() => void) | undefined;
  #isClosed = false;

  /** @throws InvalidOptionError */
  constructor(options: RetentionOptions, host: RetentionHost) {
    checkOptions(options);
    this.#options = options;
    this.#host = host;
    this.#everyMs = options.everyMs ?? everyTenMinutes;
  }

  /** The engine takes part, or looks for what has to be done. */
  async look(): Promise<void> {
    if (this.#stop === undefined) this.#wait();
  }

  #wait(): void {
    const { clock, logger } = this.#host;
    if (this.#isClosed) return;
    this.#stop = clock.callAt(clock.now() + this.#everyMs, () => {
      this.#run()
        .catch((error: unknown) => {
          if (!this.#isClosed) logger.error("Ended instances cannot be removed", { error });
        })
        .finally(() => this.#wait());
    });
  }

  async #run(): Promise<void> {
    if (!this.#host.isTurn("retention")) return;
    const now = Math.floor(this.#host.clock.now());
    const { olderThanMs, workflows = {} } = this.#options;
    for (const [workflow, ms] of Object.entries(workflows)) {
      if (ms !== false) await this.#remove(now - ms, workflow);
    }
    if (olderThanMs === undefined) return;
    if (Object.keys(workflows).length === 0) return this.#remove(now - olderThanMs, undefined);
    // Those that have a time of their own are left out by naming the others.
    const counts = await this.#host.store.countInstances({ statuses: ended });
    const names = new Set(counts.map(({ workflow }) => workflow));
    for (const workflow of names) {
      if (!Object.hasOwn(workflows, workflow)) await this.#remove(now - olderThanMs, workflow);
    }
  }

  async #remove(endedBefore: number, workflow: string | undefined): Promise<void> {
    await removeEnded(this.#host.store, this.#host, { endedBefore, workflow });
  }

  close(): void {
    this.#isClosed = true;
    this.#stop?.();
  }
}

const ended: readonly WorkflowStatus[] = ["completed", "failed", "canceled"];

function checkOptions({ olderThanMs, everyMs, workflows = {} }: RetentionOptions): void {
  const times = Object.entries({ olderThanMs, everyMs }).filter(([, ms]) => ms !== undefined);
  const ofWorkflows = Object.entries(workflows).filter(([, ms]) => ms !== false);
  for (const [option, ms] of [...times, ...ofWorkflows]) {
    const least = option === "everyMs" ? 1 : 0;
    if (typeof ms === "number" && Number.isSafeInteger(ms) && ms >= least) continue;
    throw new InvalidOptionError(
      `The engine's retention has ${option}: ${String(ms)}; ` +
        `it must be a whole number of at least ${least}.`,
    );
  }
}
