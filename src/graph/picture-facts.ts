import type { SignalStep, SubworkflowStep } from "../definition/wait-steps.ts";
import type { GraphEdge, GraphNode, WorkflowGraph } from "./workflow-graph.ts";

/** What a picture needs to know of an instance. A `WorkflowInstance` is one. */
export interface PicturedInstance {
  readonly id: string;
  readonly workflow: string;
  readonly version: string;
  readonly status:
    | "pending"
    | "running"
    | "waiting"
    | "paused"
    | "completed"
    | "failed"
    | "canceled";
  /** In the order in which they were made. */
  readonly steps: readonly PicturedExecution[];
  /** Per edge of the definition: how often it was taken, and how many of these wait at a join. */
  readonly edges: readonly { readonly taken: number; readonly waiting: number }[];
  /** The open tasks. */
  readonly tasks: readonly PicturedTask[];
}

/** One visit to a step or group. */
export interface PicturedExecution {
  readonly id: number;
  readonly path: string;
  /** The execution of the group that it is a member of; 0 for none. */
  readonly parent: number;
  readonly status:
    | "pending"
    | "scheduled"
    | "running"
    | "waiting"
    | "succeeded"
    | "failed"
    | "canceled"
    | "skipped";
  readonly attempt: number;
  readonly iteration: number;
  readonly result: unknown;
  /** For a compensation: the execution that it undoes; otherwise 0. */
  readonly compensates: number;
  /** Of a map that has started: how many items it has. */
  readonly itemCount: number | undefined;
}

export interface PicturedTask {
  readonly path: string;
  readonly assignee: string | undefined;
  readonly candidateUsers: readonly string[] | undefined;
  readonly candidateGroups: readonly string[] | undefined;
}

/**
 * - `done`, `failed`, `canceled`: how its latest execution ended;
 * - `running`: code runs, of a group: in a member;
 * - `waiting`: for a person, a time, a message, a child instance, or the next attempt;
 * - `pending`: waits for its turn;
 * - `idle`: not reached, and still can be;
 * - `skipped`: was skipped, or nothing can reach it any more.
 *
 * Of executions that go on at the same time (the items of a map), the one that needs the most
 * attention counts: running, waiting, pending, failed, done, in this order.
 */
export type PictureState =
  | "done"
  | "running"
  | "waiting"
  | "pending"
  | "skipped"
  | "failed"
  | "canceled"
  | "idle";

/** Whom or what a step waits for. */
export type PictureWait =
  /** Without assignee and candidates, anybody may do it. */
  | {
      readonly for: "person";
      readonly assignee?: string;
      readonly candidateUsers?: readonly string[];
      readonly candidateGroups?: readonly string[];
    }
  | { readonly for: "time" }
  | { readonly for: "callback" }
  | { readonly for: "signal"; readonly name: string }
  | { readonly for: "workflow"; readonly name: string }
  /** The delay before another attempt. */
  | { readonly for: "attempt" }
  /** A mutex, its place among the members, or the end of a pause. */
  | { readonly for: "turn" };

/** How far the executions for the items of a map have come. */
export interface PictureProgress {
  readonly done: number;
  readonly failed: number;
  /** Runs, waits, or is about to. */
  readonly running: number;
  /** Of all items, those included that have not started or were skipped or cancelled. */
  readonly total: number;
}

/** Where an instance stands at a node. Of the passes of a loop, the latest counts. */
export interface NodeFacts {
  readonly state: PictureState;
  /** What it waits for: at most five different ones. */
  readonly waitingFor?: readonly PictureWait[];
  /** How many passes there were; not inside groups. */
  readonly iteration?: number;
  /** Of the latest execution. */
  readonly attempt?: number;
  /** Of a map, and of what stands in it. */
  readonly progress?: PictureProgress;
  /** Of a race that is over: the name of the member that won. */
  readonly winner?: string;
  /** Its work was undone by `compensate`. */
  readonly undone?: true;
}

