import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import { type InstanceState, isEnded } from "../machine/index.ts";
import { isBusy } from "../machine/lifecycle.ts";
import type { Request } from "./driver.ts";
import type { GroupBody } from "./group-body.ts";
import type { PendingChange } from "./pending-change.ts";
import { RunningAttempts } from "./running-attempts.ts";
import type { Waiter } from "./waiters.ts";

/** An instance that this process has in memory. */
export class InstanceRuntime {
  readonly id: string;
  graph: WorkflowGraph;
  state: InstanceState;
  /** How many changes of it the store has kept; 0 until its start is durable. */
  version: number;
  /** The worker that runs its code, as far as this process knows. */
  owner: string | undefined = undefined;
  /** Why it does not exist: its start was not kept. */
  refusal: unknown = undefined;
  /** Counts how often it was loaded anew: what was asked or decided before counts no more. */
  epoch = 0;
  /** What the commit that is being put together changes in it. */
  change: PendingChange | undefined = undefined;
  /** What was asked of it while a commit or a load of it is on its way. */
  heldBack: Request[] | undefined = undefined;
  readonly running = new RunningAttempts();
  /** The bodies of users' own groups that run, by execution. */
  bodies: Map<number, GroupBody> | undefined = undefined;
  /** Child instances in this process that have not ended. */
  children: Set<InstanceRuntime> | undefined = undefined;
  parent: InstanceRuntime | undefined = undefined;
  /** Who waits for something to become of it. */
  waiters: Waiter[] | undefined = undefined;

  constructor(graph: WorkflowGraph, state: InstanceState, version: number) {
    this.id = state.instance.id;
    this.graph = graph;
    this.state = state;
    this.version = version;
  }

  get isStored(): boolean {
    return this.version > 0;
  }

  get isEnded(): boolean {
    return isEnded(this.state.instance.status);
  }

  /** Whether a commit or a load of it is on its way. */
  get isHeld(): boolean {
    return this.heldBack !== undefined;
  }

  /** Nothing happens in it, or in its children, until somebody or something comes from outside. */
  get isSettled(): boolean {
    return this.isSettledBut(0);
  }

  /** The same, when so many executions that are busy do not count. */
  isSettledBut(others: number): boolean {
    const { status } = this.state.instance;
    if (isEnded(status)) return true;
    if (status === "pending" || this.state.busy > others) return false;
    if (this.state.hasHeldStarts) return false;
    for (const child of this.children ?? []) {
      // A child that has ended still has to be reported.
      if (child.isEnded || !child.isSettled) return false;
    }
    return true;
  }

  /** Whether code of it runs, or is about to run again: somebody has to own it. */
  get isActive(): boolean {
    return !this.isEnded && (this.state.busy > 0 || (this.bodies?.size ?? 0) > 0);
  }

  /** Whether nobody in this process needs it in memory. */
  get isIdle(): boolean {
    return (
      !this.isActive &&
      !this.isHeld &&
      this.running.count === 0 &&
      (this.waiters?.length ?? 0) === 0 &&
      (this.children?.size ?? 0) === 0
    );
  }

  /** The executions that are busy: their code runs, or their next attempt is due. */
  busyExecutions(): Set<number> {
    const busy = new Set(this.running.executionIds());
    for (const { kind, executionId } of this.state.timers?.values() ?? []) {
      if (kind === "retry") busy.add(executionId);
    }
    // Code of it runs in another process.
    if (busy.size < this.state.busy) {
      for (const { id, status } of this.state.executions) if (isBusy(status)) busy.add(id);
    }
    return busy;
  }
}
