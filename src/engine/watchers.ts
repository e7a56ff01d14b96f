import type { Logger } from "../definition/context.ts";
import { InvalidArgumentError } from "../errors.ts";
import type { EpochMs, InstanceRecord, TaskRecord, WorkflowStatus } from "../machine/index.ts";
import type { News, Store } from "../store/store.ts";
import { checkTexts } from "../text.ts";
import type { Letter } from "./letters.ts";
import type { PendingChange } from "./pending-change.ts";
import { RecentlyTold } from "./recently-told.ts";
import { type HumanTask, showStoredTask } from "./tasks.ts";
import { Watcher, type WatchFilter, type WatchListener } from "./watcher.ts";

/** Something that changed, as it is kept. */
export type WatchEvent =
  /** The instance, or anything in it; `revision` counts its changes. */
  | {
      readonly type: "instance";
      readonly instanceId: string;
      readonly workflow: string;
      readonly tenant: string | undefined;
      readonly status: WorkflowStatus;
      readonly revision: number;
    }
  | { readonly type: "task"; readonly change: TaskChange; readonly task: HumanTask };

export type TaskChange = "opened" | "changed" | "completed" | "withdrawn";

export interface WatchersHost {
  readonly store: Store;
  readonly logger: Logger;
  readonly workerId: string;
  now(): EpochMs;
  neighbours(): readonly string[];
  tell(workerId: string, letter: Letter): Promise<void>;
}

/** A task as a change left it, and whether that change brought it about. */
interface TaskNews {
  readonly task: TaskRecord;
  readonly isNew: boolean;
}

type InstanceNews = Extract<News, { type: "instance" }>;

/** So many instances are read at a time. */
const readAtOnce = 50;
/** By so much the clocks of two processes may differ before a change is mistaken for an old one. */
const clockDifferenceMs = 10_000;
/** So many of the instances that started last are looked at for some that nobody told of. */
const newestLookedAt = 100;

/**
 * Who in this process wants to know what changes. While somebody does, the other workers are asked
 * to announce every change; what gets lost on the way is found by looking. While nobody does, it
 * costs nothing.
 */
export class Watchers {
  readonly #host: WatchersHost;
  readonly #watchers = new Set<Watcher>();
  /** Other workers that want to hear of every change, as far as they are known. */
  readonly #elsewhere = new Set<string>();
  /** Other workers that were told that this one wants to. */
  readonly #asked = new Set<string>();
  readonly #told = new RecentlyTold();
  /** Instances of which others have told, and that have to be read. */
  readonly #heard = new Map<string, InstanceNews[]>();
  #isReading = false;
  #isClosed = false;
  /** When what nobody told of was looked for, last and before that. */
  #lookedAt = 0;
  #lookedBefore = 0;

  constructor(host: WatchersHost) {
    this.#host = host;
  }

  get isEmpty(): boolean {
    return this.#watchers.size === 0;
  }

  get isWatchedElsewhere(): boolean {
    return this.#elsewhere.size > 0;
  }

  /** @throws InvalidArgumentError */
  watch(filter: WatchFilter, listener: WatchListener): () => void {
    checkFilter(filter);
    if (typeof listener !== "function") {
      throw new InvalidArgumentError("watch needs a function that is called with each change.");
    }
    const watcher = new Watcher(filter, listener, this.#host.logger);
    this.#watchers.add(watcher);
    this.#inBackground(this.#begin(watcher));
    this.#askAround();
    return () => {
      watcher.close();
      if (!this.#watchers.delete(watcher) || !this.isEmpty) return;
      this.#heard.clear();
      this.#told.clear();
      this.#askAround();
    };
  }

  /** What is there already is not told: only what changes from now on. */
  async #begin(watcher: Watcher): Promise<void> {
    const { store } = this.#host;
    if (this.#lookedAt === 0) this.#lookedAt = this.#lookedBefore = this.#host.now();
    await watcher.begin(store);
    if (!store.isShared) return;
    const ids = await this.#idsFor(watcher);
    const versions = await store.versions(ids);
    for (const [index, id] of ids.entries()) this.#told.know(id, versions[index] ?? 0);
  }

  // ---------------------------------------------------------------------------------------- asking

  /** Another worker wants to hear of every change, or no longer does. */
  watched({ workerId, isWatching }: Extract<Letter, { type: "Watching" }>): void {
    if (isWatching) this.#elsewhere.add(workerId);
    else this.#elsewhere.delete(workerId);
  }

  /** This worker was taken for gone: others have forgotten that it wants to hear. */
  outlived(): void {
    this.#asked.clear();
    this.#askAround();
  }

  #askAround(): void {
    const { workerId } = this.#host;
    const isWatching = !this.isEmpty;
    const others = isWatching ? this.#host.neighbours() : [...this.#asked];
    for (const other of others) {
      if (this.#asked.has(other) === isWatching) continue;
      if (isWatching) this.#asked.add(other);
      else this.#asked.delete(other);
      this.#host.tell(other, { type: "Watching", workerId, isWatching }).catch(() => {
        // It is asked again at the next look.
        this.#asked.delete(other);
      });
    }
  }

  // ------------------------------------------------------------------------------ what has changed

