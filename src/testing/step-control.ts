import type { WorkflowContext } from "../definition/context.ts";

/** What a step does in a test instead of its own code. */
export type StandIn = (context: WorkflowContext) => unknown;

/** Replaces what steps do, and knows which of them run. */
export class StepControl {
  readonly #standIns = new Map<string, StandIn>();
  readonly #failures = new Map<string, unknown[]>();
  readonly #hanging = new Set<string>();
  /** Attempts that run and will end by themselves. */
  #running = 0;
  #waiting: (() => void)[] = [];

  get isIdle(): boolean {
    return this.#running === 0;
  }

  replace(path: string, standIn: StandIn): void {
    this.#standIns.set(path, standIn);
    this.#hanging.delete(path);
  }

  fail(path: string, error: unknown, times: number): void {
    const failures = this.#failures.get(path) ?? [];
    for (let time = 0; time < times; time++) failures.push(error);
    this.#failures.set(path, failures);
  }

  hang(path: string): void {
    this.#hanging.add(path);
  }

  /** Resolves when one of the attempts that run has ended. */
  nextEnd(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  readonly around = (context: WorkflowContext, run: () => unknown): unknown => {
    const path = context.stepName.replace(/\[\d+\]/g, "");
    if (this.#hanging.has(path)) return untilAborted(context);
    this.#running++;
    let outcome: unknown;
    try {
      const failures = this.#failures.get(path);
      if (failures !== undefined && failures.length > 0) throw failures.shift();
      const standIn = this.#standIns.get(path);
      outcome = standIn === undefined ? run() : standIn(context);
    } catch (error) {
      this.#ended();
      throw error;
    }
    if (outcome instanceof Promise) return outcome.finally(() => this.#ended());
    this.#ended();
    return outcome;
  };

  #ended(): void {
    this.#running--;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** As code that is stuck, and listens to its signal. */
function untilAborted({ signal }: WorkflowContext): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}
