import { describe, expect, test } from "vitest";
import type { Graph, GraphEdge, GraphNode } from "../http/client.ts";
import { viewGraph } from "./graph-view.ts";

function node(name: string, more: Partial<GraphNode> = {}): GraphNode {
  const where = { initial: name === "a", terminal: false, options: {}, members: [] };
  return { path: name, name, kind: "machine", ...where, ...more };
}

function edge(text: string, more: Partial<GraphEdge> = {}): GraphEdge {
  const [source = "", target = ""] = text.split(">");
  return { source, target, conditional: false, otherwise: false, on: "success", ...more };
}

function draw(names: string, edges: readonly GraphEdge[]): string[] {
  const graph: Graph = {
    workflow: "w",
    version: "1.0.0",
    nodes: names.split("").map((name) => node(name)),
    edges: [...edges],
  };
  return viewGraph(graph).split("\n").slice(2);
}

describe("viewGraph", () => {
  test("draws a chain on one rail", () => {
    expect(draw("ab", [edge("a>b")])).toEqual(["  ●  a  machine", "  │", "  ●  b  machine"]);
  });

  test("draws a fork and its join", () => {
    const edges = ["a>b", "a>c", "a>d", "b>e", "c>e", "d>e"].map((each) => edge(each));
    expect(draw("abcde", edges)).toEqual([
      "  ●  a  machine",
      "  ├─┬─╮",
      "  ● │ │  b  machine",
      "  │ │ │",
      "  │ ● │  c  machine",
      "  │ │ │",
      "  │ │ ●  d  machine",
      "  │ │ │",
      "  ├─┴─╯",
      "  ●  e  machine",
    ]);
  });

  test("says where a loop leads back to, and when an edge is taken", () => {
    const edges = [
      edge("a>b"),
      edge("b>a", { conditional: true, label: "again" }),
      edge("b>c", { otherwise: true }),
      edge("b>d", { on: "failure" }),
    ];
    expect(draw("abcd", edges)).toEqual([
      "  ●  a  machine",
      "  │",
      "  ●  b  machine",
      "  │    → c: otherwise",
      "  │    → d: on failure",
      "  │    ↺ back to a: if again",
      "  ├─╮",
      "  ● │  c  machine",
      "    ●  d  machine",
    ]);
  });

  test("draws a long chain without running out of stack", () => {
    const nodes = Array.from({ length: 20_000 }, (_, index) => node(`n${index}`));
    const edges = nodes.slice(1).map(({ path }, index) => edge(`n${index}>${path}`));
    const lines = viewGraph({ workflow: "w", version: "1.0.0", nodes, edges }).split("\n");
    expect(lines.at(-1)).toBe("  ●  n19999  machine");
  });
});
