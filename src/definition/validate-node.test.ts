import { describe, expect, test } from "vitest";
import * as z from "zod";
import {
  ask,
  edge,
  linesOf,
  linesOfNode,
  optionsOf,
  work,
} from "../../test/support/definition-problems.ts";
import {
  ConditionalGroup,
  InterleavedGroup,
  MapGroup,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  SequentialGroup,
  StepGroup,
  ThrottledGroup,
} from "./group.ts";
import { BaseMachineStep } from "./step.ts";
import { SignalStep, SubworkflowStep, TimerStep, WebhookStep } from "./wait-steps.ts";

/** A machine step with options as plain JavaScript could set them. */
const step = (options: object) => Object.assign(work("it"), options);

const option = (message: string) => [expect.stringContaining(`INVALID_OPTION: ${message}`)];

describe("what stands in steps or in a group", () => {
  class SendEmail extends BaseMachineStep {
    override name = "send_email";
    execute() {}
  }

  test.each([
    ["undefined", undefined, "undefined, not a step or group; use an instance"],
    ["null", null, "null, not a step"],
    [
      "a class",
      SendEmail,
      'the class SendEmail, not a step or group; did you forget "new"? Write new ',
    ],
    ["a function", () => undefined, "a function, not a step"],
    ["a string", "send_email", '"send_email", not a step'],
    ["a list", [work("a")], "a list, not a step"],
    ["a plain object", { name: "a" }, "an object, not a step"],
    ["another instance", new Date(0), "an instance of Date, not a step"],
    ["an unknown kind", { kind: "cron" }, "an object, not a step"],
  ])("may not be %s", (_, node, message) => {
    expect(linesOfNode(node)).toEqual([
      expect.stringContaining(`INVALID_STEP: steps["it"] is ${message}`),
    ]);
    const roles = [
      [new SequentialGroup([work("a"), node as never]), "member 2"],
      [new ParallelGroup([work("a")], { callback: (node ?? null) as never }), "its callback"],
      [new ConditionalGroup({ yes: node as never }, () => "yes"), 'branch "yes"'],
      [new MapGroup(node as never, { items: "people" }), "its member"],
    ] as const;
    for (const [group, role] of roles) {
      expect(linesOfNode(group)).toEqual([
        expect.stringContaining(`INVALID_STEP: Group "it", ${role} is `),
      ]);
    }
  });

  test("does not lead to further complaints about missing names", () => {
    const lines = linesOf(optionsOf({ first: SendEmail, last: new SendEmail() }));
    expect(lines).toHaveLength(1);
  });

  test("has the code that its kind runs", () => {
    expect(linesOfNode(step({ execute: undefined }))).toEqual([
      expect.stringMatching(
        /^INVALID_STEP: Step "it": a machine step runs its `execute`, which is undefined/,
      ),
    ]);
    class Empty extends StepGroup {
      override execute = "nothing" as never;
    }
    expect(linesOfNode(new Empty())).toEqual([
      expect.stringMatching(
        /^INVALID_STEP: Group "it": a StepGroup runs its `execute`, which is "nothing"/,
      ),
    ]);
  });
});

