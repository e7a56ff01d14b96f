import { type Clock, LocalExecutionEngine, type Logger } from "tandem-workflows";
import { registry } from "./workflows.ts";
import type { World } from "./world.ts";

/**
 * A process that runs an engine. Everything that reaches its code comes through `run`: when it is
 * dead, nothing does, and while it is frozen, all of it waits.
 */
export class SimulatedProcess {
  readonly name: string;
  readonly world: World;
  readonly clock: SkewedClock;
  readonly engine: LocalExecutionEngine;
  isDead = false;
  /** Cannot reach the store until this moment. */
  partitionedUntil = 0;
  /** The id that its engine has as a worker. */
  workerId: string | undefined;
  #waiting: (() => void)[] | undefined;

  constructor(world: World, name: string) {
    const { trouble } = world;
    this.world = world;
    this.name = name;
    this.clock = new SkewedClock(this);
    this.engine = new LocalExecutionEngine(registry, {
      store: world.connect(this),
      clock: this.clock,
      logger: new ProcessLogger(this),
      secret: "simulated",
      limits: { narrow: { concurrent: 2, perSecond: 20 } },
      pollIntervalMs: trouble.pollIntervalMs,
      leaseMs: trouble.leaseMs,
      createId: () => world.createId(),
      random: () => world.random.below(1_000_000) / 1_000_000,
    });
  }

  get isFrozen(): boolean {
    return this.#waiting !== undefined;
  }

  get isReachable(): boolean {
    return !this.isDead && !this.isFrozen;
  }

  run(work: () => void): void {
    if (this.isDead) return;
    if (this.#waiting === undefined) work();
    else this.#waiting.push(work);
  }

  freeze(): void {
    this.#waiting ??= [];
  }

  thaw(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    // One after the other, each with all its consequences.
    for (const work of waiting) this.world.after(0, () => this.run(work));
  }

  kill(): void {
    this.isDead = true;
    this.#waiting = undefined;
  }

  sleep(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      this.world.after(milliseconds, () => this.run(resolve));
    });
  }
}

/** A machine's own idea of the time: off, too fast or too slow, and set now and then. */
class SkewedClock implements Clock {
  readonly #process: SimulatedProcess;
  readonly #rate: number;
  #off: number;

  constructor(process: SimulatedProcess) {
    const { random, trouble } = process.world;
    this.#process = process;
    this.#off = random.between(-trouble.clockOffMs, trouble.clockOffMs);
    this.#rate = 1 + (trouble.clockDrift * random.between(-100, 100)) / 100;
  }

  set(off: number): void {
    this.#off = off;
  }

  now(): number {
    const { clock, startedAt } = this.#process.world;
    return Math.floor(startedAt + (clock.now() - startedAt) * this.#rate + this.#off);
  }

  callAt(at: number, callback: () => void): () => void {
    let isPrevented = false;
    const delay = Math.max(0, Math.ceil((at - this.now()) / this.#rate));
    const prevent = this.#process.world.after(delay, () => {
      this.#process.run(() => {
        if (!isPrevented) callback();
      });
    });
    return () => {
      isPrevented = true;
      prevent();
    };
  }
}

/** Steps find the process that runs them by their logger. */
export class ProcessLogger implements Logger {
  readonly process: SimulatedProcess;

  constructor(process: SimulatedProcess) {
    this.process = process;
  }

  debug(): void {}
  info(): void {}

  warn(message: string): void {
    this.process.world.note(`${this.process.name} warns: ${message}`);
  }

  error(message: string, fields?: Record<string, unknown>): void {
    const { error } = fields ?? {};
    this.process.world.note(`${this.process.name} reports: ${message}: ${String(error)}`);
    if (error instanceof TypeError || error instanceof RangeError) {
      this.process.world.ledger.violation(`${this.process.name}: ${error.stack}`);
    }
  }
}
