import { describe, expect, test } from "vitest";
import { edge, linesOf, optionsOf, work } from "../../test/support/definition-problems.ts";
import { BaseGateway, ExclusiveGateway, ParallelGateway } from "./gateway.ts";
import { SequentialGroup } from "./group.ts";
import type { Join } from "./step.ts";

const steps = () => ({ first: work("first"), middle: work("middle"), last: work("last") });
const chain = [edge("first", "middle"), edge("middle", "last")];

describe("the route", () => {
  test.each([
    [
      "an unknown name",
      "frist",
      'is "frist", which is not a step of the definition (did you mean "first"?)',
    ],
    ["another spelling", "First", '(did you mean "first"?)'],
    ["nothing like it", "x", '(there is "first", "middle", "last")'],
    ["no name", undefined, "initialStep is undefined; name the step with which an instance starts"],
  ])("refuses %s as initialStep", (_, initialStep, message) => {
    const lines = linesOf(optionsOf(steps(), { initialStep }));
    expect(lines).toEqual([expect.stringContaining(message)]);
    expect(lines[0]).toMatch(/^UNKNOWN_STEP: initialStep/);
  });

  test("shows ten of many names where none is near", () => {
    const many = Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`step${i}`, work("x")]));
    expect(linesOf(optionsOf(many, { initialStep: "zzzzzzzzz" }))[0]).toContain(
      '"step8", "step9" and 2 more)',
    );
  });

  test("refuses an unknown terminal step", () => {
    expect(linesOf(optionsOf(steps(), { terminalSteps: ["last", "lasst"] }))).toEqual([
      'UNKNOWN_STEP: terminalSteps names "lasst", which is not a step of the definition ' +
        '(did you mean "last"?).',
    ]);
    expect(linesOf(optionsOf(steps(), { terminalSteps: [{ step: 5 }] }))).toEqual([
      "UNKNOWN_STEP: terminalSteps names 5, which is not a step of the definition.",
    ]);
  });

  test("takes terminal steps from any iterable, with or without terminate", () => {
    const terminalSteps = new Set(["last", { step: "middle", terminate: true }]);
    expect(linesOf(optionsOf(steps(), { terminalSteps }))).toEqual([]);
  });

  test("refuses a definition that declares no terminal step", () => {
    expect(linesOf(optionsOf(steps(), { terminalSteps: [] }))).toEqual([
      expect.stringMatching(/^NO_TERMINAL_STEP: No terminal step is declared; name in/),
    ]);
  });

  test("refuses a definition of which no terminal step can be reached", () => {
    const edges = [edge("first", "middle"), edge("middle", "first")];
    expect(linesOf(optionsOf(steps(), { edges }))).toEqual([
      expect.stringMatching(/^UNREACHABLE_STEP: Step "last" can never run.*initial step "first"/),
      expect.stringMatching(/^NO_TERMINAL_STEP: No terminal step can be reached .*declared: last/),
    ]);
  });

  test("names each step that cannot be reached, loops among themselves included", () => {
    const edges = [edge("first", "last"), edge("middle", "aside"), edge("aside", "middle")];
    const withLoop = { first: work("f"), middle: work("m"), aside: work("a"), last: work("l") };
    expect(linesOf(optionsOf(withLoop, { edges }))).toEqual([
      expect.stringMatching(/^UNREACHABLE_STEP: Step "middle"/),
      expect.stringMatching(/^UNREACHABLE_STEP: Step "aside"/),
    ]);
  });

  test.each(["success", "failure", "always", "cancel"])("reaches over edges on %s", (on) => {
    const edges = [edge("first", "middle", { on }), edge("middle", "last", { on })];
    expect(linesOf(optionsOf(steps(), { edges }))).toEqual([]);
  });

  test("allows loops, to the initial step and to a step itself", () => {
    const edges = [...chain, edge("last", "first"), edge("middle", "middle")];
    expect(linesOf(optionsOf(steps(), { edges }))).toEqual([]);
  });
});

