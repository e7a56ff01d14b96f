import type { WorkflowRegistry } from "../definition/registry.ts";
import { InvalidArgumentError, StoreUnavailableError, UnknownScheduleError } from "../errors.ts";
import { isSameJson, toJson } from "../json.ts";
import type { EpochMs } from "../machine/index.ts";
import type { MissedMoments, ScheduleRecord, Store } from "../store/store.ts";
import { checkTags, checkTexts } from "../text.ts";
import { nextMoment } from "./cron.ts";
import type { EngineCore } from "./engine-core.ts";
import { validInput } from "./initial-data.ts";
import { type Page, type PageOptions, pageLimit, pageOf, placeOfCursor } from "./page.ts";

export interface SaveScheduleOptions {
  /** A name of your own; a schedule that has it is replaced. */
  readonly id: string;
  readonly workflow: string;
  /** The version that is registered last when it fires, unless told. */
  readonly version?: string;
  /** Minute, hour, day of month, month, day of week; seconds may come before them. */
  readonly cron: string;
  /** An IANA name, such as "Europe/Berlin"; "UTC" unless told. */
  readonly timezone?: string;
  readonly initialData?: Readonly<Record<string, unknown>>;
  /** Who its instances are started by. */
  readonly user?: string;
  readonly tenant?: string;
  readonly businessKey?: string;
  readonly tags?: readonly string[];
  /** What becomes of moments that passed while no process ran: one start ("once"), unless told. */
  readonly missed?: MissedMoments;
}

export interface ListSchedulesOptions extends PageOptions {
  readonly workflow?: string;
  readonly tenant?: string;
}

export interface SchedulesHost {
  readonly core: EngineCore;
  readonly store: Store;
  readonly registry: WorkflowRegistry;
  now(): EpochMs;
  /** What is due next may have changed. */
  changed(): void;
}

/** An instance's id is the schedule's with a moment behind it, and has to be kept too. */
const longestId = 400;
/** Whoever saves at the same moment gets so many tries. */
const tries = 10;

/** The cron schedules that start instances. */
export class Schedules {
  readonly #host: SchedulesHost;

  constructor(host: SchedulesHost) {
    this.#host = host;
  }

  /**
   * Makes a schedule, or replaces the one with this id; it goes on being paused if it was. Saving
   * what is saved already changes nothing, so that every process may do it when it starts.
   *
   * @throws InvalidCronError, InvalidTimezoneError, UnknownWorkflowError, InvalidInputError,
   *   NotJsonError, InvalidArgumentError
   */
  async save(options: SaveScheduleOptions): Promise<ScheduleRecord> {
    const now = this.#host.now();
    const wanted = await this.#check(options, now);
    return this.#change(wanted.id, (before) => {
      if (before === undefined) {
        const nextAt = nextMoment(wanted.cron, wanted.timezone, now);
        return { ...wanted, ...fresh, createdAt: now, nextAt };
      }
      const { cron, timezone } = before;
      const isSameTime = cron === wanted.cron && timezone === wanted.timezone;
      const nextAt = isSameTime ? before.nextAt : nextMoment(wanted.cron, wanted.timezone, now);
      return { ...before, ...wanted, nextAt };
    });
  }

  async #check(options: SaveScheduleOptions, now: EpochMs): Promise<WantedSchedule> {
    const { id, workflow, version, cron, timezone = "UTC", missed = "once" } = options;
    const { initialData = {}, user, tenant, businessKey, tags = [] } = options;
    checkTexts({ id, workflow, version, user, tenant, businessKey });
    if (typeof id !== "string" || id === "" || Buffer.byteLength(id) > longestId) {
      throw new InvalidArgumentError(
        `The id of a schedule is ${JSON.stringify(id)}; ` +
          `it must be a string of 1 to ${longestId} bytes in UTF-8.`,
      );
    }
    if (missed !== "once" && missed !== "skip") {
      throw new InvalidArgumentError(
        `missed is ${JSON.stringify(missed)}; it must be "once" or "skip".`,
      );
    }
    nextMoment(cron, timezone, now);
    const definition = this.#host.registry.getDefinition(workflow, version);
    await validInput(definition, initialData);
    const given = toJson(initialData, `The initial data of schedule "${id}"`);
    return {
      ...{ id, workflow, version, cron, timezone, missed, user, tenant, businessKey },
      initialData: given as Readonly<Record<string, unknown>>,
      tags: checkTags(tags),
    };
  }

  /** By id. */
  async list(options: ListSchedulesOptions = {}): Promise<Page<ScheduleRecord>> {
    const { workflow, tenant, cursor } = options;
    const limit = pageLimit(options.limit);
    checkTexts({ workflow, tenant });
    const [after] = cursor === undefined ? [undefined] : placeOfCursor(cursor, ["string"]);
    await this.#host.core.start();
    const query = { workflow, tenant, limit: limit + 1, after };
    return pageOf(await this.#host.store.listSchedules(query), limit, ({ id }) => [id]);
  }

  /** @throws UnknownScheduleError */
  async get(id: string): Promise<ScheduleRecord> {
    await this.#host.core.start();
    return (await this.#find(id)) ?? unknown(id);
  }

  /** It does not fire until it is resumed. */
  async pause(id: string): Promise<ScheduleRecord> {
    return this.#change(id, (before = unknown(id)) => ({ ...before, isPaused: true }));
  }

  /** It fires again, at the next moment from now on: what passed meanwhile is not made up for. */
  async resume(id: string): Promise<ScheduleRecord> {
    return this.#change(id, (before = unknown(id)) => {
      if (!before.isPaused) return before;
      const nextAt = nextMoment(before.cron, before.timezone, this.#host.now());
      return { ...before, isPaused: false, nextAt };
    });
  }

  /** Gives whether there was one. Instances that it has started go on. */
  async remove(id: string): Promise<boolean> {
    checkTexts({ id });
    await this.#host.core.start();
    return this.#host.store.removeSchedule(id);
  }

  async #find(id: string): Promise<ScheduleRecord | undefined> {
    checkTexts({ id });
    const [found] = await this.#host.store.listSchedules({ id, limit: 1 });
    return found;
  }

  async #change(
    id: string,
    change: (before: ScheduleRecord | undefined) => ScheduleRecord,
  ): Promise<ScheduleRecord> {
    const { core, store } = this.#host;
    await core.start();
    for (let left = tries; left > 0; left--) {
      const before = await this.#find(id);
      const after = change(before);
      if (before !== undefined && isSameJson(plain(before), plain(after))) return before;
      const schedule = { ...after, revision: (before?.revision ?? 0) + 1 };
      if (!(await store.saveSchedule(schedule))) continue;
      this.#host.changed();
      return schedule;
    }
    throw new StoreUnavailableError(
      `Schedule "${id}" was changed by others ${tries} times while it was being changed.`,
    );
  }
}

type Kept = "revision" | "isPaused" | "createdAt" | "nextAt" | "lastAt" | "lastInstanceId";
type WantedSchedule = Omit<ScheduleRecord, Kept>;

const fresh = { revision: 0, isPaused: false, lastAt: undefined, lastInstanceId: undefined };

function plain(schedule: ScheduleRecord): unknown {
  return JSON.parse(JSON.stringify(schedule));
}

function unknown(id: string): never {
  throw new UnknownScheduleError(`There is no schedule "${id}".`);
}
