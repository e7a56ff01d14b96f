import type { Commit } from "tandem-workflows";
import { VirtualClock } from "../../src/testing/index.ts";
import { RandomSource } from "../property/random-source.ts";
import { FaultyStore, SharedStore } from "./faulty-store.ts";
import { Ledger } from "./ledger.ts";
import { SimulatedProcess } from "./simulated-process.ts";
import { drawTrouble, type Trouble } from "./trouble.ts";

/** Everything of one run: one clock, one store, several processes, and what was written down. */
export class World {
  readonly clock = new VirtualClock();
  readonly startedAt = this.clock.now();
  readonly random: RandomSource;
  readonly trouble: Trouble;
  readonly ledger = new Ledger();
  readonly store = new SharedStore((commit, refused) => this.#kept(commit, refused));
  /** What happened, for whoever has to find out why. */
  readonly notes: string[] = [];
  readonly processes: SimulatedProcess[] = [];
  /** Tokens that webhook steps handed out. */
  readonly tokens: { readonly instanceId: string; readonly token: string }[] = [];
  isHealed = false;
  readonly #deadWorkers = new Set<string>();
  #ids = 0;

  constructor(seed: number, adjust: Partial<Trouble> = {}) {
    this.random = new RandomSource(seed);
    this.trouble = { ...drawTrouble(this.random), ...adjust };
    for (let count = 0; count < this.trouble.processes; count++) this.startProcess();
  }

  note(text: string): void {
    this.notes.push(`${this.clock.now() - this.startedAt} ${text}`);
  }

  #kept(commit: Commit, refused: readonly string[]): void {
    for (const change of commit.changes) {
      const { instanceId, expectedVersion, owner, executions } = change;
      const fate = refused.includes(instanceId) ? "refused" : "kept";
      const what = executions.map((each) => `${each.path} ${each.status} ${each.attempt}`);
      const tasks = change.tasks.map(({ id, status }) => `task ${id} ${status}`);
      const state = change.instance === undefined ? [] : [`instance ${change.instance.status}`];
      const signals = change.signals.map(({ id }) => `signal ${id}`);
      const mail = [...change.sent, ...change.answers].map((each) =>
        "messageId" in each ? `answers ${each.messageId}` : `sends ${each.id} to ${each.to}`,
      );
      const all = [...state, ...what, ...tasks, ...signals, ...mail].join(", ");
      this.note(`${fate} ${instanceId} ${expectedVersion + 1} of ${owner ?? "nobody"}: ${all}`);
    }
    for (const { id, to } of commit.sent) this.note(`kept: sends ${id} to ${to}`);
    for (const { messageId } of commit.answers) this.note(`kept: answers ${messageId}`);
    this.ledger.kept(commit, refused);
  }

  createId(): string {
    this.#ids++;
    return `i${this.#ids}`;
  }

  connect(process: SimulatedProcess): FaultyStore {
    return new FaultyStore(this.store, process);
  }

  after(milliseconds: number, work: () => void): () => void {
    return this.clock.callAt(this.clock.now() + milliseconds, work);
  }

  /** Again and again, at random, on average so often, until everything is healed. */
  often(everyMs: number, work: () => void): void {
    if (everyMs === Number.POSITIVE_INFINITY) return;
    this.after(this.random.between(1, 2 * everyMs), () => {
      if (this.isHealed) return;
      work();
      this.often(everyMs, work);
    });
  }

  // ------------------------------------------------------------------------------------ processes

  get alive(): SimulatedProcess[] {
    return this.processes.filter(({ isDead }) => !isDead);
  }

  startProcess(): void {
    const process = new SimulatedProcess(this, `p${this.processes.length + 1}`);
    this.processes.push(process);
    this.note(`${process.name} starts`);
    this.#recover(process);
  }

  /** Until it has taken part once, as a program that cannot reach its database is started again. */
  #recover(process: SimulatedProcess): void {
    process.engine.recover().catch(() => {
      this.after(500, () => process.run(() => this.#recover(process)));
    });
  }

  crash(process: SimulatedProcess): void {
    if (process.isDead) return;
    this.note(`${process.name} crashes`);
    process.kill();
    this.#isGone(process);
  }

  #isGone({ workerId }: SimulatedProcess): void {
    if (workerId !== undefined) this.#deadWorkers.add(workerId);
    const delay = this.isHealed ? 1 : this.random.pick([1, 500, 5_000, 20_000]);
    this.after(delay, () => this.startProcess());
  }

  knowsDead(workerId: string): boolean {
    return this.trouble.seesDeath && this.#deadWorkers.has(workerId);
  }

  stop(process: SimulatedProcess): void {
    this.note(`${process.name} stops`);
    const end = () => {
      if (process.isDead) return;
      this.note(`${process.name} has stopped`);
      process.kill();
      this.#isGone(process);
    };
    process.run(() => void process.engine.close().then(end, end));
  }

  freeze(process: SimulatedProcess, milliseconds: number): void {
    if (process.isFrozen) return;
    this.note(`${process.name} is frozen for ${milliseconds} ms`);
    process.freeze();
    this.after(milliseconds, () => {
      if (!process.isFrozen) return;
      this.note(`${process.name} goes on`);
      process.thaw();
    });
  }

  partition(process: SimulatedProcess, milliseconds: number): void {
    this.note(`${process.name} cannot reach the store for ${milliseconds} ms`);
    process.partitionedUntil = this.clock.now() + milliseconds;
  }

  /** Whatever is drawn goes wrong from now on. */
  breakThings(): void {
    const { random, trouble } = this;
    const some = (work: (process: SimulatedProcess) => void) => () => {
      if (this.alive.length > 0) work(random.pick(this.alive));
    };
    const { crashEveryMs, stopEveryMs, freezeEveryMs, partitionEveryMs, clockSetEveryMs } = trouble;
    this.often(
      crashEveryMs,
      some((process) => this.crash(process)),
    );
    this.often(
      stopEveryMs,
      some((process) => this.stop(process)),
    );
    this.often(
      freezeEveryMs,
      some((process) => this.freeze(process, random.between(1, 2 * trouble.freezeMs))),
    );
    this.often(
      partitionEveryMs,
      some((process) => this.partition(process, random.between(1, 2 * trouble.partitionMs))),
    );
    this.often(
      clockSetEveryMs,
      some((process) => {
        const off = random.pick([-600_000, -120_000, 0, 120_000, 600_000]);
        this.note(`the clock of ${process.name} is set to ${off} ms off`);
        process.clock.set(off);
      }),
    );
  }

  heal(): void {
    this.note("everything is healed");
    this.isHealed = true;
    for (const process of this.alive) {
      process.partitionedUntil = 0;
      if (process.isFrozen) process.thaw();
    }
    if (this.alive.length === 0) this.startProcess();
  }
}
