import type { StepContext } from "./step-context.ts";

/** The attempts of an instance whose code runs now, found by execution, and in their order. */
export class RunningAttempts {
  #byExecution: (StepContext | undefined)[] | undefined;
  #first: StepContext | undefined;
  #last: StepContext | undefined;
  count = 0;

  get(executionId: number): StepContext | undefined {
    return this.#byExecution?.[executionId];
  }

  add(context: StepContext): void {
    this.#byExecution ??= [];
    const { id } = context.execution;
    while (this.#byExecution.length <= id) this.#byExecution.push(undefined);
    this.#byExecution[id] = context;
    context.before = this.#last;
    if (this.#last === undefined) this.#first = context;
    else this.#last.after = context;
    this.#last = context;
    this.count++;
  }

  delete(context: StepContext): void {
    const { id } = context.execution;
    if (this.#byExecution?.[id] !== context) return;
    this.#byExecution[id] = undefined;
    const { before, after } = context;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    context.before = undefined;
    context.after = undefined;
    this.count--;
  }

  /** The executions, in the order in which their attempts began. */
  executionIds(): number[] {
    const ids: number[] = [];
    for (let context = this.#first; context !== undefined; context = context.after) {
      ids.push(context.execution.id);
    }
    return ids;
  }
}
