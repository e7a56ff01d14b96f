import type { GraphEdge, GraphNode } from "../graph/workflow-graph.ts";
import { ContextView } from "./context-view.ts";
import { cancelNodes, completeInstance, failInstance } from "./ending.ts";
import { failRouting, noEdges, visitNode } from "./executions.ts";
import type { ExecutionRecord } from "./state.ts";
import type { Transition } from "./transition.ts";

/** Where control goes when a top-level node has ended. */

/** An edge can come by one only of these ends of its source. */
type End = "success" | "failure" | "cancel";

function isMeantFor(edge: GraphEdge, end: End): boolean {
  return edge.on === end || (edge.on === "always" && end !== "cancel");
}

/** Takes the edges of a node that succeeded or was skipped; `targets` are those a gateway named. */
export function routeSuccess(
  t: Transition,
  execution: ExecutionRecord,
  targets: readonly string[] | undefined,
): void {
  const node = t.node(execution);
  if (t.isOver) return;
  if (node.terminate) return completeInstance(t, execution.path);
  if (execution.taken !== undefined) return follow(t, execution.taken);

  const meant = edgesFor(t, node, "success");
  const taken =
    targets === undefined
      ? chooseEdges(t, execution, meant, choiceOf(node))
      : meant.filter((edge) => targets.includes((t.state.nodes[edge.target] as GraphNode).name));
  if (taken === undefined) return;
  if (taken.length === 0 && meant.length > 0 && !node.terminal) return deadEnd(t, execution, meant);
  take(t, execution, taken);
}

/** Takes the failure edges of a node that failed for good; without any, the instance fails. */
export function routeFailure(t: Transition, execution: ExecutionRecord): void {
  const node = t.node(execution);
  if (t.isOver || execution.error === undefined) return;
  const meant = edgesFor(t, node, "failure");
  if (meant.length === 0) return failInstance(t, execution.error);
  const taken = chooseEdges(t, execution, meant, "holding");
  if (taken === undefined) return;
  if (taken.length > 0) take(t, execution, taken);
  else if (node.terminal) failInstance(t, execution.error);
  else deadEnd(t, execution, meant);
}

/** Decides again what could not be decided when the instance failed. */
export function routeAgain(t: Transition, execution: ExecutionRecord): void {
  if (execution.status === "canceled") routeCancel(t, execution);
  else routeSuccess(t, execution, undefined);
}

function edgesFor(t: Transition, node: GraphNode, end: End): GraphEdge[] {
  return node.outgoing.map((index) => t.edge(index)).filter((edge) => isMeantFor(edge, end));
}

type Choice = "first" | "holding" | "all";

function choiceOf({ kind, source }: GraphNode): Choice {
  return kind === "gateway" && "choice" in source
    ? ((source.choice as Choice) ?? "holding")
    : "holding";
}

/** The edges to take; undefined if a condition failed, and the instance with it. */
function chooseEdges(
  t: Transition,
  execution: ExecutionRecord,
  meant: readonly GraphEdge[],
  choice: Choice,
): readonly GraphEdge[] | undefined {
  if (choice === "all") return meant;
  const context = new ContextView(t.graph, t.state, execution);
  const taken: GraphEdge[] = [];
  let conditionHeld = false;
  for (const edge of meant) {
    if (edge.otherwise) continue;
    if (edge.condition !== undefined) {
      const held = evaluate(t, execution, edge, edge.condition, context);
      if (held === undefined) return undefined;
      if (!held) continue;
      conditionHeld = true;
    }
    taken.push(edge);
    if (choice === "first") return taken;
  }
  if (conditionHeld) return taken;
  return meant.filter((edge) => edge.otherwise || taken.includes(edge));
}

function evaluate(
  t: Transition,
  execution: ExecutionRecord,
  edge: GraphEdge,
  condition: (context: ContextView) => unknown,
  context: ContextView,
): boolean | undefined {
  let problem: string;
  try {
    const held = condition(context);
    if (typeof held === "boolean") return held;
    problem = `gave ${JSON.stringify(held) ?? String(held)} instead of true or false`;
  } catch (error) {
    problem = `failed: ${error instanceof Error ? error.message : String(error)}`;
  }
  failRouting(t, execution, "CONDITION_FAILED", `The condition of the edge ${edge.id} ${problem}.`);
  return undefined;
}

function deadEnd(t: Transition, execution: ExecutionRecord, meant: readonly GraphEdge[]): void {
  const tried = meant
    .map((edge) => `${edge.id}${edge.label === undefined ? "" : ` (${edge.label})`}`)
    .join(", ");
  failRouting(
    t,
    execution,
    "DEAD_END",
    `"${execution.path}" ended and none of its edges was taken: ${tried}. ` +
      "Add an edge with `otherwise: true`, or make it a terminal step.",
  );
}

function take(t: Transition, execution: ExecutionRecord, edges: readonly GraphEdge[]): void {
  const taken = edges.length === 0 ? noEdges : edges.map(({ index }) => index);
  t.step("StepRouted", { ...execution, taken });
  follow(t, taken);
}

function follow(t: Transition, taken: readonly number[]): void {
  for (const index of taken) {
    const target = t.state.nodes[t.edge(index).target] as GraphNode;
    if (target.join.kind === "each") t.arrive(index);
  }
}

/** Control comes by an edge to a node that starts at every arrival. */
export function startByEdge(t: Transition, index: number): void {
  const { target, alone } = t.edge(index);
  if (t.isOver) t.state.unserved.push(index);
  else visitNode(t, t.state.nodes[target] as GraphNode, alone);
}

// -------------------------------------------------------------------------------------- cancelling

/** What a step names in `cancels` goes when the step has ended. */
export function cancelNamedSteps(t: Transition, node: GraphNode): void {
  if (node.cancels.length > 0 && !t.isOver) {
    cancelNodes(t, new Set(node.cancels), `cancelled by "${node.path}"`);
  }
}

/** What was cancelled by itself, and not with its instance, takes its edges for that. */
export function routeCancel(t: Transition, canceled: ExecutionRecord): void {
  if (t.isOver) return;
  const node = t.node(canceled);
  const meant = edgesFor(t, node, "cancel");
  const taken = chooseEdges(t, canceled, meant, "holding");
  if (taken === undefined) return;
  if (taken.length === 0 && meant.length > 0 && !node.terminal) deadEnd(t, canceled, meant);
  else take(t, canceled, taken);
}
