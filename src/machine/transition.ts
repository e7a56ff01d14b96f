import type { GraphEdge, GraphNode, WorkflowGraph } from "../graph/workflow-graph.ts";
import { applyExecution, applyInstance, applySignal, applyTask, applyTimer } from "./apply.ts";
import type { Actor } from "./command.ts";
import type { Effect } from "./effect.ts";
import type {
  ExecutionEvent,
  InstanceEvent,
  MachineEvent,
  SignalEvent,
  TaskEvent,
  TimerEvent,
} from "./event.ts";
import type { InstanceState, LockState } from "./instance-state.ts";
import { isEnded } from "./lifecycle.ts";
import type {
  ActRecord,
  EpochMs,
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TaskRecord,
  TimerRecord,
  Writes,
} from "./state.ts";

const visitsPerEdge = 10;
const visitsAtLeast = 10_000;

/**
 * One command on its way through the machine. Every event is applied the moment it is emitted, so
 * each further decision sees the state as it then is.
 */
export class Transition {
  /** The instance that the present command is for; `reset` sets it. */
  graph!: WorkflowGraph;
  state!: InstanceState;
  readonly now: EpochMs;
  readonly events: MachineEvent[] = [];
  readonly effects: Effect[] = [];
  /** Edges that lead to nodes which start at every arrival, and other work, to be done in order. */
  readonly #arrivals: number[] = [];
  #arrivalCount = 0;
  #nextArrival = 0;
  #work: (() => void)[] | undefined;
  /** Locks that were given up and not yet passed on. */
  freedLocks: Set<LockState> | undefined;
  #visits = 0;
  /** Who gives the present command; undefined if nobody does. */
  actor: Actor | undefined;
  /** The instance is about to end: nothing may start any more. */
  halted = false;

  constructor(now: EpochMs) {
    this.now = now;
  }

  /** Begins with a command to this instance; one to another may have been before it. */
  reset(graph: WorkflowGraph, state: InstanceState): this {
    this.graph = graph;
    this.state = state;
    this.halted = false;
    this.#visits = 0;
    return this;
  }

  instance(type: InstanceEvent["type"], change: Partial<InstanceRecord>): void {
    const event: InstanceEvent = { type, instance: { ...this.state.instance, ...change } };
    applyInstance(this.graph, this.state, event);
    this.events.push(event);
  }

  step(type: ExecutionEvent["type"], execution: ExecutionRecord, committed?: Writes): void {
    const event: ExecutionEvent = { type, execution, committed };
    applyExecution(this.graph, this.state, event);
    this.events.push(event);
  }

  task(type: TaskEvent["type"], task: TaskRecord): void {
    const event: TaskEvent = { type, task };
    applyTask(this.state, event);
    this.events.push(event);
  }

  timer(type: TimerEvent["type"], timer: TimerRecord): void {
    const event: TimerEvent = { type, timer };
    applyTimer(this.state, event);
    this.events.push(event);
  }

  signal(type: SignalEvent["type"], signal: SignalRecord): void {
    const event: SignalEvent = { type, signal };
    applySignal(this.state, event);
    this.events.push(event);
  }

  /** Adds to the history of who did what. */
  act(act: ActRecord): void {
    this.events.push({ type: "ActRecorded", act });
  }

  /** The record as it is now. */
  current(id: number): ExecutionRecord {
    return this.state.execution(id);
  }

  node(execution: ExecutionRecord): GraphNode {
    return this.state.node(execution);
  }

  edge(index: number): GraphEdge {
    return this.graph.edges[index] as GraphEdge;
  }

  /** Whether the instance has ended or is being compensated: nothing goes on in it. */
  get isOver(): boolean {
    const { status, compensating } = this.state.instance;
    return this.halted || compensating !== undefined || isEnded(status);
  }

  /** Whether a node may still be visited: no sane workflow visits so many before anything waits. */
  countVisit(): boolean {
    this.#visits++;
    return this.#visits <= visitsPerEdge * this.graph.edges.length + visitsAtLeast;
  }

  /** Work to be done when what is under way is done: no chain of any length needs a deep stack. */
  later(work: () => void): void {
    this.#work ??= [];
    this.#work.push(work);
  }

  /** Control comes by an edge to a node that starts at every arrival. */
  arrive(edge: number): void {
    this.#arrivals[this.#arrivalCount++] = edge;
  }

  /** Takes back arrivals at these nodes that have not been served. */
  withdrawArrivals(nodes: ReadonlySet<number>): number[] {
    const open = this.#arrivals.slice(this.#nextArrival, this.#arrivalCount);
    const isMeant = (edge: number) => nodes.has(this.edge(edge).target);
    this.#nextArrival = 0;
    this.#arrivalCount = 0;
    for (const edge of open) if (!isMeant(edge)) this.arrive(edge);
    return open.filter(isMeant);
  }

  /** Does what is left to do, and what that leaves to do; who waited comes before new arrivals. */
  drain(start: (t: Transition, edge: number) => void): void {
    for (;;) {
      const work = this.#work;
      if (work !== undefined) {
        this.#work = undefined;
        for (const each of work) each();
        continue;
      }
      if (this.#arrivalCount === 0) return;
      const edge = this.#arrivals[this.#nextArrival++] as number;
      if (this.#nextArrival === this.#arrivalCount) {
        this.#arrivalCount = 0;
        this.#nextArrival = 0;
      }
      start(this, edge);
    }
  }
}