describe("an option of any step or group", () => {
  test.each([
    ["title", 5, "a string or a function of the context"],
    ["description", {}, "a string or a function of the context"],
    ["timeoutMs", 0, "a whole number of milliseconds, 1 or more"],
    ["timeoutMs", -1, "a whole number of milliseconds, 1 or more"],
    ["timeoutMs", Number.NaN, "a whole number of milliseconds, 1 or more"],
    ["timeoutMs", "30", "a whole number of milliseconds, 1 or more"],
    ["deadlineMs", 1.5, "a whole number of milliseconds, 1 or more"],
    ["deadlineMs", Number.POSITIVE_INFINITY, "a whole number of milliseconds, 1 or more"],
    ["mutex", "", "a string that is not empty"],
    ["mutex", 1, "a string that is not empty"],
    ["cancelRest", "yes", "true or false"],
    ["canExecute", true, "a function"],
    ["onSuccess", "log", "a function"],
    ["onFailure", {}, "a function"],
    ["retry", 3, "an object such as { maxAttempts: 3 }"],
    ["cancels", "last", "a list of step names"],
  ])("%s refuses %o", (name, value, words) => {
    for (const node of [step({}), new SequentialGroup([work("a")])]) {
      const [line] = linesOfNode(Object.assign(node, { [name]: value }));
      expect(line).toMatch(new RegExp(`^INVALID_OPTION: (Step|Group) "it": ${name} is `));
      expect(line).toContain(`; it must be ${words}.`);
    }
  });

  test.each([
    ["maxAttempts", 0, "a whole number, 1 or more"],
    ["maxAttempts", 2.5, "a whole number, 1 or more"],
    ["initialIntervalMs", -1, "a number of milliseconds, 0 or more"],
    ["backoffCoefficient", 0.5, "a number, 1 or more"],
    ["maxIntervalMs", Number.NaN, "a number of milliseconds, 0 or more"],
    ["jitter", 1.1, "a number from 0 to 1"],
    ["jitter", -0.1, "a number from 0 to 1"],
    ["retryOn", ["TimeoutError"], "a function"],
  ])("retry.%s refuses %o", (name, value, words) => {
    const retry = { maxAttempts: 3, [name]: value };
    const [line, ...others] = linesOfNode(step({ retry }));
    expect(line).toContain(`INVALID_OPTION: Step "it", retry: ${name} is `);
    expect(line).toContain(`; it must be ${words}.`);
    expect(others).toEqual([]);
  });

  test("retry needs maxAttempts", () => {
    expect(linesOfNode(step({ retry: {} }))).toEqual(
      option('Step "it", retry: maxAttempts is missing; it must be a whole number, 1 or more.'),
    );
  });

  test("takes every value that is allowed", () => {
    const retry = {
      maxAttempts: 1,
      initialIntervalMs: 0.5,
      backoffCoefficient: 1,
      maxIntervalMs: 0,
      jitter: 1,
      retryOn: () => true,
    };
    const options = { title: () => "x", timeoutMs: 1, deadlineMs: 1, mutex: "the printer, left" };
    expect(linesOfNode(step({ ...options, retry, limit: "smtp", compensate() {} }))).toEqual([]);
  });

  test("cancels names steps of the definition", () => {
    const steps = { first: step({ cancels: ["last", "lats"] }), last: work("last") };
    expect(linesOf(optionsOf(steps))).toEqual([
      'UNKNOWN_STEP: Step "first": cancels names "lats", which is not a step of the definition ' +
        '(did you mean "last"?).',
    ]);
    expect(linesOfNode(step({ cancels: [5] }))).toEqual([
      'UNKNOWN_STEP: Step "it": cancels names 5, which is not a step of the definition.',
    ]);
  });

  test("limit and compensate belong to steps, not to groups", () => {
    expect(linesOfNode(step({ limit: "" }))).toEqual(
      option('Step "it": limit is ""; it must be a string that is not empty.'),
    );
    const group = Object.assign(new SequentialGroup([work("a")]), { limit: "smtp" });
    expect(linesOfNode(group)).toEqual(
      option('Group "it": a group has no limit; set it on the members that need it.'),
    );
  });

  test("is checked at any depth, and named by its path", () => {
    const inner = Object.assign(work("send"), { timeoutMs: -5 });
    const group = new ParallelGroup([new RaceGroup([inner], { name: "fastest" })]);
    expect(linesOfNode(group)).toEqual(option('Step "it/fastest/send": timeoutMs is -5; it must'));
  });
});

describe("a human step", () => {
  test.each([
    ["assignee", "", "a string that is not empty or a function of the context"],
    ["assigneeKey", 5, "a string that is not empty"],
    ["candidateUsers", "ada", "a list of strings or a function of the context"],
    ["candidateGroups", [5], "a list of strings or a function of the context"],
    ["excludeUsers", {}, "a list of strings or a function of the context"],
  ])("%s refuses %o", (name, value, words) => {
    const [line] = linesOfNode(Object.assign(ask("it"), { [name]: value }));
    expect(line).toContain(`INVALID_OPTION: Step "it": ${name} is `);
    expect(line).toContain(words);
  });

  test("has an assignee or the path of one, not both", () => {
    const both = Object.assign(ask("it"), { assignee: "ada", assigneeKey: "manager" });
    expect(linesOfNode(both)).toEqual(option('Step "it": it has both assignee and assigneeKey'));
  });

  test("has a form that can be used", () => {
    const withForm = (formSchema: unknown) => linesOfNode(Object.assign(ask("it"), { formSchema }));
    expect(withForm({ type: "object", properties: {} })).toEqual([]);
    expect(withForm(z.object({}))).toEqual([]);
    expect(withForm({ type: "objekt" })).toEqual([
      expect.stringMatching(
        /^INVALID_FORM: Step "it": the form is not a valid JSON Schema: .*type/,
      ),
    ]);
    expect(withForm({ type: "object", propertis: {} })).toEqual([
      expect.stringMatching(/^INVALID_FORM: .*unknown keyword: "propertis"/),
    ]);
    expect(withForm("approved")).toEqual([
      expect.stringMatching(/^INVALID_FORM: Step "it": found a string where a form belongs; give/),
    ]);
  });
});

