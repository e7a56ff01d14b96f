import { InvalidArgumentError } from "../errors.ts";
import type { ActRecord, WorkflowStatus } from "../machine/index.ts";
import type { InstanceCount, InstanceFilter, InstanceSummary, Store } from "../store/store.ts";
import { checkTags, checkTexts } from "../text.ts";
import { type BulkOptions, type BulkResult, BulkRun } from "./bulk.ts";
import type { Clock } from "./clock.ts";
import type { EngineCore } from "./engine-core.ts";
import { type Page, type PageOptions, pageLimit, pageOf, placeOfCursor } from "./page.ts";
import { removeEnded } from "./retention.ts";

export interface ListInstancesOptions extends InstanceFilter, PageOptions {
  /** By when they started: "newest" first unless told. */
  readonly order?: "newest" | "oldest";
}

export interface HistoryOptions extends PageOptions {
  /** Only what concerns this task. */
  readonly taskId?: string;
}

/** Something that somebody did to an instance or one of its tasks. */
export interface HistoryEntry extends ActRecord {
  /** Greater than those of all entries of the instance before it. */
  readonly number: number;
}

/** Which instances are removed. */
export interface RemoveEndedOptions {
  /** Only instances that ended before this moment, in milliseconds since the epoch. */
  readonly endedBefore: number;
  readonly workflow?: string;
  readonly statuses?: readonly WorkflowStatus[];
  readonly tenant?: string;
}

/** Finds instances, tells what was done to them, and does one thing to many of them. */
export class InstanceDirectory {
  readonly #core: EngineCore;
  readonly #store: Store;
  readonly #clock: Clock;

  constructor(parts: { readonly core: EngineCore; readonly store: Store; readonly clock: Clock }) {
    this.#core = parts.core;
    this.#store = parts.store;
    this.#clock = parts.clock;
  }

  /**
   * Instances without their data, by when they started.
   *
   * @throws InvalidArgumentError naming the option that cannot be right.
   */
  async list(options: ListInstancesOptions = {}): Promise<Page<InstanceSummary>> {
    const { limit: given, cursor, order = "newest", ...filter } = options;
    const limit = pageLimit(given);
    checkFilter(filter);
    if (order !== "newest" && order !== "oldest") {
      throw new InvalidArgumentError(
        `order is ${JSON.stringify(order)}; it must be "newest" or "oldest".`,
      );
    }
    const place = cursor === undefined ? undefined : placeOfCursor(cursor, ["number", "string"]);
    await this.#core.start();
    const found = await this.#store.listInstances({
      ...filter,
      newestFirst: order === "newest",
      limit: limit + 1,
      after: place && { startedAt: place[0], instanceId: place[1] },
    });
    return pageOf(found, limit, ({ startedAt, id }) => [startedAt, id]);
  }

  /** How many instances there are, by workflow, version and status. */
  async count(filter: InstanceFilter = {}): Promise<readonly InstanceCount[]> {
    checkFilter(filter);
    await this.#core.start();
    return this.#store.countInstances(filter);
  }

  /**
   * Who did what to an instance and its tasks, oldest first.
   *
   * @throws UnknownInstanceError
   */
  async history(instanceId: string, options: HistoryOptions = {}): Promise<Page<HistoryEntry>> {
    const { taskId: given, cursor } = options;
    const limit = pageLimit(options.limit);
    checkTexts({ taskId: given });
    const [after] = cursor === undefined ? [undefined] : placeOfCursor(cursor, ["number"]);
    await this.#core.start();
    const isGlobal = given?.startsWith(`${instanceId}/`);
    const taskId = isGlobal ? given?.slice(instanceId.length + 1) : given;
    const acts = await this.#store.listActs({ instanceId, taskId, limit: limit + 1, after });
    if (acts.length === 0) await this.#core.find(instanceId);
    const entries = acts.map(({ number, act }) => ({ number, ...act }));
    return pageOf(entries, limit, ({ number }) => [number]);
  }

  /**
   * Cancels the instances of the filter that have not ended. This and the calls below act on
   * instances that started before the call, children only if the filter names their parent, and
   * resolve when everything is durable; what they set going is not waited for.
   *
   * @throws InvalidArgumentError; what an instance refuses stands in the result.
   */
  cancelAll(filter: InstanceFilter, options: BulkOptions = {}): Promise<BulkResult> {
    return this.#runBulk("Cancel", filter, options);
  }

  /** Pauses the instances of the filter that go on. */
  pauseAll(filter: InstanceFilter, options: BulkOptions = {}): Promise<BulkResult> {
    return this.#runBulk("Pause", filter, options);
  }

  /** Resumes the instances of the filter that are paused. */
  resumeAll(filter: InstanceFilter, options: BulkOptions = {}): Promise<BulkResult> {
    return this.#runBulk("Resume", filter, options);
  }

  /** Retries the instances of the filter that have failed, each at what failed, once. */
  retryAll(filter: InstanceFilter, options: BulkOptions = {}): Promise<BulkResult> {
    return this.#runBulk("Retry", filter, options);
  }

  async #runBulk(
    type: ConstructorParameters<typeof BulkRun>[0]["type"],
    filter: InstanceFilter,
    options: BulkOptions,
  ): Promise<BulkResult> {
    checkFilter(filter);
    await this.#core.start();
    const now = Math.floor(this.#clock.now());
    return new BulkRun({ core: this.#core, store: this.#store, type, filter, options, now }).run();
  }

  /**
   * Removes instances that ended before a moment, with everything that is kept of them, in small
   * batches; not children of an instance that has not ended. Gives how many.
   */
  async removeEnded(options: RemoveEndedOptions): Promise<number> {
    const { endedBefore, workflow, statuses, tenant } = options;
    checkFilter({ workflow, statuses, tenant });
    if (!Number.isSafeInteger(endedBefore)) {
      throw new InvalidArgumentError(
        `endedBefore is ${String(endedBefore)}; it must be a moment in whole milliseconds.`,
      );
    }
    await this.#core.start();
    return removeEnded(this.#store, this.#core, { endedBefore, workflow, statuses, tenant });
  }
}

const statuses: ReadonlySet<unknown> = new Set<WorkflowStatus>([
  "pending",
  "running",
  "waiting",
  "paused",
  "completed",
  "failed",
  "canceled",
]);

function checkFilter(filter: InstanceFilter): void {
  const { workflow, version, businessKey, tenant, user, parentId } = filter;
  checkTexts({ workflow, version, businessKey, tenant, user, parentId });
  if (filter.tags !== undefined) checkTags(filter.tags);
  const { startedFrom, startedBefore } = filter;
  for (const [option, moment] of Object.entries({ startedFrom, startedBefore })) {
    if (moment === undefined || Number.isSafeInteger(moment)) continue;
    throw new InvalidArgumentError(
      `${option} is ${String(moment)}; it must be a moment in whole milliseconds.`,
    );
  }
  if (filter.statuses === undefined) return;
  if (Array.isArray(filter.statuses) && filter.statuses.every((each) => statuses.has(each))) return;
  throw new InvalidArgumentError(
    `statuses is ${JSON.stringify(filter.statuses)}; ` +
      `it must be a list of: ${[...statuses].join(", ")}.`,
  );
}
