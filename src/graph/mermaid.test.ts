import { describe, expect, test } from "vitest";
import { Edge } from "../definition/edge.ts";
import { ExclusiveGateway } from "../definition/gateway.ts";
import {
  ConditionalGroup,
  InterleavedGroup,
  MapGroup,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  SequentialGroup,
  StepGroup,
  type WorkflowNode,
} from "../definition/group.ts";
import { humanStep } from "../definition/human-step.ts";
import { machineStep } from "../definition/step.ts";
import { SignalStep, SubworkflowStep, TimerStep, WebhookStep } from "../definition/wait-steps.ts";
import { type AnyDefinition, WorkflowDefinition } from "../definition/workflow-definition.ts";
import { toMermaid } from "./mermaid.ts";
import { pictureOf } from "./picture.ts";

const step = (name: string, options = {}) => machineStep(name, () => {}, options);

/** The lines between the markers of start and end. */
const linesOf = (text: string): string[] =>
  text
    .split("\n")
    .slice(2, text.split("\n").indexOf('  stop(((" ")))'))
    .map((line) => line.slice(2));

function single(node: WorkflowNode): AnyDefinition {
  return new WorkflowDefinition({
    name: "single",
    steps: { it: node },
    initialStep: "it",
    terminalSteps: ["it"],
  });
}

const order = new WorkflowDefinition({
  name: "order",
  steps: {
    process_order: step("process_order"),
    notify: new ParallelGroup([step("send_email"), step("send_slack")], {
      callback: step("log"),
      maxConcurrent: 5,
    }),
    legal_approval: humanStep("legal_approval", { title: "Legal review", assignee: "ada" }),
  },
  edges: [new Edge("process_order", "notify"), new Edge("notify", "legal_approval")],
  initialStep: "process_order",
  terminalSteps: ["legal_approval"],
});

