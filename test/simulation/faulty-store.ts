import {
  type ActQuery,
  type Claim,
  type Commit,
  type InstanceCount,
  type InstanceFilter,
  type InstanceQuery,
  type InstanceSummary,
  type KnownWorker,
  type Mail,
  type MaybePromise,
  MemoryStore,
  type News,
  type RetentionQuery,
  type ScheduleQuery,
  type ScheduleRecord,
  type Store,
  type StoredAct,
  type StoredInstance,
  type StoredTask,
  type StoredTimer,
  type StoreMeasures,
  type TaskFilter,
  type TaskQuery,
  type TimerQuery,
  type WorkerBeat,
} from "tandem-workflows";
import type { SimulatedProcess } from "./simulated-process.ts";

/** The database that all processes share; it never fails, and tells what it has kept. */
export class SharedStore extends MemoryStore {
  override readonly isShared = true;
  readonly #kept: (commit: Commit, refused: readonly string[]) => void;

  constructor(kept: (commit: Commit, refused: readonly string[]) => void) {
    super({ keepEnded: Number.MAX_SAFE_INTEGER });
    this.#kept = kept;
  }

  override commit(commit: Commit): readonly string[] {
    const refused = super.commit(commit) as readonly string[];
    this.#kept(commit, refused);
    return refused;
  }
}

class StoreUnavailable extends Error {
  readonly code = "STORE_UNAVAILABLE";
}

type Fate = "well" | "fails" | "kept" | "keptLate" | "crashBefore" | "crashWhile" | "crashAfter";

/** What one process sees of the shared store: every call takes time, and any of them may fail. */
export class FaultyStore implements Store {
  readonly isShared = true;
  readonly #store: SharedStore;
  readonly #process: SimulatedProcess;

  constructor(store: SharedStore, process: SimulatedProcess) {
    this.#store = store;
    this.#process = process;
  }

  commit(commit: Commit): Promise<readonly string[]> {
    const copy = { ...commit, sent: commit.sent.map((message) => ({ ...message })) };
    return this.#call("commit", () => this.#store.commit(copy));
  }

  load(instanceIds: readonly string[]): Promise<readonly StoredInstance[]> {
    return this.#call("load", () => this.#store.load(instanceIds));
  }

  versions(instanceIds: readonly string[]): Promise<readonly number[]> {
    return this.#call("versions", () => this.#store.versions(instanceIds));
  }

  findByIdempotencyKey(key: string): Promise<string | undefined> {
    return this.#call("findByIdempotencyKey", () => this.#store.findByIdempotencyKey(key));
  }

  listTasks(query: TaskQuery): Promise<readonly StoredTask[]> {
    return this.#call("listTasks", () => this.#store.listTasks(query));
  }

  countTasks(filter: TaskFilter, atMost: number): Promise<number> {
    return this.#call("countTasks", () => this.#store.countTasks(filter, atMost));
  }

  listInstances(query: InstanceQuery): Promise<readonly InstanceSummary[]> {
    return this.#call("listInstances", () => this.#store.listInstances(query));
  }

  countInstances(filter: InstanceFilter): Promise<readonly InstanceCount[]> {
    return this.#call("countInstances", () => this.#store.countInstances(filter));
  }

  listActs(query: ActQuery): Promise<readonly StoredAct[]> {
    return this.#call("listActs", () => this.#store.listActs(query));
  }

  measure(now: number): Promise<StoreMeasures> {
    return this.#call("measure", () => this.#store.measure(now));
  }

  saveSchedule(schedule: ScheduleRecord): Promise<boolean> {
    return this.#call("saveSchedule", () => this.#store.saveSchedule(schedule));
  }

  listSchedules(query: ScheduleQuery): Promise<readonly ScheduleRecord[]> {
    return this.#call("listSchedules", () => this.#store.listSchedules(query));
  }

  removeSchedule(id: string): Promise<boolean> {
    return this.#call("removeSchedule", () => this.#store.removeSchedule(id));
  }

  removeEnded(query: RetentionQuery): Promise<readonly string[]> {
    return this.#call("removeEnded", () => this.#store.removeEnded(query));
  }

  listTimers(query: TimerQuery): Promise<readonly StoredTimer[]> {
    return this.#call("listTimers", () => this.#store.listTimers(query));
  }