describe("a timer", () => {
  test.each([
    { durationMs: 0 },
    { durationMs: () => 5 },
    { until: new Date("2030-01-31T09:00:00Z") },
    { until: "2030-01-31T09:00:00Z" },
    { until: "2030-01-31T09:00+01:00" },
    { until: 1_900_000_000_000 },
    { until: () => 5 },
  ])("may have %o", (options) => {
    expect(linesOfNode(new TimerStep(options))).toEqual([]);
  });

  test.each([
    [{}, "a timer has neither durationMs nor until; give exactly one of them"],
    [
      { durationMs: 1, until: 1 },
      "a timer has both durationMs and until; give exactly one of them",
    ],
    [{ durationMs: -1 }, "durationMs is -1; it must be a whole number of milliseconds, 0 or more"],
    [{ durationMs: 1.5 }, "durationMs is 1.5; it must be a whole number"],
    [{ durationMs: "5m" }, 'durationMs is "5m"; it must be a whole number'],
    [{ until: new Date("x") }, "until is an invalid date; it must be a valid Date"],
    [{ until: "tomorrow" }, 'until is "tomorrow"; it must be a valid Date'],
    [{ until: "2030-01-31T09:00:00" }, "an ISO 8601 string with a zone"],
    [{ until: "2030-02-30T09:00:00Z" }, 'until is "2030-02-30T09:00:00Z"'],
    [{ until: Number.NaN }, "until is NaN"],
  ])("may not have %o", (options, message) => {
    const lines = linesOfNode(new TimerStep(options as object));
    expect(lines).toEqual([expect.stringMatching(/^INVALID_OPTION: Step "it": /)]);
    expect(lines[0]).toContain(message);
  });
});

describe("a step that waits for a message or a child", () => {
  test.each([
    [new WebhookStep({ execute: "send" } as never), "execute is", "a function"],
    [new SignalStep({} as never), "signal is missing", "a string that is not empty"],
    [new SignalStep({ signal: "" }), 'signal is ""', "a string that is not empty"],
    [new SignalStep({ signal: "go", transient: 1 } as never), "transient is 1", "true or false"],
    [
      new SubworkflowStep({ workflow: "child", version: "2" }),
      'version is "2"',
      "semantic version",
    ],
    [
      new SubworkflowStep({ workflow: "child", input: ["a"] } as never),
      "input is a list",
      "a function",
    ],
    [new SubworkflowStep({ workflow: "child", output: { a: 5 } } as never), "output is", "to path"],
  ])("names what is wrong: %#", (node, found, words) => {
    const lines = linesOfNode(node);
    expect(lines).toEqual([expect.stringMatching(/^INVALID_OPTION: Step "it": /)]);
    expect(lines[0]).toContain(found);
    expect(lines[0]).toContain(words);
  });

  test("names a child workflow by a name that it can have", () => {
    expect(linesOfNode(new SubworkflowStep({ workflow: "a b" }))).toEqual([
      expect.stringMatching(/^INVALID_NAME: Step "it": the workflow name "a b" cannot be part of/),
    ]);
    const mapped = { input: { order: "order.id" }, output: () => ({}) };
    expect(linesOfNode(new SubworkflowStep({ workflow: "child", ...mapped }))).toEqual([]);
  });
});

