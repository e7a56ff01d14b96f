import { describe, expect, test } from "vitest";
import { condense } from "./components.ts";

/** A graph given as pairs; edge e is the e-th pair. */
function condensePairs(size: number, pairs: readonly (readonly [number, number])[]) {
  const outgoing = Array.from({ length: size }, (_, node) =>
    pairs.flatMap(([source], edge) => (source === node ? [edge] : [])),
  );
  return condense({ size, outgoing, targetOf: (edge) => pairs[edge]?.[1] ?? -1 });
}

describe("condense", () => {
  test("gives each node of an acyclic graph a component of its own", () => {
    const { count, cyclic, leaving, componentOf } = condensePairs(3, [
      [0, 1],
      [1, 2],
      [0, 2],
    ]);
    expect(count).toBe(3);
    expect(cyclic).toEqual([false, false, false]);
    expect(leaving[componentOf[0] ?? -1]).toEqual([0, 2]);
  });

  test("folds a loop with two entries into one component", () => {
    const { componentOf, nodes, placeOf, cyclic, entering, leaving } = condensePairs(4, [
      [0, 1],
      [0, 2],
      [1, 2],
      [2, 1],
      [2, 3],
    ]);
    const loop = componentOf[1] ?? -1;
    expect(componentOf[2]).toBe(loop);
    expect(nodes[loop]).toEqual([1, 2]);
    expect([placeOf[1], placeOf[2]]).toEqual([0, 1]);
    expect(cyclic[loop]).toBe(true);
    expect(entering[loop]).toEqual([0, 1]);
    expect(leaving[loop]).toEqual([4]);
  });

  test("takes an edge from a node to itself for a loop", () => {
    expect(condensePairs(1, [[0, 0]]).cyclic).toEqual([true]);
  });

  test("follows a chain of 200,000 nodes without a deep stack", () => {
    const size = 200_000;
    const outgoing = Array.from({ length: size }, (_, node) => (node < size - 1 ? [node] : []));
    expect(condense({ size, outgoing, targetOf: (edge) => edge + 1 }).count).toBe(size);
  });
});
