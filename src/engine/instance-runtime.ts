import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import type { InstanceState, MachineEvent } from "../machine/index.ts";
import { isEnded } from "../machine/index.ts";
import type { GroupBody } from "./group-body.ts";
import type { StepContext } from "./step-context.ts";
import type { Due } from "./timer-queue.ts";

/** An instance that this process has in memory. */
export class InstanceRuntime {
  readonly id: string;
  readonly graph: WorkflowGraph;
  readonly state: InstanceState;
  /** How many changes of it the store has kept. */
  version: number;
  /** What the commit that is being put together changes in it. */
  change:
    | {
        readonly change: { events: readonly MachineEvent[] };
        /** The events of several commands, once there are several. */
        events: MachineEvent[] | undefined;
      }
    | undefined;
  /** The contexts of attempts that run, by execution. */
  readonly running = new Map<number, StepContext>();
  /** The bodies of users' own groups that run, by execution. */
  bodies: Map<number, GroupBody> | undefined;
  /** The timers that are set, by id. */
  armed: Map<string, Due> | undefined;
  /** Child instances that have not ended. */
  children: Set<InstanceRuntime> | undefined;
  parent: InstanceRuntime | undefined;
  /** Whether its start is durable. */
  isStored = false;
  /** Called when it is stored, has ended or waits, has ended; and with an error if it is lost. */
  storeWaiters: Waiter[] = [];
  settleWaiters: Waiter[] = [];
  endWaiters: Waiter[] = [];

  constructor(graph: WorkflowGraph, state: InstanceState, version: number) {
    this.id = state.instance.id;
    this.graph = graph;
    this.state = state;
    this.version = version;
  }

  get isEnded(): boolean {
    return isEnded(this.state.instance.status);
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
    for (const child of this.children ?? []) {
      // A child that has ended still has to be reported.
      if (child.isEnded || !child.isSettled) return false;
    }
    return true;
  }

  /** The executions that are busy: their code runs, or their next attempt is due. */
  busyExecutions(): Set<number> {
    const busy = new Set(this.running.keys());
    for (const { kind, executionId } of this.state.timers?.values() ?? []) {
      if (kind === "retry") busy.add(executionId);
    }
    return busy;
  }
}

export interface Waiter {
  readonly resolve: (runtime: InstanceRuntime) => void;
  readonly reject: (error: unknown) => void;
  /** Executions that were busy before, and are not waited for. */
  readonly others?: Set<number>;
}
