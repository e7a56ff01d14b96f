import type { StepStatus } from "../definition/context.ts";
import { shapeOfForm } from "../graph/fingerprint.ts";
import type { GraphEdge, GraphNode, WorkflowGraph } from "../graph/workflow-graph.ts";
import { ContextData } from "./context-data.ts";
import type { InstanceState } from "./instance-state.ts";
import { isLive } from "./lifecycle.ts";
import { isFormerPath } from "./restore.ts";
import type {
  ExecutionRecord,
  InstanceRows,
  TaskRecord,
  TimerKind,
  TimerRecord,
  Writes,
} from "./state.ts";
import { refoldWrites, writesOf } from "./writes.ts";

/** What an upgrade does to one execution. */
export interface UpgradeMove {
  readonly executionId: number;
  readonly status: StepStatus;
  /** Its path before and after. */
  readonly from: string;
  readonly to: string;
}

export interface UpgradeNote {
  /** The step that it concerns; undefined if it concerns the instance as a whole. */
  readonly path: string | undefined;
  readonly message: string;
}

/** What an upgrade does, or why it cannot be done. */
export interface UpgradeOutline {
  /** Versions. */
  readonly from: string;
  readonly to: string;
  /** Executions that go on in the new version. */
  readonly moves: readonly UpgradeMove[];
  /** Those that ended in steps which the new version does not have: they stay as history. */
  readonly history: readonly UpgradeMove[];
  /** What will be otherwise than one might think. */
  readonly warnings: readonly UpgradeNote[];
  /** Why it cannot be done: all reasons. */
  readonly problems: readonly UpgradeNote[];
}

export interface PlannedUpgrade extends UpgradeOutline {
  /** What the instance's rows are afterwards; only where there are no problems. */
  readonly rows: InstanceRows;
  /** Timers that the new version has no use for. */
  readonly clearedTimers: readonly TimerRecord[];
}

/** What an upgrade would do; it changes nothing. */
export function planUpgrade(
  before: WorkflowGraph,
  state: InstanceState,
  after: WorkflowGraph,
  steps: Readonly<Record<string, string>>,
): PlannedUpgrade {
  return new Planner(before, state, after, steps).plan();
}

class Planner {
  readonly #before: WorkflowGraph;
  readonly #state: InstanceState;
  readonly #after: WorkflowGraph;
  readonly #steps: ReadonlyMap<string, string>;
  readonly #from: string;
  readonly #to: string;
  /** Per node before, the path that it has after; and per node, what stands there. */
  readonly #paths: string[] = [];
  readonly #nodes: (GraphNode | undefined)[] = [];
  /** Per edge before, its place after. */
  readonly #edges: (number | undefined)[];
  /** Per execution: whether it goes on, and its path after. */
  readonly #goesOn: boolean[] = [];
  readonly #newPaths: string[] = [];
  readonly #isHistory: boolean[] = [];
  readonly #moves: UpgradeMove[] = [];
  readonly #history: UpgradeMove[] = [];
  readonly #warnings = new Map<string, UpgradeNote>();
  readonly #problems: UpgradeNote[] = [];

  constructor(
    before: WorkflowGraph,
    state: InstanceState,
    after: WorkflowGraph,
    steps: Readonly<Record<string, string>>,
  ) {
    this.#before = before;
    this.#state = state;
    this.#after = after;
    this.#steps = new Map(Object.entries(steps));
    this.#from = state.instance.version;
    this.#to = after.definition.version;
    for (const node of state.nodes) this.#mapNode(node);
    const between = Map.groupBy(after.edges, ({ source, target }) => `${source} ${target}`);
    this.#edges = before.edges.map((edge) => this.#edgeAfter(edge, between));
  }

