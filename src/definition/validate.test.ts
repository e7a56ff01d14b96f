import { describe, expect, test } from "vitest";
import * as z from "zod";
import { ask, edge, linesOf, optionsOf, work } from "../../test/support/definition-problems.ts";
import { InvalidDefinitionError } from "../errors.ts";
import { ConditionalGroup, MapGroup, ParallelGroup, SequentialGroup } from "./group.ts";
import { validateDefinition } from "./validate.ts";
import { SignalStep, WebhookStep } from "./wait-steps.ts";
import { type AnyDefinition, WorkflowDefinition } from "./workflow-definition.ts";

const two = () => ({ first: work("first"), last: work("last") });

describe("validateDefinition", () => {
  test("finds nothing wrong with a definition that is right", () => {
    const steps = {
      constructor: work("constructor"),
      toString: ask("toString"),
      Prüfung_2: work("Prüfung_2"),
      承認: new ParallelGroup([work("a"), work("constructor")], { callback: work("c") }),
      "चरण-१": work("चरण-१"),
    };
    const reducers = { total: "sum", log: "append", all: (old: unknown) => old };
    const options = { version: "1.0.0-beta.1+build.7", compensate: true, reducers };
    expect(linesOf(optionsOf(steps, options))).toEqual([]);
  });

  test("reports every problem at once, in one error", () => {
    const options = optionsOf(two(), {
      name: "a b",
      version: "1",
      initialStep: "fist",
      terminalSteps: ["lost"],
    });
    const create = () => new WorkflowDefinition(options as never);
    expect(create).toThrow(InvalidDefinitionError);
    expect(create).toThrow(/^The definition "a b" has 4 problems:\n {2}- The workflow name "a b"/);
    expect(linesOf(options)).toEqual([
      expect.stringMatching(/^INVALID_NAME/),
      expect.stringMatching(/^INVALID_OPTION/),
      expect.stringMatching(/^UNKNOWN_STEP.*initialStep/),
      expect.stringMatching(/^UNKNOWN_STEP.*terminalSteps/),
    ]);
  });

  test.each([
    ["empty", "", "it is empty"],
    ["a slash", "a/b", 'contains "/"'],
    ["a dot", "a.b", 'contains "."'],
    ["brackets", "a[1]", 'contains "["'],
    ["a hash", "a#", 'contains "#"'],
    ["a space", "a b", 'contains " "'],
    ["a line feed", "a\n", 'contains "\\n"'],
    ["a zero width space", "a\u200bb", 'contains "\u200b"'],
    ["201 characters", "x".repeat(201), "it has 201 characters; at most 200"],
    ["__proto__", "__proto__", "a meaning of its own"],
  ])("refuses %s as a name of a workflow, a step, a member and a branch", (_, name, reason) => {
    const refused = [expect.stringContaining(reason)];
    expect(linesOf(optionsOf(two(), { name }))).toEqual(refused);
    const steps = Object.fromEntries([[name, work("x")]]);
    expect(linesOf(optionsOf(steps))).toEqual(refused);
    const branches = Object.fromEntries([[name, work("x")]]);
    expect(linesOf(optionsOf({ it: new ConditionalGroup(branches, () => name) }))).toEqual(refused);
    if (name === "") return;
    expect(linesOf(optionsOf({ it: new SequentialGroup([work(name)]) }))).toEqual(refused);
  });

  test.each([undefined, null, 7, {}, ["order"]])("refuses %j as a workflow name", (name) => {
    expect(linesOf(optionsOf(two(), { name }))).toEqual([
      expect.stringMatching(/^INVALID_NAME: The workflow name cannot .* must be a string/),
    ]);
  });

  test.each(["1", "1.0", "v1.0.0", " 1.0.0", "1.0.0 ", "^1.0.0", "latest", "", 1])(
    "refuses %j as a version",
    (version) => {
      expect(linesOf(optionsOf(two(), { version }))).toEqual([
        expect.stringMatching(/^INVALID_OPTION: version is .* a semantic version such as "1.0.0"/),
      ]);
    },
  );

  test.each([
    ["description", 5, "The definition: description is 5; it must be a string."],
    ["compensate", "yes", 'The definition: compensate is "yes"; it must be true or false.'],
    ["reducers", [], "reducers is an empty list; it must be an object of key to reducer."],
    ["reducers", { total: "add" }, 'The reducer of "total" is "add"; it must be "append", '],
    ["edges", "a -> b", 'edges is "a -> b"; it must be a list of edges'],
    ["terminalSteps", "last", 'terminalSteps is "last"; it must be a list of step names'],
    ["terminalSteps", undefined, "terminalSteps is undefined; it must be a list"],
    ["terminalSteps", [undefined], "terminalSteps contains undefined; it must list step names"],
    ["steps", undefined, "steps is undefined; it must be an object of step name to step."],
    ["steps", {}, "steps is empty; it must be an object of step name to step."],
    ["steps", [work("a")], "steps is a list; it must be an object of step name to step."],
    ["steps", new Map([["a", work("a")]]), "steps is an instance of Map; it must be an object"],
  ])("refuses %s = %o", (key, value, message) => {
    expect(linesOf(optionsOf(two(), { [key]: value }))).toEqual([
      expect.stringContaining(`INVALID_OPTION: ${message}`),
    ]);
  });

  test("refuses a terminate that is not a boolean", () => {
    const terminalSteps = [{ step: "last", terminate: "yes" }];
    expect(linesOf(optionsOf(two(), { terminalSteps }))).toEqual([
      'INVALID_OPTION: terminalSteps, "last": terminate is "yes"; it must be true or false.',
    ]);
  });

  test("refuses an input schema that is neither a JSON Schema nor a Standard Schema", () => {
    expect(linesOf(optionsOf(two(), { inputSchema: z.object({}) }))).toEqual([]);
    expect(linesOf(optionsOf(two(), { inputSchema: { type: "object" } }))).toEqual([]);
    expect(linesOf(optionsOf(two(), { inputSchema: { type: "objct" } }))).toEqual([
      expect.stringContaining(
        "INVALID_FORM: The definition's inputSchema: the form is not a valid",
      ),
    ]);
  });

  test.each([null, undefined, 7, "order", []])("reports %j in place of a definition", (value) => {
    expect(validateDefinition(value as never)).not.toEqual([]);
    expect(() => new WorkflowDefinition(value as never)).toThrow(InvalidDefinitionError);
  });

  test("reports a definition that throws when it is read", () => {
    const hostile = new Proxy({} as AnyDefinition, {
      get() {
        throw new TypeError("out of reach");
      },
    });
    expect(validateDefinition(hostile).map(String)).toEqual([
      "InvalidOptionError: The definition cannot be read: out of reach; give plain values.",
    ]);
  });
});

