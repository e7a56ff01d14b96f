import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import type { InstanceState, MachineEvent } from "../machine/index.ts";
import { isEnded } from "../machine/index.ts";
import type { GroupBody } from "./group-body.ts";
import type { StepContext } from "./step-context.ts";

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
    const { status } = this.state.instance;
    if (status === "pending" || status === "running") return false;
    if (status === "paused" && this.state.busy > 0) return false;
    // A child that has ended still has to be reported.
    for (const child of this.children ?? []) if (child.isEnded || !child.isSettled) return false;
    return true;
  }
}

export interface Waiter {
  readonly resolve: (runtime: InstanceRuntime) => void;
  readonly reject: (error: unknown) => void;
}