  plan(): PlannedUpgrade {
    this.#checkInstance();
    this.#checkSteps();
    for (const execution of this.#state.executions) this.#place(execution);
    this.#checkMeetings();
    this.#checkArrivals();
    const reduced = this.#reducedWrites();
    const executions = this.#state.executions.map((each) =>
      this.#moved(each, reduced.get(each.id)),
    );
    const timers = [...(this.#state.timers?.values() ?? [])];
    const cleared = timers.filter((timer) => !this.#isTimerMeant(timer));
    return {
      from: this.#from,
      to: this.#to,
      moves: this.#moves,
      history: this.#history,
      warnings: [...this.#warnings.values()],
      problems: this.#problems,
      clearedTimers: cleared,
      rows: {
        instance: { ...this.#state.instance, version: this.#to },
        executions,
        tasks: [...(this.#state.tasks?.values() ?? [])].map((task) => this.#movedTask(task)),
        timers: timers.filter((timer) => !cleared.includes(timer)),
        signals: this.#state.signals,
      },
    };
  }

  #refuse(path: string | undefined, message: string): void {
    this.#problems.push({ path, message });
  }

  #warn(path: string, message: string): void {
    this.#warnings.set(message, { path, message });
  }

  // ---------------------------------------------------------------------------- what stands where

  /** Groups stand before their members, which go along with them. */
  #mapNode({ index, path, name, parent }: GraphNode): void {
    const item = path.endsWith("[]") ? "[]" : "";
    const same = parent < 0 ? path : `${this.#paths[parent]}/${name}${item}`;
    const after = this.#steps.get(path) ?? same;
    this.#paths[index] = after;
    const place = isFormerPath(path) ? undefined : this.#after.nodeByPath.get(after);
    this.#nodes[index] = place === undefined ? undefined : this.#after.nodes[place];
  }

  /** The same edge between what its ends are now, or else another one between them. */
  #edgeAfter(
    { source, target, on }: GraphEdge,
    between: ReadonlyMap<string, readonly GraphEdge[]>,
  ): number | undefined {
    const ends = `${this.#nodes[source]?.index} ${this.#nodes[target]?.index}`;
    const found = between.get(ends) ?? [];
    return (found.find((each) => each.on === on) ?? found[0])?.index;
  }

  #checkInstance(): void {
    const { status, compensating } = this.#state.instance;
    const { executions } = this.#state;
    if (this.#from === this.#to) this.#refuse(undefined, `It is of version ${this.#to} already.`);
    if (status === "pending") this.#refuse(undefined, "It has not started.");
    if (compensating !== undefined || executions.some(({ compensates }) => compensates !== 0)) {
      this.#refuse(undefined, "What it had done is undone by compensation: it does not go on.");
    }
    for (const execution of executions) {
      const { path } = execution;
      const isBody = this.#state.node(execution).kind === "custom";
      if (execution.status === "running" || (isBody && execution.status === "waiting")) {
        this.#refuse(path, `"${path}" runs; pause the instance, and upgrade it when it has ended.`);
      }
    }
  }

  #checkSteps(): void {
    for (const [from, to] of this.#steps) {
      if (!this.#before.nodeByPath.has(from)) {
        this.#refuse(
          from,
          `The mapping names "${from}", which version ${this.#from} does not have.`,
        );
      }
      if (!this.#after.nodeByPath.has(to)) {
        this.#refuse(from, `The mapping names "${to}", which version ${this.#to} does not have.`);
      }
    }
  }

  // ---------------------------------------------------------------------------------- executions

  #place(execution: ExecutionRecord): void {
    const { id, parent, path, status, compensates, taken, node: index } = execution;
    const isTop = parent === 0;
    // Of a failed instance, what an operator's retry goes on with.
    const goesOn = isTop
      ? compensates === 0 && (isLive(status) || taken === undefined)
      : this.#goesOn[parent] === true;
    const node = this.#state.nodes[index] as GraphNode;
    const after = this.#nodes[index];
    const obstacle = this.#obstacle(execution, node, after);
    this.#goesOn[id] = goesOn;
    this.#isHistory[id] = !goesOn && obstacle !== undefined;
    this.#newPaths[id] = this.#pathAfter(execution, node, after);
    const move: UpgradeMove = { executionId: id, status, from: path, to: this.#newPaths[id] };
    if (this.#isHistory[id]) {
      this.#history.push(move);
      if (status === "succeeded" && this.#isUndone(node)) {
        this.#warn(node.path, `What "${node.path}" has done can no longer be undone.`);
      }
    } else if (goesOn) {
      if (obstacle === undefined) this.#moves.push(move);
      else this.#refuse(path, obstacle);
      if (isLive(status) && after !== undefined) this.#compare(execution, node, after);
    }
    if (!goesOn && after !== undefined) this.#compareNames(execution, node, after);
  }

  #isUndone({ source }: GraphNode): boolean {
    const { compensate } = this.#before.definition;
    return compensate && "compensate" in source && source.compensate !== undefined;
  }

