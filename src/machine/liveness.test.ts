import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { condense } from "../graph/components.ts";
import { Liveness } from "./liveness.ts";

type Pairs = readonly (readonly [source: number, target: number])[];

function livenessOf(size: number, pairs: Pairs) {
  const outgoing = Array.from({ length: size }, (_, node) =>
    pairs.flatMap(([source], edge) => (source === node ? [edge] : [])),
  );
  const targetOf = (edge: number) => pairs[edge]?.[1] ?? -1;
  const alive = new Set<number>();
  const graph = condense({ size, outgoing, targetOf });
  const liveness = new Liveness(graph, targetOf, (edge, isAlive) => {
    if (isAlive) alive.add(edge);
    else alive.delete(edge);
  });
  return { liveness, alive, graph };
}

/** What a plain search says: the nodes that something active can reach, or stands on. */
function reachable(pairs: Pairs, active: readonly number[]): Set<number> {
  const found = new Set(active);
  for (const node of found) {
    for (const [source, target] of pairs) if (source === node) found.add(target);
  }
  return found;
}

describe("Liveness", () => {
  test("keeps what is downstream alive until all that could reach it is gone", () => {
    const { liveness, alive } = livenessOf(4, [
      [0, 1],
      [0, 2],
      [1, 3],
      [2, 3],
    ]);
    liveness.add(0, 1);
    expect(alive).toEqual(new Set([0, 1, 2, 3]));
    liveness.add(1, 1);
    liveness.add(0, -1);
    expect(alive).toEqual(new Set([2]));
    expect(liveness.isAlive(2)).toBe(false);
    liveness.add(1, -1);
    expect(alive).toEqual(new Set());
  });

  test("counts edges that enter from outside", () => {
    const { liveness } = livenessOf(2, [[0, 1]]);
    liveness.addInput(0, 1);
    expect(liveness.isAlive(1)).toBe(true);
    liveness.addInput(0, -1);
    expect(liveness.isAlive(1)).toBe(false);
  });

  test("agrees with a search of the graph, whatever becomes active and inactive", () => {
    const node = fc.nat({ max: 7 });
    const scenario = fc.record({
      pairs: fc.array(fc.tuple(node, node), { maxLength: 16 }),
      moves: fc.array(node, { maxLength: 24 }),
    });
    fc.assert(
      fc.property(scenario, ({ pairs, moves }) => {
        const { liveness, alive, graph } = livenessOf(8, pairs);
        const active = new Set<number>();
        for (const move of moves) {
          if (active.delete(move)) liveness.add(move, -1);
          else {
            active.add(move);
            liveness.add(move, 1);
          }
          const expected = reachable(pairs, [...active]);
          for (let index = 0; index < 8; index++) {
            expect(liveness.isAlive(index)).toBe(expected.has(index));
          }
          // Edges inside a component are the business of the loop, not of this count.
          const crossing = pairs.flatMap(([source, target], edge) =>
            graph.componentOf[source] !== graph.componentOf[target] && expected.has(source)
              ? [edge]
              : [],
          );
          expect([...alive].sort((a, b) => a - b)).toEqual(crossing);
        }
      }),
    );
  });
});