const mostWaits = 5;

/** What is found for a node while the executions are looked through. */
interface Tally {
  /** Executions of the pass that is shown. */
  readonly shown: PicturedExecution[];
  /** Members that a user's own group runs and does not declare. */
  readonly undeclared: PicturedExecution[];
  passes: number;
  undone: boolean;
}

type Tasks = ReadonlyMap<string, readonly PicturedTask[]>;

/** Per node of the graph, where the instance stands. */
export function nodeFacts(graph: WorkflowGraph, instance: PicturedInstance): NodeFacts[] {
  const tallies = tallyExecutions(graph, instance);
  const states = executedStates(graph, tallies);
  const reachable = reachableNodes(graph, instance, tallies);
  const counts = executionCounts(graph, tallies);
  const tasks = tasksByPath(instance);
  return graph.nodes.map((node, index) => {
    states[index] ??= unreachedState(graph, node, states, reachable);
    return {
      state: states[index],
      ...executionFacts(node, tallies[index] as Tally, tasks),
      ...progressOf(node, tallies, counts),
    };
  });
}

// -------------------------------------------------------------------------- which executions count

const isLive = ({ status }: PicturedExecution): boolean =>
  status === "pending" || status === "scheduled" || status === "running" || status === "waiting";

function tallyExecutions(graph: WorkflowGraph, instance: PicturedInstance): Tally[] {
  const tallies = graph.nodes.map(
    (): Tally => ({ shown: [], undeclared: [], passes: 0, undone: false }),
  );
  const nodeOf = new Map<number, number>();
  const member = memberFinder(graph);
  for (const execution of instance.steps) {
    if (execution.compensates !== 0) continue;
    const { parent, path } = execution;
    const index = parent === 0 ? graph.nodeByPath.get(path) : member(nodeOf.get(parent), path);
    if (index === undefined) continue;
    nodeOf.set(execution.id, index);
    if (parent !== 0) continue;
    const { shown } = tallies[index] as Tally;
    if (shown.length > 0 && !isLive(shown[0] as PicturedExecution)) shown.length = 0;
    if (shown.length === 0 || isLive(execution)) shown.push(execution);
    (tallies[index] as Tally).passes = execution.iteration;
  }
  const selected = new Set(tallies.flatMap(({ shown }) => shown.map(({ id }) => id)));
  for (const execution of instance.steps) {
    const { id, parent, compensates } = execution;
    if (compensates !== 0) {
      const undone = tallies[nodeOf.get(compensates) ?? -1];
      if (undone !== undefined && execution.status === "succeeded") undone.undone = true;
    } else if (parent !== 0 && selected.has(parent)) {
      const index = nodeOf.get(id);
      if (index === undefined) tallies[nodeOf.get(parent) ?? -1]?.undeclared.push(execution);
      else tallies[index]?.shown.push(execution);
      if (index !== undefined) selected.add(id);
    }
  }
  return tallies;
}

/** Finds the member of a group that an execution's path ends in; `[3]` counts items and calls. */
function memberFinder(graph: WorkflowGraph) {
  const known = new Map<number, Map<string, number>>();
  return (group: number | undefined, path: string): number | undefined => {
    if (group === undefined) return undefined;
    let names = known.get(group);
    if (names === undefined) {
      const { members, callback } = graph.nodes[group] as GraphNode;
      const inside = callback < 0 ? members : [...members, callback];
      names = new Map(inside.map((index) => [(graph.nodes[index] as GraphNode).name, index]));
      known.set(group, names);
    }
    const name = path.slice(path.lastIndexOf("/") + 1);
    const bracket = name.indexOf("[");
    return names.get(bracket < 0 ? name : name.slice(0, bracket));
  };
}

// ------------------------------------------------------------------------------------------ states

