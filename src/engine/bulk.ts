import { InvalidArgumentError, type WorkflowsError } from "../errors.ts";
import type { Actor, Command, WorkflowStatus } from "../machine/index.ts";
import type { InstanceFilter, InstancePlace, InstanceSummary, Store } from "../store/store.ts";
import { checkTexts } from "../text.ts";
import type { EngineCore } from "./engine-core.ts";

/** What is done to many instances. */
export interface BulkOptions {
  /** Who does it. */
  readonly userId?: string;
  readonly groups?: readonly string[];
  readonly admin?: boolean;
  readonly onBehalfOf?: string;
  readonly through?: string;
  /** Why they are cancelled. */
  readonly reason?: string;
  /** Only counts what matches, and changes nothing. */
  readonly dryRun?: boolean;
  /** Called now and then, and at the end. */
  readonly onProgress?: (progress: BulkProgress) => void;
  /** Aborted, it ends what it has begun, and gives what was done until then. */
  readonly signal?: AbortSignal;
}

/** How far it is. */
export interface BulkProgress {
  /** How many instances matched so far. */
  readonly matched: number;
  readonly done: number;
  readonly refused: number;
}

export interface BulkResult {
  readonly matched: number;
  readonly done: number;
  /** Instances that did not let it be done to them, such as one that ended meanwhile. */
  readonly refused: readonly BulkRefusal[];
  /** It was aborted: there may be more. */
  readonly isAborted: boolean;
}

export interface BulkRefusal {
  readonly instanceId: string;
  /** The code of the error that the call for this instance alone would have had. */
  readonly code: string;
  readonly message: string;
}

type BulkType = "Cancel" | "Pause" | "Resume" | "Retry";

interface Bulk {
  readonly core: EngineCore;
  readonly store: Store;
  readonly type: BulkType;
  readonly filter: InstanceFilter;
  readonly options: BulkOptions;
  readonly now: number;
}

/** In which states an instance is looked for, unless the filter says so itself. */
const wanted: Readonly<Record<BulkType, readonly WorkflowStatus[]>> = {
  Cancel: ["pending", "running", "waiting", "paused"],
  Pause: ["pending", "running", "waiting"],
  Resume: ["paused"],
  Retry: ["failed"],
};

/** So many are read, and acted on, at a time: their changes share transactions. */
const atOnce = 100;

/**
 * Does one thing to all instances of a filter, once to each.
 *
 * The list is read by when they started, which nothing changes, so what happens to one moves no
 * other out of the way. What comes to match meanwhile, behind the place that was reached, is found
 * by reading again, until nothing new is found.
 */
export class BulkRun {
  readonly #bulk: Bulk;
  readonly #filter: InstanceFilter;
  readonly #actor: Actor;
  readonly #seen = new Set<string>();
  readonly #refused: BulkRefusal[] = [];
  #done = 0;

  /** @throws InvalidArgumentError */
  constructor(bulk: Bulk) {
    const { type, filter, options, now } = bulk;
    const { userId: user, groups, admin, onBehalfOf, through, reason, signal } = options;
    checkTexts({ userId: user, onBehalfOf, through, reason });
    if (signal !== undefined && !(signal instanceof AbortSignal)) {
      throw new InvalidArgumentError("signal must be an AbortSignal, of an AbortController.");
    }
    this.#bulk = bulk;
    this.#actor = { user, groups, admin, onBehalfOf, through };
    // Whoever goes on starting instances must not keep it going.
    const startedBefore = Math.min(filter.startedBefore ?? Number.POSITIVE_INFINITY, now + 1);
    this.#filter = { ...filter, startedBefore, statuses: filter.statuses ?? wanted[type] };
  }

  async run(): Promise<BulkResult> {
    let before: number;
    do {
      before = this.#seen.size;
      await this.#readThrough();
      // What is only counted does not change, and need not be counted again.
    } while (this.#seen.size > before && !this.#isAborted && this.#bulk.options.dryRun !== true);
    this.#tell();
    return {
      matched: this.#seen.size,
      done: this.#done,
      refused: this.#refused,
      isAborted: this.#isAborted,
    };
  }

  get #isAborted(): boolean {
    return this.#bulk.options.signal?.aborted === true;
  }

  async #readThrough(): Promise<void> {
    const { store } = this.#bulk;
    let after: InstancePlace | undefined;
    while (!this.#isAborted) {
      const query = { ...this.#filter, newestFirst: false, limit: atOnce, after };
      const found: readonly InstanceSummary[] = await store.listInstances(query);
      const fresh = found.filter((instance) => this.#isFresh(instance));
      for (const { id } of fresh) this.#seen.add(id);
      if (this.#bulk.options.dryRun !== true) {
        await Promise.all(fresh.map(({ id }) => this.#actOn(id)));
      }
      if (fresh.length > 0) this.#tell();
      const last = found.at(-1);
      if (last === undefined || found.length < atOnce) return;
      after = { startedAt: last.startedAt, instanceId: last.id };
      // The rest of the application gets its turn, also on a store that answers at once.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** What is done to a parent happens to its children: they are not done for themselves. */
  #isFresh({ id, parent }: InstanceSummary): boolean {
    const isOwn = parent === undefined || this.#filter.parentId !== undefined;
    return isOwn && !this.#seen.has(id);
  }

  async #actOn(instanceId: string): Promise<void> {
    const { core, type, options } = this.#bulk;
    const actor = this.#actor;
    const command: Command =
      type === "Cancel" ? { type, reason: options.reason, actor } : { type, actor };
    try {
      await core.tell(await core.find(instanceId), command);
      this.#done++;
    } catch (error) {
      const { code, message } = error as WorkflowsError;
      // Without a code it is no refusal, and nobody knows what became of it.
      if (typeof code !== "string") throw error;
      core.refuseIfClosed();
      this.#refused.push({ instanceId, code, message });
    }
  }

  #tell(): void {
    const { length: refused } = this.#refused;
    this.#bulk.options.onProgress?.({ matched: this.#seen.size, done: this.#done, refused });
  }
}