  beat(worker: WorkerBeat): Promise<readonly KnownWorker[]> {
    const { world } = this.#process;
    if (worker.beat === 1) world.note(`${this.#process.name} is worker ${worker.id}`);
    this.#process.workerId = worker.id;
    return this.#call("beat", () => {
      const known = this.#store.beat(worker) as readonly KnownWorker[];
      return known.map((each) => ({ ...each, isGone: world.knowsDead(each.id) }));
    });
  }

  claim(claim: Claim): Promise<readonly string[]> {
    return this.#call("claim", () => {
      const ids = this.#store.claim(claim) as readonly string[];
      if (ids.length + claim.gone.length > 0) {
        const { world, name } = this.#process;
        world.note(
          `${name} claims ${ids.join(", ") || "nothing"} of ${claim.gone.map(({ id }) => id).join(", ")}`,
        );
      }
      return ids;
    });
  }

  owned(workerId: string): Promise<readonly string[]> {
    return this.#call("owned", () => this.#store.owned(workerId));
  }

  retire(workerId: string): Promise<void> {
    return this.#call("retire", () => this.#store.retire(workerId));
  }

  receive(workerId: string): Promise<Mail> {
    return this.#call("receive", () => this.#store.receive(workerId));
  }

  async listen(workerId: string, listener: (news: News) => void): Promise<() => void> {
    const { world } = this.#process;
    const { trouble, random } = world;
    await this.#call("listen", () =>
      this.#store.listen(workerId, (news) => {
        const isLost = !world.isHealed && random.chance(trouble.newsLostShare);
        if (isLost || this.#isCutOff) return;
        const delay = world.isHealed ? 1 : random.between(0, trouble.newsDelayMs);
        world.after(delay, () => this.#process.run(() => listener(news)));
      }),
    );
    return () => {};
  }

  keepSetting(key: string, value: string, replacing?: string): Promise<string> {
    return this.#call("keepSetting", () => this.#store.keepSetting(key, value, replacing));
  }

  async close(): Promise<void> {}

  // --------------------------------------------------------------------------------------- faults

  get #isCutOff(): boolean {
    return this.#process.partitionedUntil > this.#process.world.clock.now();
  }

  #call<Value>(name: string, carryOut: () => MaybePromise<Value>): Promise<Value> {
    const process = this.#process;
    const { world } = process;
    return new Promise((resolve, reject) => {
      const fate = this.#drawFate(name);
      const fail = () => process.run(() => reject(new StoreUnavailable(`${name} got no answer`)));
      if (fate !== "well") world.note(`${process.name}: ${name} ${fate}`);
      const answer = (value: Value) => {
        world.after(this.#delay(), () => process.run(() => resolve(value)));
        if (fate === "crashAfter") world.after(this.#delay() * 2, () => world.crash(process));
      };
      this.#whenReachable(fail, () => {
        if (fate === "crashBefore") return world.crash(process);
        if (fate === "fails") return world.after(this.#delay(), fail);
        if (fate === "keptLate") {
          world.after(this.#delay(), fail);
          world.after(world.random.between(0, 4_000), carryOut);
          return;
        }
        const value = carryOut() as Value;
        if (fate === "crashWhile") return world.crash(process);
        if (fate === "kept") return world.after(this.#delay(), fail);
        answer(value);
      });
    });
  }

  /** Behind a cut connection, a call fails after a while, or arrives when the connection is back. */
  #whenReachable(fail: () => void, arrive: () => void): void {
    const { world, partitionedUntil } = this.#process;
    const left = partitionedUntil - world.clock.now();
    if (left <= 0) world.after(this.#delay(), arrive);
    else if (world.random.chance(0.5)) world.after(world.random.between(100, 3_000), fail);
    else world.after(left, arrive);
  }

  #drawFate(name: string): Fate {
    const { world } = this.#process;
    const { random, trouble, isHealed } = world;
    if (isHealed) return "well";
    if (random.chance(trouble.failShare)) return "fails";
    if (random.chance(trouble.keptShare)) return "kept";
    if (name === "commit" && random.chance(trouble.keptLateShare)) return "keptLate";
    if (name === "commit" && random.chance(trouble.crashShare)) {
      return random.pick(["crashBefore", "crashWhile", "crashAfter"]);
    }
    return "well";
  }

  #delay(): number {
    const { random, trouble, isHealed } = this.#process.world;
    if (isHealed) return 1;
    if (random.chance(trouble.lateShare)) return random.between(1, trouble.lateMs);
    return random.between(0, trouble.delayMs);
  }
}
