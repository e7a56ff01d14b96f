import { ChurningMap } from "../churning-map.ts";
import type { Logger } from "../definition/context.ts";
import { UnknownInstanceError, UnknownWorkflowError } from "../errors.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import { restore } from "../machine/index.ts";
import type { MaybePromise, Store, StoredInstance } from "../store/store.ts";
import type { Clock } from "./clock.ts";
import type { Definitions } from "./definitions.ts";
import { InstanceRuntime } from "./instance-runtime.ts";
import type { OpenTransactions } from "./open-transactions.ts";
import { waitUntil } from "./waiters.ts";

/** So many instances that nobody needs stay in memory, in case somebody asks for them again. */
const idleAtMost = 1000;

/** How long to wait before a store that fails is asked again, first and at most. */
const firstPauseMs = 50;
const longestPauseMs = 5000;

export interface InstancesHost {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly workerId: string;
  readonly transactions: OpenTransactions;
  readonly definitions: Definitions;
  /** Whether no other worker can have taken over what this one owns. */
  isTrusted(): boolean;
  /**
   * The instance was read from the store: attempts that still are the present ones go on, what else
   * runs in it is started, what it waits for is set.
   */
  loaded(runtime: InstanceRuntime): void;
  /** It is not in the store: its start was not kept. */
  missing(runtime: InstanceRuntime, error: unknown): void;
  /** What was held back may go on. */
  release(runtime: InstanceRuntime): void;
}

/** The instances that this process has in memory, and how they come there and go. */
export class Instances {
  readonly #host: InstancesHost;
  readonly #all = new ChurningMap<string, InstanceRuntime>();
  /** Those that nobody needs, the one that was used longest ago first. */
  readonly #idle = new Map<string, InstanceRuntime>();
  readonly #loading = new Map<string, Promise<InstanceRuntime | undefined>>();
  readonly #pauses = new Set<() => void>();
  #isClosed = false;

  constructor(host: InstancesHost) {
    this.#host = host;
  }

