import type { WorkflowRegistry } from "../definition/registry.ts";
import { LocalExecutionEngine } from "../engine/local-execution-engine.ts";
import { MemoryStore } from "../store/memory/memory-store.ts";
import { Gates } from "./exploration-gates.ts";
import { Random } from "./random.ts";
import type { StandIn } from "./step-control.ts";
import { VirtualClock } from "./virtual-clock.ts";

const beginning = Date.UTC(2030, 0, 1);

/**
 * What a run takes place in: a clock, a store, and a process with an engine, which may die. The
 * next run takes place in the same one unless that would show: an engine is fast when it has run
 * for a while.
 */
export class ExplorationWorld {
  readonly clock = new VirtualClock(beginning);
  readonly store = new MemoryStore();
  random = new Random(0);
  gates: Gates;
  engine: LocalExecutionEngine;
  readonly #registry: WorkflowRegistry;
  readonly #steps: Readonly<Record<string, StandIn>>;
  #hasCrashed = false;

  constructor(registry: WorkflowRegistry, steps: Readonly<Record<string, StandIn>>) {
    this.#registry = registry;
    this.#steps = steps;
    this.gates = this.#newGates();
    this.engine = this.#newEngine();
  }

  #newGates(): Gates {
    return new Gates(() => this.random, this.#steps);
  }

  #newEngine(): LocalExecutionEngine {
    const { gates } = this;
    return new LocalExecutionEngine(this.#registry, {
      store: this.store,
      clock: this.clock,
      logger: quietLogger,
      secret: "a secret for tests",
      random: () => this.random.next(),
      aroundStep: gates.around,
    });
  }

  /** Begins again for another run. */
  begin(seed: number): void {
    this.random = new Random(seed);
    this.gates.forget();
    this.clock.setBack(beginning);
  }

  /** Whether a run that takes place here is the same as in a new world. */
  get isAsNew(): boolean {
    return !this.#hasCrashed && this.gates.isIdle && this.clock.alarmCount === 0;
  }

  /** The process dies, and another one takes over. */
  async crash(): Promise<void> {
    this.#hasCrashed = true;
    const dead = this.engine;
    this.gates = this.#newGates();
    this.engine = this.#newEngine();
    await dead.close();
    await this.engine.recover();
  }

  /** Everything has happened that needs no time and that nothing holds. */
  async settle(patienceMs: number): Promise<void> {
    for (;;) {
      await nextTick();
      // It pauses from time to time, so that others get their turn.
      while (this.engine.isBusy) await nextTurn();
      if (this.gates.isIdle || !(await this.gates.nextEnd(patienceMs))) return;
    }
  }

  async close(): Promise<void> {
    await this.engine.close();
  }
}

/** All promises that were ready have been followed. */
function nextTick(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

const silent = () => {};
const quietLogger = { debug: silent, info: silent, warn: silent, error: silent };
