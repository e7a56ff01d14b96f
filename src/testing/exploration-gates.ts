import type { WorkflowContext } from "../definition/context.ts";
import type { Random } from "./random.ts";
import type { StandIn } from "./step-control.ts";

/** An attempt that is held at its beginning or its end. */
export interface Gate {
  /** What happens when it goes on. */
  readonly text: string;
  readonly open: () => void;
}

/** Holds every attempt of a step until it is its turn. */
export class Gates {
  readonly #random: () => Random;
  readonly #steps: Readonly<Record<string, StandIn>>;
  readonly #gates: Gate[] = [];
  /** Attempts whose code runs and is not held. */
  #running = 0;
  #waiting: (() => void)[] = [];

  constructor(random: () => Random, steps: Readonly<Record<string, StandIn>>) {
    this.#random = random;
    this.#steps = steps;
  }

  get held(): readonly Gate[] {
    return this.#gates;
  }

  get isIdle(): boolean {
    return this.#running === 0;
  }

  /** Resolves when code that runs has come to its end, or takes longer: then with false. */
  nextEnd(patienceMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), patienceMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve(true);
      });
    });
  }

  /** What is held is never let go. */
  forget(): void {
    this.#gates.length = 0;
  }

  open(gate: Gate): void {
    this.#gates.splice(this.#gates.indexOf(gate), 1);
    gate.open();
  }

  readonly around = async (context: WorkflowContext, run: () => unknown): Promise<unknown> => {
    const path = context.stepName;
    if (this.#random().chance(0.5)) await this.#hold(`${path} begins`);
    const standIn = this.#steps[path] ?? this.#steps[path.replace(/\[\d+\]/g, "")];
    this.#running++;
    try {
      return await (standIn === undefined ? run() : standIn(context));
    } finally {
      this.#ended();
      await this.#hold(`${path} ends`);
    }
  };

  #hold(text: string): Promise<void> {
    return new Promise((resolve) => this.#gates.push({ text, open: resolve }));
  }

  #ended(): void {
    this.#running--;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
