import { describe, expect, test } from "vitest";
import { Edge } from "../definition/edge.ts";
import type { JsonSchema } from "../definition/form-data.ts";
import { MapGroup, ParallelGroup, QuorumGroup } from "../definition/group.ts";
import { humanStep } from "../definition/human-step.ts";
import { machineStep, type StepOptions } from "../definition/step.ts";
import { SignalStep } from "../definition/wait-steps.ts";
import {
  WorkflowDefinition,
  type WorkflowDefinitionOptions,
} from "../definition/workflow-definition.ts";
import { definitionShape, isComparable } from "./fingerprint.ts";

type Options = Partial<WorkflowDefinitionOptions<Record<string, never>>>;

const work = (name: string, options: StepOptions = {}) => machineStep(name, () => {}, options);

function shape(steps: object, edges: readonly Edge[] = [], options: Options = {}) {
  const names = Object.keys(steps);
  const definition = new WorkflowDefinition({
    name: "order",
    steps: steps as Record<string, never>,
    edges,
    initialStep: "a",
    terminalSteps: [names.includes("b") ? "b" : "a"],
    ...options,
  });
  return definitionShape(definition);
}

const fingerprint = (...args: Parameters<typeof shape>) => shape(...args).fingerprint;
const link = new Edge("a", "b");

describe("the shape of a definition", () => {
  test("has a line for every fact that rows depend on", () => {
    const { text, fingerprint } = shape(
      {
        a: new ParallelGroup([work("one"), humanStep("two", { timeoutMs: 5 })], {
          callback: work("then"),
          failure: "collect",
        }),
        b: humanStep("b", {
          formSchema: { type: "object", properties: { title: { type: "string", title: "T" } } },
          join: "any",
        }),
        c: new SignalStep({ signal: "go", mutex: "m", cancels: ["b"] }),
      },
      [
        new Edge("a", "b", { condition: "total > 10" }),
        new Edge("a", "c", { condition: () => true }),
        new Edge("c", "b", { on: "always" }),
        new Edge("a", "a", { otherwise: true }),
      ],
      { reducers: { sum: "sum", own: (_, value) => value }, compensate: true },
    );
    expect(text.split("\n")).toEqual([
      "shape 1",
      "begins with a",
      "compensates",
      "reducer own: a function",
      "reducer sum: sum",
      "step a: parallel, failure collect",
      "member a/one: machine",
      "member a/two: human, has a timeout",
      "callback a/then: machine",
      "step b: human, terminal, join any",
      'form of b: {"properties":{"title":{"type":"string"}},"type":"object"}',
      "step c: signal, cancels b, mutex m, signal go",
      "edge a -> b, if total > 10",
      "edge a -> c, if a function says so",
      "edge c -> b, on always",
      "edge a -> a, otherwise",
    ]);
    expect(fingerprint).toMatch(/^[0-9a-f]{16}$/);
    expect([isComparable(text), isComparable(text.replace("1", "2"))]).toEqual([true, false]);
  });

  test("is the same for other code, titles, assignees, lengths of time, retries and limits", () => {
    const plain = fingerprint({ a: work("a", { timeoutMs: 1 }), b: humanStep("b") }, [link]);
    const changed = fingerprint(
      {
        b: humanStep("b", { title: "Decide", assignee: "ann", description: "…" }),
        a: machineStep("other", () => "other", {
          timeoutMs: 2,
          retry: { maxAttempts: 3 },
          limit: "smtp",
          canExecute: () => true,
        }),
      },
      [new Edge("a", "b", { label: "then" })],
      { description: "An order" },
    );
    expect(changed).toBe(plain);
  });

  test("is the same whatever the order of a form's keys and whatever it only shows", () => {
    const form = (formSchema: JsonSchema) => fingerprint({ a: humanStep("a", { formSchema }) });
    const plain = form({ type: "object", properties: { a: { enum: ["x", "y"] } } });
    const other = { title: "A", enum: ["x", "y"], description: "…" };
    expect(form({ description: "Form", properties: { a: other }, type: "object" })).toBe(plain);
    expect(form({ type: "object", properties: { a: { enum: ["y", "x"] } } })).not.toBe(plain);
  });

  const members = [humanStep("x"), humanStep("y")];
  const step = { a: work("a"), b: work("b") };
  test.each<[string, Parameters<typeof shape>, Parameters<typeof shape>]>([
    ["another kind of step", [{ a: work("a") }], [{ a: humanStep("a") }]],
    [
      "another order of members",
      [{ a: new ParallelGroup(members) }],
      [{ a: new ParallelGroup(members.toReversed()) }],
    ],
    [
      "another number for a quorum",
      [{ a: new QuorumGroup(members, { required: 1 }) }],
      [{ a: new QuorumGroup(members, { required: 2 }) }],
    ],
    [
      "another callback",
      [{ a: new MapGroup(work("x"), { items: "list" }) }],
      [{ a: new MapGroup(work("x"), { items: "list", callback: work("y") }) }],
    ],
    ["another condition", [step, [link]], [step, [new Edge("a", "b", { condition: "x" })]]],
    ["another end of an edge", [step, [link]], [step, [new Edge("a", "b", { on: "always" })]]],
    [
      "another order of edges",
      [step, [link, new Edge("b", "a")]],
      [step, [new Edge("b", "a"), link]],
    ],
    [
      "another terminal step",
      [step, [link]],
      [step, [link], { terminalSteps: ["a", "b"] as never }],
    ],
    ["a timeout more", [{ a: work("a") }], [{ a: work("a", { timeoutMs: 1 }) }]],
  ])("differs with %s", (_, one, other) => {
    expect(fingerprint(...one)).not.toBe(fingerprint(...other));
  });
});