const byAttention = [
  ["running", "running"],
  ["waiting", "waiting"],
  ["scheduled", "waiting"],
  ["pending", "pending"],
  ["failed", "failed"],
  ["succeeded", "done"],
  ["canceled", "canceled"],
  ["skipped", "skipped"],
] as const satisfies readonly (readonly [PicturedExecution["status"], PictureState])[];

/** Per node, what its executions and those of its members say; undefined where there is none. */
function executedStates(graph: WorkflowGraph, tallies: readonly Tally[]) {
  const states = tallies.map(({ shown }) => stateOf(shown));
  // Members stand after their groups.
  for (let index = states.length - 1; index >= 0; index--) {
    const { members, callback, kind } = graph.nodes[index] as GraphNode;
    const { shown, undeclared } = tallies[index] as Tally;
    if (states[index] !== "waiting" || (members.length === 0 && kind !== "custom")) continue;
    if (shown.every(({ status }) => status !== "waiting")) continue;
    const inside = [...members, callback].map((member) => states[member]);
    states[index] = groupState([...inside, stateOf(undeclared)]);
  }
  return states;
}

function stateOf(executions: readonly PicturedExecution[]): PictureState | undefined {
  const found = new Set(executions.map(({ status }) => status));
  return byAttention.find(([status]) => found.has(status))?.[1];
}

/** A group that waits for its members does what they do; between two of them, it runs. */
function groupState(members: readonly (PictureState | undefined)[]): PictureState {
  if (members.includes("running")) return "running";
  if (members.includes("waiting")) return "waiting";
  return members.includes("pending") ? "pending" : "running";
}

/** The state of a node without an execution: that of its group is known before. */
function unreachedState(
  graph: WorkflowGraph,
  node: GraphNode,
  states: readonly (PictureState | undefined)[],
  reachable: ReadonlySet<number>,
): PictureState {
  if (node.parent < 0) return reachable.has(node.index) ? "idle" : "skipped";
  const group = graph.nodes[node.parent] as GraphNode;
  switch (states[group.index]) {
    case "idle":
    case "pending":
      return "idle";
    case "running":
    case "waiting":
      return isDecided(group, states) ? "skipped" : "idle";
    default:
      return "skipped";
  }
}

/** Whether another branch was chosen; in a map, other items may choose otherwise. */
function isDecided(group: GraphNode, states: readonly (PictureState | undefined)[]): boolean {
  if (group.kind !== "conditional" || group.path.includes("[]")) return false;
  return group.members.some((member) => {
    const state = states[member];
    return state !== undefined && state !== "idle" && state !== "skipped";
  });
}

/** The top-level nodes that control can still come to. */
function reachableNodes(
  graph: WorkflowGraph,
  instance: PicturedInstance,
  tallies: readonly Tally[],
): ReadonlySet<number> {
  const reached = new Set<number>();
  const { status } = instance;
  if (status === "completed" || status === "failed" || status === "canceled") return reached;
  if (instance.steps.length === 0) reached.add(graph.initial);
  const uses = instance.edges;
  for (const { target, index } of graph.edges) {
    if ((uses[index]?.waiting ?? 0) > 0) reached.add(target);
  }
  const leave = (index: number) => {
    for (const edge of (graph.nodes[index] as GraphNode).outgoing) {
      reached.add((graph.edges[edge] as GraphEdge).target);
    }
  };
  for (let index = 0; index < graph.topLevel; index++) {
    if (tallies[index]?.shown.some(isLive)) leave(index);
  }
  // A set goes on through what is added while it is gone through.
  for (const index of reached) leave(index);
  return reached;
}

// ------------------------------------------------------------------------------------------- facts

function executionFacts(
  node: GraphNode,
  { shown, undeclared, passes, undone }: Tally,
  tasks: Tasks,
): Omit<NodeFacts, "state" | "progress"> {
  const latest = shown.at(-1);
  if (latest === undefined) return {};
  const waits = waitsOf(node, shown, undeclared, tasks);
  const winner = node.kind === "race" && latest.status === "succeeded" && winnerOf(latest.result);
  return {
    ...(waits.length > 0 && { waitingFor: waits }),
    ...(passes > 0 && { iteration: passes }),
    attempt: latest.attempt,
    ...(typeof winner === "string" && { winner }),
    ...(undone && { undone }),
  };
}

