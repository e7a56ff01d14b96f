import { type Condensation, condense } from "./components.ts";
import type { GraphEdge, GraphNode, WorkflowGraph } from "./workflow-graph.ts";

const known = new WeakMap<WorkflowGraph, Map<number, Condensation>>();

/**
 * The loop that a node stands in, with the edges out of the node removed: what can reach the node
 * there without passing it. Nodes are given by their place in the loop (`placeOf`).
 */
export function loopWithout(graph: WorkflowGraph, node: number): Condensation {
  let loops = known.get(graph);
  if (loops === undefined) {
    loops = new Map();
    known.set(graph, loops);
  }
  let loop = loops.get(node);
  if (loop === undefined) {
    loop = cutLoop(graph, graph.components as Condensation, node);
    loops.set(node, loop);
  }
  return loop;
}

function cutLoop(graph: WorkflowGraph, components: Condensation, node: number): Condensation {
  const component = components.componentOf[node] as number;
  const members = components.nodes[component] as readonly number[];
  const targetOf = (edge: number) => (graph.edges[edge] as GraphEdge).target;
  const staysInside = (edge: number) => components.componentOf[targetOf(edge)] === component;
  return condense({
    size: members.length,
    outgoing: members.map((member) =>
      member === node ? [] : (graph.nodes[member] as GraphNode).outgoing.filter(staysInside),
    ),
    targetOf: (edge) => components.placeOf[targetOf(edge)] as number,
  });
}