describe("an edge", () => {
  const withEdge = (source: string, target: string, options?: object) =>
    linesOf(optionsOf(steps(), { edges: [...chain, edge(source, target, options)] }));

  test("must lead from a step to a step", () => {
    expect(withEdge("midle", "lost")).toEqual([
      'UNKNOWN_STEP: Edge "midle" -> "lost": its source "midle" is not a step of the definition ' +
        '(did you mean "middle"?).',
      'UNKNOWN_STEP: Edge "midle" -> "lost": its target "lost" is not a step of the definition ' +
        '(did you mean "last"?).',
    ]);
    expect(withEdge("toString", "last")).toEqual([expect.stringMatching(/^UNKNOWN_STEP/)]);
  });

  test("leads to groups, not to their members", () => {
    const group = { first: work("first"), notify: new SequentialGroup([work("send")]) };
    const edges = [edge("first", "notify"), edge("first", "notify/send")];
    expect(linesOf(optionsOf(group, { edges }))).toEqual([
      expect.stringMatching(/^UNKNOWN_STEP: .*"notify\/send"/),
    ]);
  });

  test("is given once for each end of its source", () => {
    expect(withEdge("first", "middle", { condition: "a > 1" })).toEqual([
      expect.stringMatching(/^DUPLICATE_EDGE: Edge "first" -> "middle" is given twice.*"success"/),
    ]);
    expect(withEdge("first", "middle", { on: "failure" })).toEqual([]);
  });

  test.each([
    [{ on: "error" }, 'on is "error"; it must be one of "success", "failure", "always", "cancel"'],
    [{ otherwise: 1 }, "otherwise is 1; it must be true or false"],
    [{ label: 5 }, "label is 5; it must be a string"],
    [{ conditon: "a" }, 'has no option "conditon", did you mean "condition"?'],
  ])("refuses %j", (options, message) => {
    const lines = withEdge("first", "last", options);
    expect(lines).toEqual([expect.stringMatching(/^INVALID_OPTION: Edge "first" -> "last"/)]);
    expect(lines[0]).toContain(message);
  });

  test("may be a plain object with keys of the author's own", () => {
    const plain = { source: "first", target: "last", condition: "a > 1", color: "red" };
    expect(linesOf(optionsOf(steps(), { edges: [...chain, plain] }))).toEqual([]);
  });

  test.each([undefined, null, 7, "first", {}, { source: "first" }, ["first", "last"]])(
    "may not be %j",
    (value) => {
      expect(linesOf(optionsOf(steps(), { edges: [...chain, value] }))).toEqual([
        expect.stringMatching(/^INVALID_OPTION: edges\[2\] is .*; it must be an Edge/),
      ]);
    },
  );
});

describe("a condition", () => {
  const withCondition = (options: object) =>
    linesOf(optionsOf(steps(), { edges: [...chain, edge("first", "last", options)] }));

  test.each([
    ["amount >", 'the expression "amount >" is not valid CEL: Unexpected token: EOF'],
    ["", 'the expression "" is not valid CEL'],
    ["amuont.frobnicate()", "found no matching overload"],
    ["amount + 'x'", "gives string"],
    ["1 + 1", 'the expression "1 + 1" gives int; it must give true or false'],
    ["'yes'", "gives string; it must give true or false"],
  ])("refuses the expression %j if it cannot be right", (condition, message) => {
    const lines = withCondition({ condition });
    expect(lines).toEqual([expect.stringMatching(/^INVALID_CONDITION: Edge "first" -> "last"/)]);
    expect(lines[0]).toContain(message);
  });

  test("names a wrong expression once, however many edges share it", () => {
    const edges = [
      edge("first", "middle", { condition: "a >" }),
      edge("middle", "last", { condition: "a >" }),
    ];
    expect(linesOf(optionsOf(steps(), { edges }))).toHaveLength(1);
  });

  test.each([[5], [null], [true], [{}]])("refuses %j", (condition) => {
    expect(withCondition({ condition })).toEqual([
      expect.stringMatching(/^INVALID_CONDITION: .*must be a function of the context or a CEL/),
    ]);
  });

  test("refuses an async function, whose promise would never be true", () => {
    expect(withCondition({ condition: async () => true })).toEqual([
      expect.stringMatching(/^INVALID_CONDITION: .*its condition is an async function/),
    ]);
  });

  test("contradicts otherwise", () => {
    expect(withCondition({ condition: "a > 1", otherwise: true })).toEqual([
      expect.stringMatching(/^INVALID_CONDITION: .*has both a condition and otherwise/),
    ]);
  });

  test.each([
    ["success", undefined, []],
    [
      "success",
      "failure",
      [/^INVALID_CONDITION: .*"first" -> "last" .*is marked otherwise, but no/],
    ],
    ["failure", "always", []],
    ["always", "cancel", [/INVALID_CONDITION/]],
    ["always", "success", []],
  ])("must stand beside otherwise: %s and %s", (on, other, expected) => {
    const edges = [
      edge("first", "middle", { on, condition: "a > 1" }),
      edge("middle", "last"),
      edge("first", "last", { otherwise: true, ...(other && { on: other }) }),
    ];
    expect(linesOf(optionsOf(steps(), { edges }))).toEqual(
      expected.map((e) => expect.stringMatching(e)),
    );
  });

  test("is missed by an otherwise that stands alone", () => {
    const edges = [edge("first", "middle", { otherwise: true }), edge("middle", "last")];
    expect(linesOf(optionsOf(steps(), { edges }))).toEqual([
      expect.stringMatching(/^INVALID_CONDITION: .*so it would always be taken/),
    ]);
  });
});