  /** A change of this process is durable. */
  kept({ runtime, at, expectedVersion, instance, tasks }: PendingChange): void {
    const news = tasks.map((task) => ({ task, isNew: task.createdAt === at }));
    this.#tell(instance ?? runtime.state.instance, expectedVersion + 1, news);
  }

  /** Another worker has changed an instance. */
  hear(news: InstanceNews): void {
    if (this.isEmpty) return;
    const heard = this.#heard.get(news.instanceId);
    if (heard === undefined) this.#heard.set(news.instanceId, [news]);
    else heard.push(news);
    this.#read();
  }

  #read(): void {
    if (this.#isReading || this.#heard.size === 0 || this.#isClosed) return;
    this.#isReading = true;
    const done = () => {
      this.#isReading = false;
      this.#read();
    };
    this.#readHeard().then(done, (error: unknown) => {
      // What was not read is found at the next look.
      this.#isReading = false;
      if (!this.#isClosed) this.#host.logger.error("What changed cannot be read", { error });
    });
  }

  async #readHeard(): Promise<void> {
    const heard = [...this.#heard].slice(0, readAtOnce);
    for (const [id] of heard) this.#heard.delete(id);
    const byId = new Map(heard);
    for (const { version, rows } of await this.#host.store.load(heard.map(([id]) => id))) {
      const { instance } = rows;
      const news = byId.get(instance.id) ?? [];
      const tasks = [...rows.tasks].flatMap((task) => this.#newsOf(task, news));
      this.#tell(instance, version, tasks);
    }
  }

  #newsOf(task: TaskRecord, news: readonly InstanceNews[]): TaskNews[] {
    const ofTask = news.filter(({ taskIds }) => taskIds === undefined || taskIds.includes(task.id));
    const isNamed = ofTask.some(({ taskIds }) => taskIds !== undefined);
    if (isNamed) return [{ task, isNew: ofTask.some(({ at }) => at === task.createdAt) }];
    // Nobody told which tasks have changed: those that something has happened to since.
    const since = this.#lookedBefore - clockDifferenceMs;
    const { createdAt, claimedAt = 0, endedAt = 0 } = task;
    const isRecent = Math.max(createdAt, claimedAt, endedAt) >= since;
    return ofTask.length > 0 && isRecent ? [{ task, isNew: createdAt >= since }] : [];
  }

  #tell(instance: InstanceRecord, revision: number, tasks: readonly TaskNews[]): void {
    const { id: instanceId, workflow, version, tenant, businessKey, status } = instance;
    const where = { instanceId, workflow, workflowVersion: version, tenant, businessKey };
    const events: WatchEvent[] = [];
    if (this.#told.isLater(instance, revision)) {
      events.push({ type: "instance", instanceId, workflow, tenant, status, revision });
    }
    for (const { task, isNew } of tasks) {
      if (this.#told.hasTold(instanceId, task)) continue;
      const change = task.status !== "open" ? task.status : isNew ? "opened" : "changed";
      this.#told.addTask(instanceId, task);
      events.push({ type: "task", change, task: showStoredTask({ ...where, task }, undefined) });
    }
    for (const event of events) {
      for (const watcher of this.#watchers) watcher.offer(event, tenant);
    }
  }

  // --------------------------------------------------------------------------------------- looking

  /** Finds what nobody told of: changes of instances that are known here, and new instances. */
  async look(): Promise<void> {
    const neighbours = new Set(this.#host.neighbours());
    for (const id of this.#elsewhere) if (!neighbours.has(id)) this.#elsewhere.delete(id);
    for (const id of this.#asked) if (!neighbours.has(id)) this.#asked.delete(id);
    this.#askAround();
    const { store } = this.#host;
    if (this.isEmpty || !store.isShared) return;
    this.#looks();
    const ids = new Set(this.#told.openInstances());
    for (const watcher of this.#watchers) {
      for (const id of await this.#idsFor(watcher)) ids.add(id);
    }
    const all = [...ids];
    const versions = await store.versions(all);
    for (const [index, instanceId] of all.entries()) {
      const revision = versions[index] ?? 0;
      if (this.#told.revisionOf(instanceId) < revision) this.hear({ type: "instance", instanceId });
    }
  }

  #looks(): void {
    this.#lookedBefore = this.#lookedAt;
    this.#lookedAt = this.#host.now();
  }

  /** The instances that a watcher is likely to hear of. */
  async #idsFor({ filter }: Watcher): Promise<readonly string[]> {
    const { instanceId, workflow, tenant } = filter;
    if (instanceId !== undefined) return [instanceId];
    const query = { workflow, tenant, newestFirst: true, limit: newestLookedAt };
    return (await this.#host.store.listInstances(query)).map(({ id }) => id);
  }

  #inBackground(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.#isClosed) this.#host.logger.error("What is watched cannot be read", { error });
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers.clear();
    this.#heard.clear();
  }
}

function checkFilter(filter: WatchFilter): void {
  const { instanceId, workflow, tenant, userId, groups } = filter;
  checkTexts({ instanceId, workflow, tenant, userId });
  if (groups === undefined) return;
  if (!Array.isArray(groups)) {
    throw new InvalidArgumentError(
      `groups must be a list of names; found ${JSON.stringify(groups)}.`,
    );
  }
  for (const group of groups) checkTexts({ "a group": group });
}