describe("toMermaid", () => {
  test("draws steps, a group with its callback, and markers for start and end", () => {
    expect(toMermaid(order)).toBe(`flowchart TB
  start((" "))
  s_process_order["process_order"]
  subgraph s_notify["notify · 5 at a time"]
    direction TB
    s_notify_send_email["send_email"]
    s_notify_send_slack["send_slack"]
    s_notify_log["log"]
    s_notify_send_email --> s_notify_log
    s_notify_send_slack --> s_notify_log
  end
  s_legal_approval(["Legal review<br/>for ada"])
  stop(((" ")))
  start --> s_process_order
  s_process_order --> s_notify
  s_notify --> s_legal_approval
  s_legal_approval --> stop
  classDef group fill:transparent,stroke:#8b949e
  class s_notify group
  classDef first fill:#8b949e,stroke:#8b949e
  class start first
  classDef last fill:transparent,stroke:#8b949e,stroke-width:2px
  class stop last
`);
  });

  test("draws an instance with marks, colours and the edges that it took", () => {
    const done = {
      parent: 0,
      status: "succeeded",
      attempt: 1,
      iteration: 1,
      result: null,
    } as const;
    const rest = { compensates: 0, itemCount: undefined };
    const text = toMermaid(order, {
      id: "i",
      workflow: "order",
      version: "1.0.0",
      status: "waiting",
      steps: [
        { ...done, ...rest, id: 1, path: "process_order" },
        { ...done, ...rest, id: 2, path: "notify" },
        { ...done, ...rest, id: 3, path: "notify/send_email", parent: 2 },
        { ...done, ...rest, id: 4, path: "notify/send_slack", parent: 2 },
        { ...done, ...rest, id: 5, path: "notify/log", parent: 2 },
        { ...done, ...rest, id: 6, path: "legal_approval", status: "waiting" },
      ],
      edges: [
        { taken: 1, waiting: 0 },
        { taken: 1, waiting: 0 },
      ],
      tasks: [
        {
          path: "legal_approval",
          assignee: "bob",
          candidateUsers: undefined,
          candidateGroups: undefined,
        },
      ],
    });
    expect(text).toContain('s_notify["✓ notify · 5 at a time"]');
    expect(text).toContain('s_legal_approval(["◷ Legal review<br/>waits for bob"])');
    expect(text).toContain("class s_process_order,s_notify_send_email,");
    expect(text).toContain("class s_legal_approval waiting\n");
    expect(text).toContain("class s_notify doneGroup\n");
    expect(text.trimEnd().split("\n").at(-1)).toBe(
      "  linkStyle 0,1,2,3,4 stroke:#2da44e,stroke-width:3px",
    );
  });

  test("draws a picture that was made before like its definition", () => {
    expect(toMermaid(JSON.parse(JSON.stringify(pictureOf(order))))).toBe(toMermaid(order));
  });

  test("draws from left to right, in groups too", () => {
    const text = toMermaid(order, undefined, { direction: "LR" });
    expect(text.match(/TB|LR/g)).toEqual(["LR", "LR"]);
  });

  test("writes conditions, choices and other ends than success beside the edges", () => {
    const definition = new WorkflowDefinition({
      name: "edges",
      steps: Object.fromEntries([..."abcdefgh"].map((name) => [name, step(name)])),
      edges: [
        new Edge("a", "b", { condition: 'tier == "gold"' }),
        new Edge("a", "c", { condition: () => true }),
        new Edge("a", "d", { condition: () => true, label: "late" }),
        new Edge("a", "e", { otherwise: true }),
        new Edge("a", "f", { on: "failure" }),
        new Edge("a", "g", { on: "failure", condition: "retries > 3" }),
        new Edge("a", "h", { on: "always" }),
        new Edge("b", "h", { on: "cancel" }),
        new Edge("c", "h"),
      ],
      initialStep: "a",
      terminalSteps: [..."bcdefg", { step: "h", terminate: true }],
    });
    const arrows = toMermaid(definition)
      .split("\n")
      .filter((line) => /^ {2}s_[abc] .*s_/.test(line) || line.includes("s_h -->"));
    expect(arrows.map((line) => line.trim())).toEqual([
      's_a -->|"tier == #34;gold#34;"| s_b',
      's_a -->|"condition"| s_c',
      's_a -->|"late"| s_d',
      's_a -->|"otherwise"| s_e',
      's_a -.->|"on failure"| s_f',
      's_a -.->|"on failure: retries > 3"| s_g',
      's_a -.->|"always"| s_h',
      's_b -.->|"on cancel"| s_h',
      "s_c --> s_h",
      's_h -->|"ends everything"| stop',
    ]);
  });

  test.each<[WorkflowNode, string]>([
    [step("x"), 's_it["it"]'],
    [step("x", { title: () => "later" }), 's_it["it"]'],
    [step("x", { title: " " }), 's_it["it"]'],
    [humanStep("x", { candidateGroups: ["legal", "board"] }), 's_it(["it<br/>for legal, board"])'],
    [new TimerStep({ durationMs: 172_800_000 }), 's_it{{"it<br/>wait 2 d"}}'],
    [
      new TimerStep({ until: new Date(0) }),
      's_it{{"it<br/>until 1970-01-01T00#58;00#58;00.000Z"}}',
    ],
    [new TimerStep({ durationMs: () => 5 }), 's_it{{"it<br/>wait"}}'],
    [new WebhookStep(), 's_it>"it<br/>callback"]'],
    [new SignalStep({ signal: "paid" }), 's_it[/"it<br/>signal: paid"/]'],
    [
      new SubworkflowStep({ workflow: "w", version: "2.0.0" }),
      's_it[["it<br/>workflow: w 2.0.0"]]',
    ],
    [
      step("x", { retry: { maxAttempts: 3 }, timeoutMs: 500, deadlineMs: 9_000, mutex: "m" }),
      's_it["it<br/>3 attempts · at most 500 ms · within 9 s · mutex: m"]',
    ],
    [step("x", { limit: "smtp" }), 's_it["it<br/>limit: smtp"]'],
  ])("draws a step by its kind and options (%#)", (node, line) => {
    expect(linesOf(toMermaid(single(node)))).toEqual([line]);
  });

  test("draws a gateway as a diamond", () => {
    const definition = new WorkflowDefinition({
      name: "gateway",
      steps: { g: new ExclusiveGateway(), a: step("a") },
      edges: [new Edge("g", "a", { condition: "x" })],
      initialStep: "g",
      terminalSteps: ["a"],
    });
    expect(linesOf(toMermaid(definition))[0]).toBe('s_g{"g"}');
  });

  const a = step("a");
  const b = step("b");
  const both = ['s_it_a["a"]', 's_it_b["b"]'];
  test.each<[WorkflowNode, string, readonly string[]]>([
    [new SequentialGroup([a, b]), "it", [...both, "s_it_a --> s_it_b"]],
    [new ParallelGroup([a, b], { failure: "wait-all" }), "it · waits for all", both],
    [new ParallelGroup([a, b], { failure: "collect" }), "it · failures collected", both],
    [new InterleavedGroup([a, b]), "it · one at a time, any order", both],
    [new RaceGroup([a, b]), "it · first success wins", both],
    [new RaceGroup([a, b], { settle: "first" }), "it · first to end decides", both],
    [new QuorumGroup([a, b], { required: 1 }), "it · 1 of 2", both],
    [
      new MapGroup(a, { items: "orders", maxConcurrent: 3 }),
      "it · for each of orders · 3 at a time",
      ['s_it_a["a"]'],
    ],
    [
      new MapGroup(a, { items: () => [], required: 2, callback: b }),
      "it · for each item, 2 needed",
      [...both, "s_it_a --> s_it_b"],
    ],
    [
      new ConditionalGroup({ gold: a, silver: step("silver") }, () => "gold"),
      "it",
      [
        'choice_it{" "}',
        's_it_gold["a"]',
        's_it_silver["silver"]',
        'choice_it -->|"gold"| s_it_gold',
        'choice_it -->|"silver"| s_it_silver',
      ],
    ],
  ])("draws a group by its kind (%#)", (group, title, lines) => {
    expect(linesOf(toMermaid(single(group)))).toEqual([
      `subgraph s_it["${title}"]`,
      "  direction TB",
      ...lines.map((line) => `  ${line}`),
      "end",
    ]);
  });

  test("draws a group without members to show as one box", () => {
    class Own extends StepGroup {
      execute() {}
    }
    expect(linesOf(toMermaid(single(new Own())))).toEqual(['s_it[["it"]]']);
  });

  test("nests groups, and chains them by their borders", () => {
    const inner = new SequentialGroup([a, b], { name: "inner" });
    expect(linesOf(toMermaid(single(new SequentialGroup([inner, step("c")]))))).toEqual([
      'subgraph s_it["it"]',
      "  direction TB",
      '  subgraph s_it_inner["inner"]',
      "    direction TB",
      '    s_it_inner_a["a"]',
      '    s_it_inner_b["b"]',
      "    s_it_inner_a --> s_it_inner_b",
      "  end",
      '  s_it_c["c"]',
      "  s_it_inner --> s_it_c",
      "end",
    ]);
  });

  test("draws 10,000 steps and as many edges in linear time", () => {
    const names = Array.from({ length: 10_000 }, (_, index) => `n${index}`);
    const definition = new WorkflowDefinition({
      name: "large",
      steps: Object.fromEntries(names.map((name) => [name, step(name)])),
      edges: names.slice(1).map((name, index) => new Edge(names[index] as string, name)),
      initialStep: "n0",
      terminalSteps: ["n9999"],
    });
    const started = performance.now();
    expect(toMermaid(definition).split("\n")).toHaveLength(20_009);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