function winnerOf(result: unknown): unknown {
  return typeof result === "object" && result !== null && "winner" in result && result.winner;
}

function waitsOf(
  node: GraphNode,
  shown: readonly PicturedExecution[],
  undeclared: readonly PicturedExecution[],
  tasks: Tasks,
): PictureWait[] {
  const waits = new Map<string, PictureWait>();
  const add = (wait: PictureWait) => waits.set(JSON.stringify(wait), wait);
  for (const execution of shown) {
    if (waits.size >= mostWaits) break;
    waitOf(node, execution, tasks).forEach(add);
  }
  for (const { path } of undeclared) personsAt(path, tasks).forEach(add);
  return [...waits.values()].slice(0, mostWaits);
}

function waitOf(node: GraphNode, { path, status }: PicturedExecution, tasks: Tasks): PictureWait[] {
  if (status === "pending") return [{ for: "turn" }];
  if (status === "scheduled") return [{ for: "attempt" }];
  if (status !== "waiting") return [];
  switch (node.kind) {
    case "human":
      return personsAt(path, tasks);
    case "timer":
      return [{ for: "time" }];
    case "webhook":
      return [{ for: "callback" }];
    case "signal":
      return [{ for: "signal", name: (node.source as SignalStep).signal }];
    case "subworkflow":
      return [{ for: "workflow", name: (node.source as SubworkflowStep).workflow }];
    default:
      return [];
  }
}

function personsAt(path: string, tasks: Tasks): PictureWait[] {
  return (tasks.get(path) ?? []).map(({ assignee, candidateUsers, candidateGroups }) => ({
    for: "person",
    ...(assignee !== undefined && { assignee }),
    ...(candidateUsers !== undefined && { candidateUsers }),
    ...(candidateGroups !== undefined && { candidateGroups }),
  }));
}

function tasksByPath(instance: PicturedInstance): Tasks {
  const tasks = new Map<string, PicturedTask[]>();
  for (const task of instance.tasks) {
    const list = tasks.get(task.path);
    if (list === undefined) tasks.set(task.path, [task]);
    else list.push(task);
  }
  return tasks;
}

// ---------------------------------------------------------------------------------------- progress

/** Per node in a map, how many executions it is to have; undefined where that is not counted. */
function executionCounts(graph: WorkflowGraph, tallies: readonly Tally[]): (number | undefined)[] {
  const counts: (number | undefined)[] = [];
  for (const { index, parent } of graph.nodes) {
    const group = graph.nodes[parent];
    const isItem = group?.kind === "map" && group.callback !== index;
    counts.push(isItem ? itemsOf(tallies[parent] as Tally) : counts[parent]);
  }
  return counts;
}

function itemsOf({ shown }: Tally): number | undefined {
  if (shown.every(({ itemCount }) => itemCount === undefined)) return undefined;
  return shown.reduce((sum, { itemCount = 0 }) => sum + itemCount, 0);
}

/** Of a map it is that of its member. */
function progressOf(
  { kind, index, members }: GraphNode,
  tallies: readonly Tally[],
  counts: readonly (number | undefined)[],
): Pick<NodeFacts, "progress"> {
  const counted = kind === "map" ? (members[0] as number) : index;
  const total = counts[counted];
  if (total === undefined) return {};
  const { shown } = tallies[counted] as Tally;
  const count = (test: (execution: PicturedExecution) => boolean) => shown.filter(test).length;
  return {
    progress: {
      done: count(({ status }) => status === "succeeded"),
      failed: count(({ status }) => status === "failed"),
      running: count(isLive),
      total,
    },
  };
}