  /** Why an execution cannot stand in the new version as it is. */
  #obstacle(
    execution: ExecutionRecord,
    node: GraphNode,
    after: GraphNode | undefined,
  ): string | undefined {
    const { path, parent, position, node: index } = execution;
    const to = this.#paths[index] as string;
    const group = parent === 0 ? undefined : this.#state.execution(parent);
    // A user's own group may run steps that it does not declare.
    const isCalled = group !== undefined && this.#state.node(group).kind === "custom";
    if (group !== undefined && this.#isHistory[parent]) return `"${group.path}" is gone.`;
    if (after === undefined) {
      if (isCalled) return undefined;
      const hint = "name the step that goes on with it in the mapping";
      return `Version ${this.#to} has no step "${to}" for "${path}"; ${hint}.`;
    }
    if (after.kind !== node.kind && !isCalled) {
      return `"${path}" is of kind ${node.kind}, and "${after.path}" of kind ${after.kind}.`;
    }
    const around = group === undefined ? undefined : this.#nodes[group.node];
    if (after.parent !== (around?.index ?? -1)) {
      return `"${path}" cannot become "${after.path}": that stands in another group.`;
    }
    if (around === undefined || isCalled) return undefined;
    const place = around.kind === "map" ? Math.min(position, 0) : position;
    const expected = place < 0 ? around.callback : around.members[place];
    if (expected === after.index || !this.#goesOn[parent]) return undefined;
    return `The place of "${path}" among the members of its group is another one.`;
  }

  #pathAfter(execution: ExecutionRecord, node: GraphNode, after: GraphNode | undefined): string {
    const { id, path, parent } = execution;
    const around = parent === 0 ? "" : `${this.#newPaths[parent]}/`;
    if (this.#isHistory[id]) {
      const last = path.slice(path.lastIndexOf("/") + 1);
      const isMarked = isFormerPath(path) || isFormerPath(around);
      return `${around}${last}${isMarked ? "" : `@${this.#from}`}`;
    }
    const number = /\[\d+\]$/.exec(path)?.[0] ?? "";
    return `${around}${after?.name ?? node.name}${number}`;
  }

  /** Says what is different for an execution that waits. */
  #compare({ id, status }: ExecutionRecord, node: GraphNode, after: GraphNode): void {
    const { path, kind, source } = node;
    const has = (timer: TimerKind) => this.#state.timers?.has(`${timer}:${id}`) === true;
    const differs = (...names: readonly string[]) =>
      names.some((name) => optionText(source, name) !== optionText(after.source, name));
    if (kind === "human" && shapeOfForm(source) !== shapeOfForm(after.source)) {
      this.#warn(path, `The form of "${path}" is another one: what is filled in must fit that.`);
    }
    if (kind === "timer" && has("timer") && differs("durationMs", "until")) {
      this.#warn(path, `"${path}" ends at the moment that was set when it began to wait.`);
    }
    if (kind === "subworkflow" && status === "waiting" && differs("workflow", "version")) {
      this.#warn(path, `The child of "${path}" goes on as what it was started as.`);
    }
    if (kind === "map" && differs("items")) {
      this.#warn(path, `"${path}" keeps the items that it has begun with.`);
    }
    for (const timer of ["timeout", "deadline"] as const) {
      const [now, then] = [after[`${timer}Ms`], node[`${timer}Ms`]];
      if (now === then) continue;
      if (!has(timer)) this.#warn(path, `The ${timer} of "${path}" counts when it starts again.`);
      else if (now === undefined) this.#warn(path, `The ${timer} set for "${path}" is cleared.`);
      else this.#warn(path, `The ${timer} set for "${path}" stays as it is.`);
    }
  }

  /** Data stays under the names under which it was written. */
  #compareNames({ status, writes }: ExecutionRecord, node: GraphNode, after: GraphNode): void {
    const { path, name, kind, writesData } = node;
    const isData = kind === "human" || kind === "signal" || kind === "webhook";
    if (!isData || !writesData || name === after.name || status !== "succeeded") return;
    if (!writes?.some(([key]) => key === name)) return;
    this.#warn(path, `The data of "${path}" stays under "${name}", not "${after.name}".`);
  }

  /** No two steps whose executions could then be taken for those of one. */
  #checkMeetings(): void {
    const origins = new Map<number, string>();
    for (const execution of this.#state.executions) {
      const { id, node: index } = execution;
      const after = this.#nodes[index];
      if (after === undefined || this.#isHistory[id]) continue;
      const { path } = this.#state.nodes[index] as GraphNode;
      const other = origins.get(after.index) ?? path;
      origins.set(after.index, other);
      if (other === path) continue;
      const message = `"${other}" and "${path}" have both run and cannot both be "${after.path}".`;
      if (!this.#problems.some((problem) => problem.message === message)) {
        this.#refuse(path, message);
      }
    }
  }

  // --------------------------------------------------------------------------------------- edges

  /** What has come by an edge and waits at its target must have an edge to have come by. */
  #checkArrivals(): void {
    const waiting = new Map<number, number>();
    const count = (edge: number, amount: number) =>
      waiting.set(edge, (waiting.get(edge) ?? 0) + amount);
    for (const { arrivals, taken, parent, compensates } of this.#state.executions) {
      if (parent !== 0 || compensates !== 0) continue;
      for (const edge of taken ?? []) count(edge, 1);
      for (const edge of arrivals) count(edge, -1);
    }
    for (const [index, arrivals] of waiting) {
      const { target, id } = this.#before.edges[index] as GraphEdge;
      const join = this.#state.joins?.get(target);
      const counted = join?.counted.has(index) && !this.#isUsed(join.round, index) ? 1 : 0;
      if (arrivals - counted <= 0 || this.#edges[index] !== undefined) continue;
      const path = this.#before.nodes[target]?.path ?? "";
      this.#refuse(
        path,
        `Control has come by the edge ${id} and waits at "${path}"; version ${this.#to} has no ` +
          "such edge. Keep it, or upgrade when the join has started.",
      );
    }
  }

  #isUsed(round: number, edge: number): boolean {
    return round !== 0 && this.#state.execution(round).arrivals.includes(edge);
  }

  #edgesAfter(edges: readonly number[]): readonly number[] {
    return edges.map((edge) => this.#edges[edge]).filter((edge) => edge !== undefined);
  }

  // --------------------------------------------------------------------------------------- records

  #moved(execution: ExecutionRecord, reduced: Writes | undefined): ExecutionRecord {
    const { id, arrivals, taken, roundOpen, status } = execution;
    const isHistory = this.#isHistory[id] === true;
    const after = this.#nodes[execution.node];
    const joins = !isHistory && after !== undefined && after.join.kind !== "each";
    return {
      ...execution,
      path: this.#newPaths[id] as string,
      arrivals: this.#edgesAfter(arrivals),
      taken: taken === undefined ? undefined : this.#edgesAfter(taken),
      roundOpen: roundOpen && joins,
      // A group that is no longer known as one keeps what its members wrote itself.
      writes:
        isHistory && status === "succeeded"
          ? keptWrites(writesOf(this.#state, execution))
          : execution.writes,
      reduced: reduced ?? execution.reduced,
    };
  }

  #movedTask(task: TaskRecord): TaskRecord {
    // What has ended is searched for by the name that it had.
    if (task.status !== "open") return task;
    return { ...task, path: this.#newPaths[task.executionId] as string };
  }

  #isTimerMeant({ kind, executionId }: TimerRecord): boolean {
    const after = this.#nodes[this.#state.execution(executionId).node];
    switch (kind) {
      case "timeout":
        return after?.timeoutMs !== undefined;
      case "deadline":
        return after?.deadlineMs !== undefined;
      case "reminder":
        return hasList(after, "reminders");
      case "escalation":
        return hasList(after, "escalations");
      default:
        return true;
    }
  }

  /**
   * Data stays what it is when the new version has other reducers: what they made of writes that
   * are visible is recorded.
   */
  #reducedWrites(): ReadonlyMap<number, Writes> {
    const found = new Map<number, Writes>();
    const { reducers } = this.#before;
    const keys = [...reducers.keys(), ...this.#after.reducers.keys()];
    const changed = new Set(
      keys.filter((key) => reducers.get(key) !== this.#after.reducers.get(key)),
    );
    if (changed.size === 0) return found;
    const data = new ContextData();
    data.commit(Object.entries(this.#state.instance.initialData));
    const ended = this.#state.executions
      .filter(({ status, parent }) => status === "succeeded" && parent === 0)
      .sort((a, b) => a.order - b.order);
    for (const execution of ended) {
      const committed = refoldWrites(this.#before, this.#state, execution, data);
      data.commit(committed);
      const kept = new Map(execution.reduced);
      for (const [key] of committed) if (changed.has(key)) kept.set(key, data.get(key));
      if (kept.size > 0) found.set(execution.id, [...kept]);
    }
    return found;
  }
}

function hasList(node: GraphNode | undefined, name: string): boolean {
  const list: unknown = node && Reflect.get(node.source, name);
  return Array.isArray(list) && list.length > 0;
}

/** What two functions do cannot be compared. */
function optionText(source: object, name: string): string {
  const option: unknown = Reflect.get(source, name);
  return typeof option === "function" ? "a function" : String(option);
}

function keptWrites(writes: Writes): Writes | undefined {
  return writes.length === 0 ? undefined : writes;
}
