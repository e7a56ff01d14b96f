import { unboundStep } from "../graph/compile.ts";
import { type Command, type ExecutionRecord, isLive } from "../machine/index.ts";
import type { Announcer } from "./announcer.ts";
import { abandon } from "./children.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import type { StepRunner } from "./step-runner.ts";
import { answerWaiters, forgetEnded } from "./waiters.ts";

export interface ContinuationHost {
  readonly workerId: string;
  /** Timers of what it does not run are left to others. */
  readonly isGuest: boolean;
  readonly announcer: Announcer;
  readonly runner: StepRunner;
  /** Executions whose present attempts have reported, which was not decided on. */
  reporters(runtime: InstanceRuntime): ReadonlySet<number>;
  send(runtime: InstanceRuntime, command: Command): void;
}

/** How instances go on that were read from the store. */
export class Continuation {
  readonly #host: ContinuationHost;

  constructor(host: ContinuationHost) {
    this.#host = host;
  }

  /**
   * It goes on where it stood: attempts that still are the present ones go on, what else ran in it
   * runs again, what it waits for is set.
   */
  loaded(runtime: InstanceRuntime): void {
    const { state, owner } = runtime;
    const isHere = owner === undefined || owner === this.#host.workerId;
    this.#sortAttempts(runtime, isHere);
    if (isHere && !runtime.isEnded) {
      if (owner !== undefined || !this.#host.isGuest) this.#host.announcer.armTimers(runtime);
      const reporters = this.#host.reporters(runtime);
      for (const execution of state.executions) {
        const { id, status } = execution;
        if (!isLive(status) || state.node(execution).source === unboundStep) continue;
        if (runtime.running.get(id) !== undefined || reporters.has(id)) continue;
        // A body that runs again, and binds its members, continues them itself.
        this.resume(runtime, execution);
      }
    }
    for (const { others } of runtime.waiters ?? []) forgetEnded(runtime, others);
    answerWaiters(runtime);
  }

  resume(runtime: InstanceRuntime, execution: ExecutionRecord): void {
    if (!runsCode(runtime, execution)) return;
    this.#host.send(runtime, { type: "StepInterrupted", executionId: execution.id });
  }

  /** What is not present any more ends: attempts, and children that nobody waits for. */
  #sortAttempts(runtime: InstanceRuntime, isHere: boolean): void {
    const { running, bodies, children, state } = runtime;
    // Bodies come before what they run, and say what that is.
    for (const id of running.executionIds()) {
      const execution = state.executions[id - 1];
      const isPresent =
        isHere &&
        execution !== undefined &&
        execution.attempt === running.get(id)?.attempt &&
        runsCode(runtime, execution);
      if (isPresent) bodies?.get(id)?.reloaded();
      else this.#host.runner.abort(runtime, id);
    }
    for (const child of children ?? []) {
      const { parent } = child.state.instance;
      const waiter = state.executions[(parent?.executionId ?? 0) - 1];
      if (!isHere || waiter?.status !== "waiting") abandon(child);
    }
  }

  abortAll(runtime: InstanceRuntime): void {
    for (const id of runtime.running.executionIds()) this.#host.runner.abort(runtime, id);
  }

  /** It does not exist. */
  forget(runtime: InstanceRuntime): void {
    this.abortAll(runtime);
    for (const child of runtime.children ?? []) abandon(child);
  }
}

function runsCode({ state }: InstanceRuntime, execution: ExecutionRecord): boolean {
  const { status } = execution;
  return status === "running" || (isLive(status) && state.node(execution).kind === "custom");
}
