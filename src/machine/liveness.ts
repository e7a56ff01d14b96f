import type { Condensation } from "../graph/components.ts";

/**
 * Which parts of a graph control can still reach. A component is alive while something is active in
 * it or an edge enters it from a component that is alive. Each component is switched on and off by
 * counting, so a change costs what it changes and never a search.
 */
export class Liveness {
  readonly #graph: Condensation;
  readonly #targetOf: (edge: number) => number;
  /** Called for each edge that can be taken from now on, or no longer can. */
  readonly #onEdge: (edge: number, alive: boolean) => void;
  /** Per component: how much is active in it, and how many living edges enter it. */
  readonly #active: number[];
  readonly #inputs: number[];

  constructor(
    graph: Condensation,
    targetOf: (edge: number) => number,
    onEdge: (edge: number, alive: boolean) => void,
  ) {
    this.#graph = graph;
    this.#targetOf = targetOf;
    this.#onEdge = onEdge;
    this.#active = new Array<number>(graph.count).fill(0);
    this.#inputs = new Array<number>(graph.count).fill(0);
  }

  /** Counts activity at a node (negative: less of it). */
  add(node: number, amount: number): void {
    this.#change(this.#active, this.#graph.componentOf[node] as number, amount);
  }

  /** Counts living edges that enter at a node from outside this graph. */
  addInput(node: number, amount: number): void {
    this.#change(this.#inputs, this.#graph.componentOf[node] as number, amount);
  }

  /** Whether control can still come to this node, or is there. */
  isAlive(node: number): boolean {
    return this.isComponentAlive(this.#graph.componentOf[node] as number);
  }

  isComponentAlive(component: number): boolean {
    return (this.#active[component] as number) > 0 || (this.#inputs[component] as number) > 0;
  }

  activeIn(component: number): number {
    return this.#active[component] as number;
  }

  /** Whether control can still enter a component from others. */
  canBeEntered(component: number): boolean {
    return (this.#inputs[component] as number) > 0;
  }

  #change(counts: number[], component: number, amount: number): void {
    const before = this.isComponentAlive(component);
    counts[component] = (counts[component] as number) + amount;
    const after = this.isComponentAlive(component);
    if (before !== after) this.#spread(component, after);
  }

  #spread(first: number, alive: boolean): void {
    let pending: number[] | undefined;
    for (
      let component: number | undefined = first;
      component !== undefined;
      component = pending?.pop()
    ) {
      for (const edge of this.#graph.leaving[component] as readonly number[]) {
        const target = this.#graph.componentOf[this.#targetOf(edge)] as number;
        const before = this.isComponentAlive(target);
        this.#inputs[target] = (this.#inputs[target] as number) + (alive ? 1 : -1);
        if (before !== this.isComponentAlive(target)) {
          pending ??= [];
          pending.push(target);
        }
        this.#onEdge(edge, alive);
      }
    }
  }
}
