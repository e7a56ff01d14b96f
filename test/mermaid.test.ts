/** What `toMermaid` writes is read by Mermaid's own parser and compared with the definition. */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import {
  type AnyDefinition,
  Edge,
  machineStep,
  ParallelGroup,
  type PicturedExecution,
  type PicturedInstance,
  type PictureNode,
  pictureOf,
  toMermaid,
  WorkflowDefinition,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { buildDefinition } from "./property/build-definition.ts";
import { randomDefinition } from "./property/random-definition.ts";
import { RandomSource } from "./property/random-source.ts";
import { parseMarkdown } from "./support/markdown.ts";
import { type Flowchart, parseFlowchart } from "./support/mermaid-parser.ts";

const definitions = () =>
  fc.integer().map((seed) => buildDefinition(randomDefinition(new RandomSource(seed))));

const isGroup = ({ members }: PictureNode) => members.length > 0;
const insideOf = ({ members, callback }: PictureNode) =>
  callback === undefined ? members : [...members, callback];
const withInner = (node: PictureNode): PictureNode[] => [
  node,
  ...insideOf(node).flatMap(withInner),
];

const timeout = 60_000;

describe("the documentation's pictures", () => {
  const { blocks } = parseMarkdown(readFileSync("docs/pictures.md", "utf8"));
  const charts = blocks.filter(({ info }) => info[0] === "mermaid");

  test.each(charts.map((chart) => [chart.line, chart] as const))("line %d", async (_, { code }) => {
    const { edges } = await parseFlowchart(code.join("\n"));
    expect(edges).toHaveLength(7);
  });
});

describe("toMermaid", () => {
  test("gives every definition a flowchart with its nodes, its edges and its groups", {
    timeout,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(definitions(), async (definition) => {
        const picture = pictureOf(definition);
        const chart = await parseFlowchart(toMermaid(definition));
        expect(summaryOf(chart)).toEqual(summaryOf(expectedChart(picture.nodes, picture.edges)));
      }),
      { numRuns: 60 },
    );
  });

  test("gives every state of an instance a flowchart", { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(definitions(), fc.integer(), async (definition, seed) => {
        const instance = anyInstance(definition, new RandomSource(seed));
        const text = toMermaid(definition, instance);
        expect(text).toBe(toMermaid(pictureOf(definition, instance)));
        await parseFlowchart(text);
      }),
      { numRuns: 60 },
    );
  });

  test("shows any text as it was written", { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(hostileText(), { minLength: 1, maxLength: 8 }), async (texts) => {
        const chart = await parseFlowchart(toMermaid(labelledWith(texts)));
        const shown = texts.map(asShown);
        expect(chart.edges.slice(1, 1 + texts.length).map(({ text }) => text)).toEqual(shown);
        const titles = shown.map((text, place) => (text === "" ? `n${place}` : text));
        const nodes = chart.vertices.filter(({ id }) => /^s_n\d+$/.test(id));
        expect(nodes.map(({ text }) => text)).toEqual(titles);
        expect(chart.groups.map(({ text }) => text)).toEqual(
          shown.map((text, place) => (text === "" ? `g${place}` : text)),
        );
      }),
      { numRuns: 60 },
    );
  });

  test.each(wordsOfMermaid().map((word) => [word]))("takes a step named %s", async (name) => {
    const steps = { [name]: machineStep(name, () => {}), x: machineStep("x", () => {}) };
    const definition = new WorkflowDefinition({
      name,
      steps,
      edges: [new Edge(name, "x")],
      initialStep: name,
      terminalSteps: ["x"],
    });
    const { vertices, edges } = await parseFlowchart(toMermaid(definition));
    expect(vertices.map(({ text }) => text.trim())).toEqual(["", name, "x", ""]);
    expect(edges).toHaveLength(3);
  });
});

function wordsOfMermaid(): string[] {
  const words = ["end", "graph", "flowchart", "subgraph", "class", "classDef", "click", "style"];
  const more = ["linkStyle", "default", "direction", "call", "href", "start", "stop", "o", "v"];
  return [...words, ...more, "TB", "_self", "constructor", "toString", "-", "a-b", "注册", "Ünï"];
}

// ----------------------------------------------------------------------------------- what to expect

interface Summary {
  readonly nodes: string[];
  readonly arrows: string[];
  readonly groups: string[];
}

function summaryOf({ vertices, edges, groups }: Flowchart): Summary {
  return {
    nodes: vertices.map(({ id, shape }) => `${id} ${shape}`).sort(),
    arrows: edges
      .map(({ source, target, isDotted }) => `${source} ${isDotted ? ".." : "--"} ${target}`)
      .sort(),
    groups: groups.map(({ id, members }) => `${id}: ${[...members].sort().join(" ")}`).sort(),
  };
}

const shapes: Record<string, string> = {
  machine: "square",
  human: "stadium",
  gateway: "diamond",
  timer: "hexagon",
  webhook: "odd",
  signal: "lean_right",
  subworkflow: "subroutine",
};

