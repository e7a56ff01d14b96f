import type { GraphNode, WorkflowGraph } from "../graph/workflow-graph.ts";
import { ContextData, type ScopeLog } from "./context-data.ts";
import { IdSet } from "./id-set.ts";
import type { JoinState } from "./join-state.ts";
import type { Liveness } from "./liveness.ts";
import type {
  EpochMs,
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TaskRecord,
  TimerRecord,
} from "./state.ts";

/** What is known of a group's members; `apply` keeps the counts equal to their records. */
export interface GroupState {
  readonly executionId: number;
  /** Execution ids of the members by position; empty where none has started. */
  readonly members: (number | undefined)[];
  callback: number;
  live: number;
  succeeded: number;
  failed: number;
  /** Members that were skipped or cancelled: neither success nor failure. */
  passed: number;
  /** Results of a quorum's members that count, or are a veto. */
  counted: number;
  vetoes: number;
  /** What later members may see of earlier ones' writes. */
  log: ScopeLog | undefined;
  /** In a sequential group: the log holds what members before this position wrote. */
  logged: number;

  /** The position that starts next, and pending members that wait for a free place before it. */
  next: number;
  readonly again: Set<number>;
  /** Members are being started; one that ends at once must not start others itself. */
  filling: boolean;
}

/** Who holds a mutex (or the turn of an interleaved group), and who waits for it, in order. */
export interface LockState {
  /** An execution that runs, or is about to; 0 for none. */
  holder: number;
  /** Pending executions, each with the order that it had when it came here. */
  readonly line: { readonly id: number; readonly order: number }[];
}

/**
 * An instance in memory. The records are what is kept; everything else is derived from them when
 * the instance is loaded (`restore`) and carried along by `apply`. It may be changed by `apply`
 * only.
 */
export class InstanceState {
  instance: InstanceRecord;
  readonly executions: ExecutionRecord[] = [];
  tasks: Map<string, TaskRecord> | undefined;
  timers: Map<string, TimerRecord> | undefined;
  /** Signals that arrived and were not used, oldest first. */
  signals: SignalRecord[] = [];
  /** Ids of all signals that ever arrived. */
  signalIds: Set<string> | undefined;

  readonly data = new ContextData();
  /** The graph's nodes, and after them those that a user's own group brought along. */
  nodes: readonly GraphNode[];
  /** Per top-level node: its latest execution, and the latest that succeeded; 0 for none. */
  readonly latest: number[];
  readonly latestSucceeded: number[];
  /** Top-level executions that have not ended, compensations included. */
  readonly live = new IdSet();
  /** Top-level executions whose edges are undecided, and unused arrivals: at 0, all is done. */
  active = 0;
  /** How many executions are running or about to run again. */
  busy = 0;
  /**
   * Whether something pending could begin at once, and does when the instance goes on: its start
   * was held back (`Transition.holdsStarts`).
   */
  hasHeldStarts = false;
  /** The latest number that was given to an end or a wait (`ExecutionRecord.order`). */
  order = 0;
  groups: Map<number, GroupState> | undefined;
  locks: Map<string, LockState> | undefined;
  /** Executions that wait for a signal, by the signal's name, oldest first. */
  signalWaiters: Map<string, number[]> | undefined;

  /** Per edge into a join: arrivals that were not used. */
  tokens: number[] | undefined;
  joins: Map<number, JoinState> | undefined;
  /** Per component that is a loop: its joins with unused arrivals. */
  parkedInLoops: Map<number, Set<JoinState>> | undefined;
  /** Per component that is a loop: its joins that count what is active there. */
  watchedLoops: Map<number, JoinState[]> | undefined;
  /** Joins in which something changed, to be looked at before the command ends. */
  touchedJoins: JoinState[] = [];
  /** How many joins have an open round. */
  openRounds = 0;
  liveness: Liveness | undefined;

  /** Edges that were taken when the instance failed, before what they lead to could start. */
  unserved: number[] = [];

  /** Executions still to be undone, the next one last; undefined until it is needed. */
  toCompensate: number[] | undefined;

  constructor(graph: WorkflowGraph, instance: InstanceRecord) {
    this.instance = instance;
    this.nodes = graph.nodes;
    this.latest = new Array<number>(graph.topLevel).fill(0);
    this.latestSucceeded = new Array<number>(graph.topLevel).fill(0);
  }

  execution(id: number): ExecutionRecord {
    return this.executions[id - 1] as ExecutionRecord;
  }

  node(execution: ExecutionRecord): GraphNode {
    return this.nodes[execution.node] as GraphNode;
  }

  group(executionId: number): GroupState {
    return this.groups?.get(executionId) as GroupState;
  }
}

/** What is told of a new instance. */
export interface NewInstance {
  readonly id: string;
  readonly initialData?: Readonly<Record<string, unknown>>;
  readonly now: EpochMs;
  readonly user?: string | undefined;
  readonly tenant?: string | undefined;
  readonly idempotencyKey?: string | undefined;
  readonly businessKey?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly traceparent?: string | undefined;
  readonly parent?: InstanceRecord["parent"];
}

const noTags: readonly string[] = Object.freeze([]);

/** An instance that has not started; the command `Start` starts it. Its data must be JSON. */
export function createInstance(graph: WorkflowGraph, given: NewInstance): InstanceState {
  return new InstanceState(graph, {
    id: given.id,
    workflow: graph.definition.name,
    version: graph.definition.version,
    status: "pending",
    initialData: given.initialData ?? {},
    startedAt: given.now,
    endedAt: undefined,
    user: given.user,
    tenant: given.tenant,
    idempotencyKey: given.idempotencyKey,
    businessKey: given.businessKey,
    tags: given.tags ?? noTags,
    traceparent: given.traceparent,
    error: undefined,
    reason: undefined,
    compensating: undefined,
    parent: given.parent,
  });
}