describe("a join", () => {
  const joining = (options: object) => {
    const target = Object.assign(work("last"), options);
    const fork = [edge("first", "middle"), edge("first", "last"), edge("middle", "last")];
    return linesOf(optionsOf({ ...steps(), last: target }, { edges: fork }));
  };

  test.each([
    [{ join: "any" }],
    [{ join: "each" }],
    [{ join: "and" }],
    [{ join: 1 }],
    [{ join: 2 }],
  ])("may be %j", (options) => {
    expect(joining(options)).toEqual([]);
  });

  test("counts no more than the incoming edges", () => {
    expect(joining({ join: 3 })).toEqual([
      'JOIN_TOO_LARGE: Step "last" joins 3 arrivals, but 2 edges lead to it, so it could never ' +
        "start; lower the number or add the missing edges.",
    ]);
  });

  test.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])("refuses the count %d", (join) => {
    expect(joining({ join })).toEqual([
      `INVALID_OPTION: Step "last": join is ${join}; it must be a whole number, 1 or more.`,
    ]);
  });

  test.each(["all", "", null, {}])("refuses the word %j", (join) => {
    expect(joining({ join })).toEqual([
      expect.stringMatching(/^INVALID_OPTION: .*it must be one of "any", "each", "and"\./),
    ]);
  });

  test.each([[{ join: "any" }], [{ join: 2 }]])("cancels the rest with %j", (options) => {
    expect(joining({ ...options, cancelRest: true })).toEqual([]);
  });

  test.each([
    [{}, "the default"],
    [{ join: "each" }, '"each"'],
    [{ join: "and" }, '"and"'],
  ])("has no rest to cancel with %j", (options, shown) => {
    expect(joining({ ...options, cancelRest: true })).toEqual([
      expect.stringMatching(
        new RegExp(
          `^INVALID_OPTION: .*cancelRest is set, but the join is ${shown}, which leaves no`,
        ),
      ),
    ]);
  });

  test("has no meaning for a member of a group", () => {
    const member = (join: unknown) =>
      linesOf(
        optionsOf({ it: new SequentialGroup([Object.assign(work("m"), { join: join as Join })]) }),
      );
    expect(member("any")).toEqual([
      expect.stringMatching(/^INVALID_OPTION: Step "it\/m": its join is "any", but no edge leads/),
    ]);
    expect(member(2)).toEqual([expect.stringMatching(/^JOIN_TOO_LARGE: Step "it\/m"/)]);
  });
});

describe("a gateway", () => {
  class NoDecision extends BaseGateway {}
  class Router extends BaseGateway {
    override evaluate() {
      return "last";
    }
  }

  test("chooses among its edges", () => {
    for (const gateway of [new Router(), new ExclusiveGateway(), new ParallelGateway()]) {
      expect(linesOf(optionsOf({ first: gateway, last: work("last") }))).toEqual([]);
    }
  });

  test("needs outgoing edges", () => {
    expect(linesOf(optionsOf({ first: work("first"), last: new Router() }))).toEqual([
      expect.stringMatching(/^INVALID_STEP: Step "last" is a gateway without outgoing edges/),
    ]);
  });

  test("needs evaluate or a choice", () => {
    expect(linesOf(optionsOf({ first: new NoDecision(), last: work("last") }))).toEqual([
      expect.stringMatching(/^INVALID_STEP: Step "first": a gateway needs evaluate\(context\)/),
    ]);
  });

  test("knows three choices", () => {
    const gateway = Object.assign(new ExclusiveGateway(), { choice: "best" });
    expect(linesOf(optionsOf({ first: gateway, last: work("last") }))).toEqual([
      expect.stringMatching(/choice is "best"; it must be one of "first", "holding", "all"/),
    ]);
  });

  test("has nothing to choose from inside a group", () => {
    const gateway = new ExclusiveGateway({ name: "choose" });
    expect(linesOf(optionsOf({ it: new SequentialGroup([gateway]) }))).toEqual([
      expect.stringMatching(/^INVALID_STEP: Step "it\/choose" is a gateway inside a group/),
    ]);
  });
});