describe("two steps that would write their data under one name", () => {
  const conflict = (lines: string[]) =>
    lines.map((line) =>
      /^CONFLICTING_NAMES: The (.*) would both write.*"(.*)";/.exec(line)?.slice(1),
    );

  test("are refused at any depth, whatever their kinds", () => {
    const steps = {
      approve: ask("approve"),
      group: new SequentialGroup([
        new ParallelGroup([new WebhookStep({ name: "approve" })], { name: "inner" }),
        new SignalStep({ signal: "go", name: "paid" }),
      ]),
      choice: new ConditionalGroup({ paid: ask("x") }, () => "paid"),
    };
    expect(conflict(linesOf(optionsOf(steps)))).toEqual([
      ['human step "approve" and the webhook step "group/inner/approve"', "approve"],
      ['signal step "group/paid" and the human step "choice/paid"', "paid"],
    ]);
  });

  test("may stand beside machine steps and groups of that name", () => {
    const steps = { approve: ask("approve"), group: new SequentialGroup([work("approve")]) };
    expect(linesOf(optionsOf(steps))).toEqual([]);
  });

  test("do not count inside a map's member, where nothing is written under its name", () => {
    const map = (callback: string) =>
      new MapGroup(new SequentialGroup([ask("approve"), ask("sign")], { name: "each" }), {
        items: "people",
        callback: ask(callback),
      });
    expect(linesOf(optionsOf({ approve: ask("approve"), map: map("total") }))).toEqual([]);
    expect(linesOf(optionsOf({ approve: ask("approve"), map: map("approve") }))).toEqual([
      expect.stringMatching(/^CONFLICTING_NAMES: .* "map\/approve"/),
    ]);
  });
});

describe("a definition of 100,000 edges", () => {
  const size = 100_000;
  const names = Array.from({ length: size }, (_, index) => `step_${index}`);
  const step = work("step");

  test("is validated as a chain, without recursion", () => {
    const steps = Object.fromEntries(names.map((name) => [name, step]));
    expect(linesOf(optionsOf(steps))).toEqual([]);
  }, 20_000);

  test("is validated as one fork and join", () => {
    const steps = Object.fromEntries(names.map((name) => [name, step]));
    const edges = names
      .slice(1, -1)
      .flatMap((name) => [
        edge("step_0", name, { condition: "amount > 1" }),
        edge(name, `step_${size - 1}`),
      ]);
    expect(linesOf(optionsOf(steps, { edges }))).toEqual([]);
  }, 20_000);

  test("is validated although every edge is misspelt", () => {
    const edges = names.map((name) => edge("first", `last_${name}`));
    expect(linesOf(optionsOf(two(), { edges }))).toHaveLength(size + 2);
  }, 20_000);
});