/** Random names are letters and digits, so that ids can be told beforehand. */
function expectedChart(
  nodes: readonly PictureNode[],
  edges: ReturnType<typeof pictureOf>["edges"],
): Flowchart {
  const all = nodes.flatMap(withInner);
  const groups = all.filter(isGroup);
  const idOf = ({ path }: { path: string }) => `s_${path.replaceAll("[]", "").replace(/\W/g, "_")}`;
  const choiceOf = (node: PictureNode) => idOf(node).replace(/^s/, "choice");
  const vertex = (id: string, shape: string) => ({ id, text: "", shape, classes: [] });
  const arrow = (source: string, target: string, isDotted = false) => ({
    source,
    target,
    text: "",
    isDotted,
  });
  const inner = (group: PictureNode) => {
    const { kind, members, callback } = group;
    const ids = members.map(idOf);
    return [
      ...(kind === "sequential" ? ids.slice(1).map((id, n) => arrow(ids[n] ?? "", id)) : []),
      ...(kind === "conditional" ? ids.map((id) => arrow(choiceOf(group), id)) : []),
      ...(callback ? ids.map((id) => arrow(id, idOf(callback))) : []),
    ];
  };
  const initial = nodes.filter((node) => node.initial);
  const terminal = nodes.filter((node) => node.terminal);
  return {
    vertices: [
      vertex("start", "circle"),
      vertex("stop", "doublecircle"),
      ...all
        .filter((node) => !isGroup(node))
        .map((node) => vertex(idOf(node), shapes[node.kind] ?? "")),
      ...groups
        .filter(({ kind }) => kind === "conditional")
        .map((g) => vertex(choiceOf(g), "diamond")),
    ],
    edges: [
      ...groups.flatMap(inner),
      ...initial.map((node) => arrow("start", idOf(node))),
      ...edges.map(({ source, target, on }) =>
        arrow(idOf({ path: source }), idOf({ path: target }), on !== "success"),
      ),
      ...terminal.map((node) => arrow(idOf(node), "stop")),
    ],
    groups: groups.map((group) => ({
      id: idOf(group),
      text: "",
      members: [
        ...insideOf(group).map(idOf),
        ...(group.kind === "conditional" ? [choiceOf(group)] : []),
      ],
    })),
  };
}

// --------------------------------------------------------------------------------- states, and texts

const statuses = [
  "pending",
  "scheduled",
  "running",
  "waiting",
  "succeeded",
  "failed",
  "canceled",
  "skipped",
] as const;

/** An instance that may be in a state that no engine brings about. */
function anyInstance(definition: AnyDefinition, random: RandomSource): PicturedInstance {
  const steps: PicturedExecution[] = [];
  const visit = (node: PictureNode, parent: number, path: string, iteration: number) => {
    const execution: PicturedExecution = {
      id: steps.length + 1,
      path,
      parent,
      status: random.pick(statuses),
      attempt: random.between(1, 3),
      iteration,
      result: random.chance(0.5) ? { winner: "x" } : null,
      compensates: 0,
      itemCount: node.kind === "map" ? 3 : undefined,
    };
    steps.push(execution);
    for (const member of insideOf(node)) {
      if (random.chance(0.7)) visit(member, execution.id, `${path}/${member.name}`, iteration);
    }
  };
  const { nodes } = pictureOf(definition);
  for (const node of nodes) {
    for (let pass = 1; random.chance(0.6); pass++) visit(node, 0, node.path, pass);
  }
  return {
    id: "i",
    workflow: definition.name,
    version: definition.version,
    status: random.pick(["running", "waiting", "paused", "completed", "failed"] as const),
    steps,
    edges: definition.edges.map(() => ({ taken: random.below(3), waiting: random.below(2) })),
    tasks: steps.map(({ path }) => ({
      path,
      assignee: random.chance(0.5) ? "ada@example.org" : undefined,
      candidateUsers: random.chance(0.5) ? ["a", "b"] : undefined,
      candidateGroups: undefined,
    })),
  };
}

/** Texts that mean something to Mermaid, to Markdown or to HTML, and any others. */
function hostileText(): fc.Arbitrary<string> {
  const pieces = [
    ...['"', "'", "`", "\\", "\n", "\r\n", "\t", "#", ";", "#35;", "#quot;", "&", "&lt;", "&&"],
    ..."| < > [ ] ( ) { } <br/> <b> --> -.-> ~~~ ::: @{ }} {{ ]] [/ /] % %% %%{init: $$".split(" "),
    ...[
      "style",
      "classDef",
      "class",
      "end",
      "subgraph",
      "graph TD",
      "click",
      "fa:fa-car",
      ":",
      "_",
    ],
    ...["1. ", "2) ", "- ", "* ", "+ ", "**b**", "__", "http://x.y", "a@b.c", "[a](b)", "---", "é"],
    ...["日本", "مرحبا", "😀", "👩‍👧", "\u0000", "\u202e", " ", "  ", "word"],
  ];
  const mixed = fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((list) => list.join(""));
  return fc.oneof(mixed, fc.string({ unit: "grapheme" }), fc.string({ unit: "binary" }));
}

/** One line of at most 120 characters. */
function asShown(text: string): string {
  const points = [...text.replace(/[\s\p{Cc}]+/gu, " ").trim()];
  const shown = points.length > 120 ? [...points.slice(0, 119), "…"] : points;
  return shown.join("");
}

function labelledWith(texts: readonly string[]): AnyDefinition {
  const step = (title?: string) => machineStep("m", () => {}, title === undefined ? {} : { title });
  const steps: Record<string, ParallelGroup | ReturnType<typeof step>> = { first: step() };
  texts.forEach((title, place) => {
    steps[`n${place}`] = step(title);
    steps[`g${place}`] = new ParallelGroup([step()], { title });
  });
  return new WorkflowDefinition({
    name: "labels",
    steps,
    edges: [
      ...texts.map((label, place) => new Edge("first", `n${place}`, { label })),
      ...texts.map((_, place) => new Edge(`n${place}`, `g${place}`)),
    ],
    initialStep: "first",
    terminalSteps: texts.map((_, place) => `g${place}`),
  });
}
