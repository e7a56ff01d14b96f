/**
 * Strongly connected components: with the loops of a graph folded into one component each, no cycle
 * is left, and "can this still be reached" becomes counting.
 */

/** A directed graph: the edges of node n are `outgoing[n]`, and edge e leads to `targetOf(e)`. */
export interface Digraph {
  readonly size: number;
  readonly outgoing: readonly (readonly number[])[];
  readonly targetOf: (edge: number) => number;
}

export interface Condensation {
  readonly count: number;
  readonly componentOf: readonly number[];
  /** Per component: its nodes; and per node: its place among them. */
  readonly nodes: readonly (readonly number[])[];
  readonly placeOf: readonly number[];
  /** Per component: whether there is a cycle in it. */
  readonly cyclic: readonly boolean[];
  /** Per component: the edges that lead out of it, and into it. */
  readonly leaving: readonly (readonly number[])[];
  readonly entering: readonly (readonly number[])[];
}

export function condense(graph: Digraph): Condensation {
  const { componentOf, count } = findComponents(graph);
  const leaving: number[][] = Array.from({ length: count }, () => []);
  const entering: number[][] = Array.from({ length: count }, () => []);
  const nodes: number[][] = Array.from({ length: count }, () => []);
  const cyclic = new Array<boolean>(count).fill(false);
  const placeOf: number[] = [];
  for (let node = 0; node < graph.size; node++) {
    const component = componentOf[node] as number;
    placeOf.push((nodes[component] as number[]).push(node) - 1);
    for (const edge of graph.outgoing[node] as readonly number[]) {
      const other = componentOf[graph.targetOf(edge)] as number;
      if (other === component) {
        cyclic[component] = true;
      } else {
        (leaving[component] as number[]).push(edge);
        (entering[other] as number[]).push(edge);
      }
    }
  }
  return { count, componentOf, nodes, placeOf, cyclic, leaving, entering };
}

/**
 * Tarjan's algorithm, with its own stack instead of recursion so that a chain of any length fits.
 */
function findComponents(graph: Digraph): { componentOf: number[]; count: number } {
  const componentOf = new Array<number>(graph.size).fill(-1);
  const order = new Array<number>(graph.size).fill(-1);
  const low = new Array<number>(graph.size).fill(0);
  const nextEdge = new Array<number>(graph.size).fill(0);
  const open: number[] = [];
  let visited = 0;
  let count = 0;

  for (let root = 0; root < graph.size; root++) {
    if (order[root] !== -1) continue;
    const path = [root];
    while (path.length > 0) {
      const node = path[path.length - 1] as number;
      if (order[node] === -1) {
        order[node] = low[node] = visited++;
        open.push(node);
      }
      const edges = graph.outgoing[node] as readonly number[];
      const edge = edges[nextEdge[node] as number];
      if (edge !== undefined) {
        nextEdge[node] = (nextEdge[node] as number) + 1;
        const target = graph.targetOf(edge);
        if (order[target] === -1) path.push(target);
        else if (componentOf[target] === -1) lower(low, node, order[target] as number);
        continue;
      }
      path.pop();
      const parent = path[path.length - 1];
      if (parent !== undefined) lower(low, parent, low[node] as number);
      if (low[node] !== order[node]) continue;
      for (let member = open.pop(); member !== undefined; member = open.pop()) {
        componentOf[member] = count;
        if (member === node) break;
      }
      count++;
    }
  }
  return { componentOf, count };
}

function lower(low: number[], node: number, value: number): void {
  if (value < (low[node] as number)) low[node] = value;
}