describe("a group", () => {
  test.each([
    ["sequential", new SequentialGroup([]), "member"],
    ["parallel", new ParallelGroup([]), "member"],
    ["throttled", new ThrottledGroup([]), "member"],
    ["race", new RaceGroup([]), "member"],
    ["quorum", new QuorumGroup([], { required: 1 }), "member"],
    ["interleaved", new InterleavedGroup([]), "member"],
    ["conditional", new ConditionalGroup({}, () => null), "branch"],
  ])("has at least one member: %s", (_, group, part) => {
    expect(linesOfNode(group)).toEqual([
      `EMPTY_GROUP: Group "it" has no ${part}; give it one, or leave the group out.`,
    ]);
  });

  test("gives a throttled group five places unless told", () => {
    const places = (options?: object) => new ThrottledGroup([work("a")], options).maxConcurrent;
    expect([places(), places({}), places({ maxConcurrent: undefined })]).toEqual([5, 5, 5]);
    expect(places({ maxConcurrent: 2 })).toBe(2);
  });

  test("of a user's own may list no members, since its body decides", () => {
    class Own extends StepGroup {
      execute() {}
    }
    expect(linesOfNode(new Own())).toEqual([]);
    expect(linesOfNode(Object.assign(new Own(), { members: [] }))).toEqual([]);
  });

  test("takes its members as a list", () => {
    const group = new ParallelGroup(work("a") as never, work("b") as never);
    expect(linesOfNode(group)).toEqual([
      expect.stringMatching(
        /^INVALID_OPTION: Group "it": its members are an instance of .*\(\[first/,
      ),
    ]);
    expect(linesOfNode(new ConditionalGroup([work("a")] as never, () => "a"))).toEqual(
      option('Group "it": its branches are a list; they must be an object of branch name to step.'),
    );
  });

  test("has members with different names, the callback included", () => {
    const members = [work("a"), work("b"), work("a"), work("a")];
    expect(linesOfNode(new ParallelGroup(members, { callback: work("b") }))).toEqual([
      expect.stringMatching(/^DUPLICATE_MEMBER: Group "it" has two members with the name "a"/),
      expect.stringMatching(/^DUPLICATE_MEMBER: Group "it" has two members with the name "b"/),
    ]);
    const map = new MapGroup(work("send"), { items: "people", callback: work("send") });
    expect(linesOfNode(map)).toEqual([expect.stringMatching(/^DUPLICATE_MEMBER: Group "it"/)]);
    const same = {
      first: new SequentialGroup([work("a")]),
      last: new SequentialGroup([work("a")]),
    };
    expect(linesOf(optionsOf(same))).toEqual([]);
  });

  test("has members and a callback with names", () => {
    const named =
      /^INVALID_NAME: Group "it": (.*) has no name, and members are known by theirs; set/;
    const roles = (node: unknown) => linesOfNode(node).map((line) => named.exec(line)?.[1]);
    const timer = () => new TimerStep({ durationMs: 5 });
    expect(roles(new RaceGroup([work("a"), timer()]))).toEqual(["member 2"]);
    expect(roles(new ParallelGroup([work("a")], { callback: timer() }))).toEqual(["its callback"]);
    expect(roles(new MapGroup(timer(), { items: "people" }))).toEqual(["its member"]);
    expect(roles(new SequentialGroup([new RaceGroup([work("a")])]))).toEqual(["member 1"]);
    expect(roles(new ConditionalGroup({ later: timer() }, () => "later"))).toEqual([]);
  });

  test.each(["callback", "maxConcurrent", "failure", "required", "counts", "veto", "settle"])(
    "does not ignore %s in silence",
    (name) => {
      const group = Object.assign(new SequentialGroup([work("a")]), { [name]: work("b") });
      expect(linesOfNode(group)).toEqual(
        option(`Group "it": a sequential group has no ${name}; it is for groups of kind `),
      );
    },
  );

  test("does not contain itself", () => {
    const members = [work("a")] as object[];
    const group = new SequentialGroup(members as never, { name: "again" });
    members.push(new RaceGroup([group], { name: "race" }));
    expect(linesOfNode(group)).toEqual(option('Group "it" contains itself as "it/race/again".'));
  });

  test.each([
    [new ParallelGroup([work("a")], { maxConcurrent: 0 }), "maxConcurrent is 0", "1 or more"],
    [new ThrottledGroup([work("a")], { maxConcurrent: 1.5 }), "maxConcurrent is 1.5", "1 or more"],
    [
      new ParallelGroup([work("a")], { failure: "ignore" } as never),
      'failure is "ignore"',
      '"collect"',
    ],
    [
      new RaceGroup([work("a")], { settle: "last" } as never),
      'settle is "last"',
      '"success", "first"',
    ],
    [new ConditionalGroup({ a: work("a") }, "a" as never), 'choose is "a"', "a function"],
    [new ConditionalGroup({ a: work("a") }, undefined as never), "choose is missing", "a function"],
    [new MapGroup(work("a"), {} as never), "items is missing", "a function of the context"],
    [
      new MapGroup(work("a"), { items: [1] } as never),
      "items is a list",
      "a function of the context",
    ],
    [new MapGroup(work("a"), { items: "a", required: 0 }), "required is 0", "1 or more"],
    [new MapGroup(work("a"), { items: "a", maxConcurrent: Number.NaN }), "is NaN", "1 or more"],
    [new MapGroup(work("a"), { items: "a", failure: "" } as never), 'failure is ""', '"collect"'],
  ])("names what is wrong: %#", (node, found, words) => {
    const lines = linesOfNode(node);
    expect(lines).toEqual([expect.stringMatching(/^INVALID_OPTION: Group "it": /)]);
    expect(lines[0]).toContain(found);
    expect(lines[0]).toContain(words);
  });
});

describe("a quorum", () => {
  const votes = [work("a"), work("b"), work("c")];

  test("requires no more than its members", () => {
    expect(linesOfNode(new QuorumGroup(votes, { required: 3 }))).toEqual([]);
    expect(linesOfNode(new QuorumGroup(votes, { required: 4 }))).toEqual([
      'QUORUM_TOO_LARGE: Group "it": 4 successes are required, but the group has 3 members, ' +
        "so it could never succeed; require at most 3.",
    ]);
  });

  test.each([0, -1, 1.5, Number.NaN, "2", undefined])("does not require %j", (required) => {
    expect(linesOfNode(new QuorumGroup(votes, { required } as never))).toEqual(
      option('Group "it": required is '),
    );
  });

  test("counts by a function or by an expression that reads the result", () => {
    const by = (counts: unknown) =>
      linesOfNode(new QuorumGroup(votes, { required: 2, counts, veto: "result.no" } as never));
    expect(by("result.approved && result.amount + 1 > 3")).toEqual([]);
    expect(by(() => true)).toEqual([]);
    expect(by("result.")).toEqual([
      expect.stringMatching(
        /^INVALID_CONDITION: Group "it", counts: the expression "result\." is not/,
      ),
    ]);
    expect(by("vote.approved")).toEqual([
      expect.stringMatching(/^INVALID_CONDITION: .* reads "vote"; it can read only "result"\./),
    ]);
    expect(by(5)).toEqual(option('Group "it": counts is 5; it must be a string or a function'));
  });
});

describe("mutexes", () => {
  const lock = (mutex: string, ...names: string[]) =>
    names.map((n) => Object.assign(work(n), { mutex }));

  test("may be shared by steps and groups side by side", () => {
    const steps = {
      first: new SequentialGroup(lock("a", "x", "y"), { mutex: "b" }),
      last: new ParallelGroup(lock("c", "x", "y"), { mutex: "b" }),
    };
    expect(linesOf(optionsOf(steps))).toEqual([]);
  });

  test("may not be needed inside a group that holds them, at any depth", () => {
    const inner = new RaceGroup(lock("a", "x"), { name: "race" });
    expect(linesOfNode(new SequentialGroup([inner], { mutex: "a" }))).toEqual([
      'MUTEX_CYCLE: Step "it/race/x" needs the mutex "a", which Group "it" around it holds, ' +
        "so it would wait for itself for ever; remove one of the two.",
    ]);
    const callback = lock("a", "x")[0] as never;
    expect(linesOfNode(new ParallelGroup([work("y")], { callback, mutex: "a" }))).toHaveLength(1);
  });

  test("may not be nested in opposite orders", () => {
    const steps = {
      first: new SequentialGroup(lock("b", "x"), { mutex: "a" }),
      last: new SequentialGroup(lock("a", "x"), { mutex: "b" }),
    };
    expect(linesOf(optionsOf(steps))).toEqual([
      'MUTEX_CYCLE: These could wait for each other for ever: Group "first" holds "a" while ' +
        'Step "first/x" needs "b"; Group "last" holds "b" while Step "last/x" needs "a". ' +
        "Nest the mutexes in the same order everywhere.",
    ]);
  });

  test("may not form a longer ring", () => {
    const steps = {
      one: new SequentialGroup(lock("b", "x"), { mutex: "a" }),
      two: new SequentialGroup(lock("c", "x"), { mutex: "b" }),
      three: new SequentialGroup(lock("a", "x"), { mutex: "c" }),
      four: new SequentialGroup(lock("a", "x"), { mutex: "d" }),
    };
    const edges = [edge("one", "two"), edge("two", "three"), edge("three", "four")];
    expect(linesOf(optionsOf(steps, { edges }))).toEqual([expect.stringMatching(/^MUTEX_CYCLE/)]);
  });
});
