import {
  Edge,
  MapGroup,
  machineStep,
  ParallelGroup,
  pictureOf,
  SequentialGroup,
  WorkflowDefinition,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { boxesOf, linesOf, memberCounts, mostMembers } from "../../dashboard/src/graph/model.ts";

const step = (name: string) => machineStep(name, () => undefined);

function picture() {
  return pictureOf(
    new WorkflowDefinition({
      name: "drawn",
      steps: {
        first: step("first"),
        side: new ParallelGroup([step("x"), step("y")], { callback: step("sum") }),
        row: new SequentialGroup([step("one"), step("two")]),
        many: new ParallelGroup(Array.from({ length: 1000 }, (_, index) => step(`m${index}`))),
        each: new MapGroup(step("item"), { items: "list" }),
        repair: step("repair"),
      },
      edges: [
        new Edge("first", "side"),
        new Edge("first", "repair", { on: "failure" }),
        new Edge("side", "row", { condition: "a" }),
        new Edge("side", "first", { otherwise: true, label: "again" }),
        new Edge("row", "many"),
        new Edge("many", "each"),
      ],
      initialStep: "first",
      terminalSteps: ["each", "repair"],
    }),
  ) as unknown as Parameters<typeof drawnOf>[0];
}

function drawnOf({ nodes, edges }: { nodes: Nodes; edges: Parameters<typeof linesOf>[1] }) {
  return { boxes: boxesOf(nodes, new Set()), lines: linesOf(nodes, edges) };
}
type Nodes = Parameters<typeof boxesOf>[0];

describe("what is drawn", () => {
  test("a group of many is one box until it is opened", () => {
    const { nodes } = picture();
    const many = (opened: ReadonlySet<string>) =>
      boxesOf(nodes, opened).find(({ id }) => id === "many");
    expect(many(new Set())).toMatchObject({ children: [], hidden: 1000 });
    const opened = many(new Set(["many"]));
    expect(opened?.children.length).toBeGreaterThan(mostMembers);
    expect(opened?.children.length).toBeLessThan(100);
    expect((opened?.children.length ?? 0) + (opened?.hidden ?? 0)).toBe(1000);
  });

  test("members of a sequence follow each other, and a callback follows all members", () => {
    const { boxes } = drawnOf(picture());
    const inside = (id: string) => boxes.find((box) => box.id === id)?.lines.map((line) => line.id);
    expect(inside("row")).toEqual(["row/one→row/two"]);
    expect(inside("side")).toEqual(["side/x→side/sum", "side/y→side/sum"]);
  });

  test("conditions, failures and ways back are told apart", () => {
    const { lines } = drawnOf(picture());
    expect(lines.map(({ look, isLoop, label }) => [look, isLoop, label])).toEqual([
      ["plain", false, ""],
      ["failure", false, "on failure"],
      ["condition", false, "a"],
      ["otherwise", true, "again"],
      ["plain", false, ""],
      ["plain", false, ""],
    ]);
  });

  test("the progress of a map is counted without its items", () => {
    const [node] = picture().nodes.filter(({ path }) => path === "each");
    if (node === undefined) throw new TypeError("each is missing");
    const progress = { done: 5, failed: 1, running: 2, total: 10 };
    expect([...memberCounts({ ...node, progress })]).toEqual([
      ["done", 5],
      ["failed", 1],
      ["running", 2],
      ["idle", 2],
    ]);
  });
});