  all(): InstanceRuntime[] {
    return [...this.#all.values()];
  }

  known(instanceId: string): InstanceRuntime | undefined {
    return this.#all.get(instanceId);
  }

  add(runtime: InstanceRuntime): void {
    this.#all.set(runtime.id, runtime);
  }

  remove(runtime: InstanceRuntime): void {
    if (this.#all.get(runtime.id) !== runtime) return;
    this.#all.delete(runtime.id);
    this.#idle.delete(runtime.id);
  }

  /** These do not exist any more. One that somebody needs is found to be gone by whoever acts. */
  forget(instanceIds: readonly string[]): void {
    for (const id of instanceIds) {
      const known = this.#all.get(id);
      if (known?.isIdle) this.remove(known);
    }
  }

  /** Nobody needs it now: it stays in memory only while there is room. */
  rest(runtime: InstanceRuntime): void {
    if (!runtime.isIdle || this.#all.get(runtime.id) !== runtime) return;
    this.#idle.delete(runtime.id);
    this.#idle.set(runtime.id, runtime);
    if (this.#idle.size <= idleAtMost) return;
    for (const oldest of this.#idle.values()) {
      this.#idle.delete(oldest.id);
      if (oldest.isIdle) this.#all.delete(oldest.id);
      if (this.#idle.size <= idleAtMost) return;
    }
  }

  /** @throws UnknownInstanceError */
  async find(instanceId: string): Promise<InstanceRuntime> {
    const runtime = await this.tryFind(instanceId);
    if (runtime !== undefined) return runtime;
    throw new UnknownInstanceError(`There is no instance "${instanceId}".`);
  }

  /** The instance as it is now, whoever changed it last. */
  async tryFind(instanceId: string): Promise<InstanceRuntime | undefined> {
    return this.#find(instanceId, (known) => this.#isCurrent(known));
  }

  /** The same for one that this worker owns and somebody else may have changed nevertheless. */
  async refresh(instanceId: string): Promise<InstanceRuntime | undefined> {
    return this.#find(instanceId, () => false);
  }

  async #find(
    instanceId: string,
    isCurrent: (known: InstanceRuntime) => boolean,
  ): Promise<InstanceRuntime | undefined> {
    const underWay = this.#loading.get(instanceId);
    // A read that has begun may miss what whoever asks now has seen already.
    if (underWay !== undefined) await underWay.catch(() => {});
    const known = this.#all.get(instanceId);
    if (known !== undefined && isCurrent(known)) return known;
    let loading = this.#loading.get(instanceId);
    if (loading === undefined) {
      loading = this.#read(instanceId).finally(() => this.#loading.delete(instanceId));
      this.#loading.set(instanceId, loading);
    }
    return loading;
  }

  /** Whether nobody else can have changed it. */
  #isCurrent(runtime: InstanceRuntime): boolean {
    const { store, workerId } = this.#host;
    if (this.#host.transactions.has(runtime.id)) return false;
    if (!store.isShared || !runtime.isStored) return true;
    return runtime.owner === workerId && this.#host.isTrusted();
  }

  async #read(instanceId: string): Promise<InstanceRuntime | undefined> {
    const { store } = this.#host;
    const before = this.#all.get(instanceId);
    if (before !== undefined) {
      const wasStored = before.isStored;
      const [version = 0] = await store.versions([instanceId]);
      // What was kept and is there no longer was removed after its end.
      if (wasStored && version === 0) {
        this.remove(before);
        return undefined;
      }
      const isCurrent = await whenFree(before, () => before.version >= version);
      if (isCurrent && this.#all.get(instanceId) === before) return before;
    }
    const [stored] = await store.load([instanceId]);
    const loaded = stored === undefined ? undefined : this.#withGraph(stored);
    const found = loaded instanceof Promise ? await loaded : loaded;
    const known = this.#all.get(instanceId);
    if (known === undefined) return found === undefined ? undefined : this.#take(found);
    // Here it is starting, or was, and nobody else has it.
    if (found === undefined || !known.isStored) return known;
    return whenFree(known, () => {
      if (found.version > known.version) this.#replace(known, found);
      return known;
    });
  }

  /**
   * With the definition that it runs now, which may be another than before.
   *
   * @throws UnknownWorkflowError, DefinitionChangedError
   */
  #withGraph(stored: StoredInstance): MaybePromise<LoadedInstance> {
    const { id, workflow, version } = stored.rows.instance;
    let graph: WorkflowGraph;
    try {
      graph = this.#host.definitions.graphOf(workflow, version);
    } catch (error) {
      if (!(error instanceof UnknownWorkflowError)) throw error;
      const message = `Instance "${id}" cannot go on in this process. ${error.message}`;
      throw new UnknownWorkflowError(message);
    }
    const checked = this.#host.definitions.shapes.check(graph);
    const loaded = { ...stored, graph };
    return checked instanceof Promise ? checked.then(() => loaded) : loaded;
  }

  /** An instance that was not in memory. */
  #take(stored: LoadedInstance): InstanceRuntime {
    const { graph } = stored;
    const runtime = new InstanceRuntime(graph, restore(graph, stored.rows), stored.version);
    runtime.owner = stored.owner;
    this.add(runtime);
    this.#host.loaded(runtime);
    this.rest(runtime);
    return runtime;
  }

  #replace(runtime: InstanceRuntime, stored: LoadedInstance): void {
    const state = restore(stored.graph, stored.rows);
    runtime.epoch++;
    runtime.graph = stored.graph;
    runtime.state = state;
    runtime.version = stored.version;
    runtime.owner = stored.owner;
    this.#host.loaded(runtime);
    this.rest(runtime);
  }

  /** Instances that this worker has taken over: what runs in them runs again. */
  async takeOver(instanceIds: readonly string[]): Promise<void> {
    for (const stored of await this.#host.store.load(instanceIds)) {
      const { id } = stored.rows.instance;
      try {
        const loaded = await this.#withGraph(stored);
        const known = this.#all.get(id);
        if (known === undefined) this.#take(loaded);
        else if (loaded.version > known.version && !known.isHeld) this.#replace(known, loaded);
      } catch (error) {
        // Such as a workflow that this process does not know: the others go on all the same.
        this.#host.logger.error(`Instance "${id}" cannot go on here`, { error });
      }
    }
  }

  /** Takes over what this worker owns and has not, or not as it is kept. */
  async reconcile(instanceIds: readonly string[]): Promise<void> {
    if (instanceIds.length === 0) return;
    const versions = await this.#host.store.versions(instanceIds);
    const isWrong = (id: string, place: number) => {
      const known = this.#all.get(id);
      return known === undefined || (!known.isHeld && known.version < (versions[place] ?? 0));
    };
    const wrong = instanceIds.filter(isWrong);
    if (wrong.length > 0) await this.takeOver(wrong);
  }

  /**
   * What is in memory of the instance may be wrong: it is read again, however long the store fails.
   * Whatever is asked of it meanwhile is held back.
   */
  reload(runtime: InstanceRuntime, cause: unknown): void {
    runtime.heldBack ??= [];
    runtime.epoch++;
    void this.#reload(runtime, cause, firstPauseMs);
  }

  async #reload(runtime: InstanceRuntime, cause: unknown, pauseMs: number): Promise<void> {
    const { epoch } = runtime;
    let stored: StoredInstance | undefined;
    try {
      [stored] = await this.#host.store.load([runtime.id]);
    } catch (error) {
      if (this.#isClosed) return;
      this.#host.logger.error(`Instance "${runtime.id}" cannot be read; it is tried again`, {
        error,
      });
      this.#pause(pauseMs, () => {
        if (runtime.epoch !== epoch) return;
        void this.#reload(runtime, cause, Math.min(2 * pauseMs, longestPauseMs));
      });
      return;
    }
    let loaded: LoadedInstance | undefined;
    let refusal = cause;
    try {
      if (stored !== undefined) loaded = await this.#withGraph(stored);
      // Another read may have begun since, for a later reason.
      if (this.#isClosed || runtime.epoch !== epoch) return;
      if (loaded !== undefined) this.#replace(runtime, loaded);
    } catch (error) {
      // It has gone on with a definition that this process does not have.
      if (this.#isClosed || runtime.epoch !== epoch) return;
      loaded = undefined;
      refusal = error;
    }
    if (loaded === undefined) {
      this.remove(runtime);
      this.#host.missing(runtime, refusal);
    }
    this.#host.release(runtime);
    this.rest(runtime);
  }

  #pause(ms: number, goOn: () => void): void {
    const { clock } = this.#host;
    const end = clock.callAt(clock.now() + ms, () => {
      this.#pauses.delete(end);
      goOn();
    });
    this.#pauses.add(end);
  }

  close(): void {
    this.#isClosed = true;
    for (const end of this.#pauses) end();
    this.#pauses.clear();
    this.#all.clear();
    this.#idle.clear();
  }
}

interface LoadedInstance extends StoredInstance {
  readonly graph: WorkflowGraph;
}

/** When no commit and no other read of it is on its way. */
function whenFree<Seen>(runtime: InstanceRuntime, see: () => Seen): Promise<Seen> {
  return waitUntil(runtime, "stored", see);
}
