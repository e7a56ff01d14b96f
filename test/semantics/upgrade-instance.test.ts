import {
  Edge,
  humanStep,
  InterleavedGroup,
  MapGroup,
  machineStep,
  ParallelGroup,
  QuorumGroup,
  SequentialGroup,
  SignalStep,
  StepGroup,
  SubworkflowStep,
  TimerStep,
  type UpgradeOptions,
  type UpgradePlan,
  type WorkflowDefinition,
  type WorkflowNode,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, refusal, Workshop } from "../support/workshop.ts";

const ask = (...names: readonly string[]) =>
  Object.fromEntries(names.map((name) => [name, humanStep(name)]));
const note = (name: string) =>
  machineStep(name, (context) => {
    context.set(name, context.version);
  });

/** Two versions of one workflow, and an instance of the first. */
class Change {
  readonly shop = new Workshop();

  constructor(before: WorkflowDefinition, ...others: readonly WorkflowDefinition[]) {
    for (const each of [before, ...others]) this.shop.registry.registerDefinition(each);
  }

  async start(initialData: Readonly<Record<string, unknown>> = {}): Promise<this> {
    await this.shop.start("test", { version: "1.0.0", initialData });
    return this;
  }

  async upgrade(options: Partial<UpgradeOptions> = {}): Promise<UpgradePlan> {
    const { engine, id } = this.shop;
    const upgraded = engine.upgradeInstance({ instanceId: id, version: "2.0.0", ...options });
    const plan = await upgraded;
    await this.shop.quiet();
    return plan;
  }

  async problems(options: Partial<UpgradeOptions> = {}): Promise<readonly string[]> {
    const { problems } = await this.upgrade({ ...options, dryRun: true });
    const { code, message } = await refusal(this.upgrade(options));
    expect(code).toBe("UPGRADE_REFUSED");
    for (const problem of problems) expect(message).toContain(`  - ${problem.message}`);
    return problems.map((problem) => problem.message);
  }

  async warnings(): Promise<readonly string[]> {
    return (await this.upgrade({ dryRun: true })).warnings.map(({ message }) => message);
  }
}

const v1 = (
  steps: Readonly<Record<string, WorkflowNode>>,
  edges: readonly (string | Edge)[] = [],
  options: object = {},
) => flow(steps, edges, { version: "1.0.0", ...options });
const v2 = (
  steps: Readonly<Record<string, WorkflowNode>>,
  edges: readonly (string | Edge)[] = [],
  options: object = {},
) => flow(steps, edges, { version: "2.0.0", ...options });

describe("upgradeInstance", () => {
  test("goes on in the new version, with what had ended as it was", async () => {
    const { shop, ...change } = await new Change(
      v1({ begin: note("begin"), a: humanStep("a") }, ["begin -> a"]),
      v2({ first: note("first"), begin: note("begin"), a: humanStep("a"), end: note("end") }, [
        "first -> begin -> a -> end",
      ]),
    ).start();
    expect(change).toEqual({});
    const { engine, id } = shop;
    const plan = await engine.upgradeInstance({
      instanceId: id,
      version: "2.0.0",
      userId: "olga",
      through: "cli",
    });
    expect(plan).toEqual({
      instanceId: id,
      workflow: "test",
      from: "1.0.0",
      to: "2.0.0",
      moves: [{ executionId: 2, status: "waiting", from: "a", to: "a" }],
      history: [],
      starts: [],
      warnings: [],
      problems: [],
      isDone: true,
    });
    expect((await shop.view()).version).toBe("2.0.0");
    expect(await shop.store.listActs({ instanceId: id, limit: 10 })).toMatchObject([
      {
        act: {
          type: "upgraded",
          user: "olga",
          through: "cli",
          details: { from: "1.0.0", to: "2.0.0", steps: {} },
        },
      },
    ]);
    await shop.restart();
    await shop.complete("a", { yes: true });
    expect(await shop.status()).toBe("completed");
    expect(await shop.data()).toEqual({ begin: "1.0.0", a: { yes: true }, end: "2.0.0" });
    expect(await shop.history()).toEqual(["begin succeeded", "a succeeded", "end succeeded"]);
  });

  test("changes nothing in a dry run", async () => {
    const change = await new Change(
      v1(ask("a")),
      v2({ ...ask("a"), end: note("end") }, ["a -> end"]),
    ).start();
    const before = await change.shop.store.load([change.shop.id]);
    const plan = await change.upgrade({ dryRun: true });
    expect([plan.isDone, plan.moves.length, plan.problems]).toEqual([false, 1, []]);
    expect(await change.shop.store.load([change.shop.id])).toEqual(before);
    await change.shop.complete("a");
    expect([(await change.shop.view()).version, await change.shop.status()]).toEqual([
      "1.0.0",
      "completed",
    ]);
  });

  test("takes an instance back to an earlier version too", async () => {
    const change = await new Change(v1(ask("a")), v2(ask("a"))).start();
    await change.upgrade();
    expect(await refusal(change.upgrade())).toMatchObject({
      code: "UPGRADE_REFUSED",
      message: expect.stringContaining("It is of version 2.0.0 already."),
    });
    await change.upgrade({ version: "1.0.0" });
    expect((await change.shop.view()).version).toBe("1.0.0");
  });

  test("is refused for what has ended, is unknown, or makes no sense", async () => {
    const change = await new Change(v1(ask("a")), v2(ask("a"))).start();
    expect(await refusal(change.upgrade({ version: "3.0.0" }))).toMatchObject({
      code: "UNKNOWN_WORKFLOW",
    });
    expect(await refusal(change.upgrade({ instanceId: "none" }))).toMatchObject({
      code: "UNKNOWN_INSTANCE",
    });
    for (const wrong of [
      { version: undefined },
      { version: 2 },
      { steps: ["a"] },
      { steps: { a: 1 } },
      { userId: "a\0" },
    ]) {
      expect(await refusal(change.upgrade(wrong as never))).toMatchObject({
        code: "INVALID_ARGUMENT",
      });
    }
    await change.shop.complete("a");
    expect(await refusal(change.upgrade())).toMatchObject({ code: "INSTANCE_ENDED" });
  });

  test("is refused while something runs, and not while it only waits for its next attempt", async () => {
    const shop = new Workshop();
    const options = { retry: { maxAttempts: 2, initialIntervalMs: 1000 } };
    const steps = { work: shop.step("work", options) };
    shop.registry.registerDefinition(v1(steps));
    shop.registry.registerDefinition(v2({ ...steps, end: note("end") }, ["work -> end"]));
    await shop.start("test", { version: "1.0.0" });
    const upgrade = () =>
      shop.engine.upgradeInstance({ instanceId: shop.id, version: "2.0.0", dryRun: false });
    expect(await refusal(upgrade())).toMatchObject({
      code: "UPGRADE_REFUSED",
      message: expect.stringContaining('"work" runs; pause the instance'),
    });
    await shop.fail("work");
    await shop.act(upgrade());
    await shop.advance(1000);
    await shop.finish("work");
    expect([await shop.status(), await shop.data()]).toEqual(["completed", { end: "2.0.0" }]);
  });

  test("is refused while the body of a user's own group runs", async () => {
    class Own extends StepGroup {
      override readonly members = [humanStep("m")];
      execute(
        context: never,
        engine: { executeStep(step: WorkflowNode, context: never): unknown },
      ) {
        return engine.executeStep(this.members[0] as WorkflowNode, context);
      }
    }
    const change = await new Change(v1({ own: new Own() }), v2({ own: new Own() })).start();
    expect(await change.problems()).toEqual([expect.stringContaining('"own" runs')]);
  });

  test("is refused when what waits has no step, or one of another kind, with every reason", async () => {
    const change = await new Change(
      v1({ fork: note("fork"), ...ask("a", "b", "c") }, ["fork -> a", "fork -> b", "fork -> c"]),
      v2({ fork: note("fork"), b: note("b"), ...ask("c") }, ["fork -> b", "fork -> c"]),
    ).start();
    expect(await change.problems({ steps: { d: "c", a: "e" } })).toEqual([
      'The mapping names "d", which version 1.0.0 does not have.',
      'The mapping names "e", which version 2.0.0 does not have.',
      'Version 2.0.0 has no step "e" for "a"; name the step that goes on with it in the mapping.',
      '"b" is of kind human, and "b" of kind machine.',
    ]);
    expect(await change.problems({ steps: { a: "c", b: "c" } })).toEqual([
      '"a" and "b" have both run and cannot both be "c".',
      '"a" and "c" have both run and cannot both be "c".',
    ]);
  });

  test("goes on after a pause and after a failure", async () => {
    const broken = machineStep("work", () => {
      throw new Error("broken");
    });
    const change = new Change(
      v1({ a: humanStep("a"), work: broken }, ["a -> work"]),
      v2({ a: humanStep("a"), work: note("work") }, ["a -> work"]),
    );
    const { shop } = change;
    await change.start();
    await shop.engine.pauseWorkflow(shop.id);
    await change.upgrade();
    await shop.complete("a");
    await shop.act(shop.engine.resumeWorkflow(shop.id));
    expect([await shop.status(), await shop.data()]).toEqual([
      "completed",
      { a: {}, work: "2.0.0" },
    ]);

    await change.start();
    await shop.complete("a");
    expect(await shop.status()).toBe("failed");
    const { moves } = await change.upgrade();
    expect(moves).toEqual([{ executionId: 2, status: "failed", from: "work", to: "work" }]);
    expect(await shop.status()).toBe("failed");
    await shop.act(shop.engine.retryWorkflow(shop.id));
    expect([await shop.status(), await shop.data()]).toEqual([
      "completed",
      { a: {}, work: "2.0.0" },
    ]);
  });

  test("mends a dead end: its edges are decided anew by the retry", async () => {
    const edge = (condition: string) => new Edge("a", "b", { condition });
    const change = await new Change(
      v1({ a: note("a"), b: note("b") }, [edge("a == 'none'")]),
      v2({ a: note("a"), b: note("b") }, [edge("a == '1.0.0'")]),
    ).start();
    expect((await change.shop.error())?.code).toBe("DEAD_END");
    await change.upgrade();
    await change.shop.act(change.shop.engine.retryWorkflow(change.shop.id));
    expect(await change.shop.history()).toEqual(["a succeeded", "b succeeded"]);
  });
});

describe("steps with other names", () => {
  test("are found by the mapping, with their task, their members and their data", async () => {
    const change = await new Change(
      v1({ ask: humanStep("ask"), both: new ParallelGroup([humanStep("x"), humanStep("y")]) }, [
        "ask -> both",
      ]),
      v2({ query: humanStep("query"), all: new ParallelGroup([humanStep("x"), humanStep("z")]) }, [
        "query -> all",
      ]),
    ).start();
    const { shop } = change;
    await shop.complete("ask", { n: 1 });
    await shop.complete("both/x", { x: 1 });
    const steps = { ask: "query", both: "all", "both/y": "all/z" };
    const { moves, warnings } = await change.upgrade({ steps });
    expect(moves.map(({ from, to }) => `${from} -> ${to}`)).toEqual([
      "both -> all",
      "both/x -> all/x",
      "both/y -> all/z",
    ]);
    expect(warnings).toEqual([
      { path: "ask", message: 'The data of "ask" stays under "ask", not "query".' },
    ]);
    expect(await shop.openTasks()).toEqual(["all/z"]);
    await shop.restart();
    await shop.complete("all/z", { z: 1 });
    expect(await shop.data()).toEqual({ ask: { n: 1 }, x: { x: 1 }, z: { z: 1 } });
    expect((await shop.view()).result("query")).toEqual({ n: 1 });
  });

  test("keep the number of their item", async () => {
    const items = { list: [1, 2, 3] };
    const change = await new Change(
      v1({ each: new MapGroup(humanStep("vote"), { items: "list" }) }),
      v2({ each: new MapGroup(humanStep("ballot"), { items: "list", required: 2 }) }),
    ).start(items);
    await change.shop.complete("each/vote[1]");
    await change.upgrade({ steps: { "each/vote[]": "each/ballot[]" } });
    expect(await change.shop.openTasks()).toEqual(["each/ballot[0]", "each/ballot[2]"]);
    await change.shop.complete("each/ballot[2]");
    expect(await change.shop.history()).toEqual([
      "each succeeded",
      "each/ballot[0] canceled",
      "each/ballot[1] succeeded",
      "each/ballot[2] succeeded",
    ]);
  });
});

describe("what has ended of a step that the new version does not have", () => {
  test("stays as history, with what it wrote, also when it was a group", async () => {
    const group = new InterleavedGroup([note("x"), note("y")]);
    const change = await new Change(
      v1({ old: note("old"), pair: group, a: humanStep("a") }, ["old -> pair -> a"]),
      v2({ pair: note("pair"), a: humanStep("a") }, ["pair -> a"]),
      flow(ask("a"), [], { version: "3.0.0" }),
    ).start();
    const { shop } = change;
    const { history, moves } = await change.upgrade();
    expect(history.map(({ from, to }) => `${from} -> ${to}`)).toEqual([
      "old -> old@1.0.0",
      "pair -> pair@1.0.0",
      "pair/x -> pair@1.0.0/x",
      "pair/y -> pair@1.0.0/y",
    ]);
    expect(moves.map(({ to }) => to)).toEqual(["a"]);
    const data = { old: "1.0.0", x: "1.0.0", y: "1.0.0" };
    expect(await shop.data()).toEqual(data);
    await shop.restart();
    expect(await shop.data()).toEqual(data);
    await change.upgrade({ version: "3.0.0" });
    await shop.restart();
    await shop.complete("a");
    expect(await shop.data()).toEqual({ ...data, a: {} });
    expect(await shop.history()).toEqual([
      "old@1.0.0 succeeded",
      "pair@1.0.0 succeeded",
      "pair@1.0.0/x succeeded",
      "pair@1.0.0/y succeeded",
      "a succeeded",
    ]);
  });

  test("says so where compensation would have undone it", async () => {
    const undo = machineStep("old", () => {}, { compensate: () => {} });
    const change = await new Change(
      v1({ old: undo, a: humanStep("a") }, ["old -> a"], { compensate: true }),
      v2(ask("a"), [], { compensate: true }),
    ).start();
    expect(await change.warnings()).toEqual(['What "old" has done can no longer be undone.']);
  });
});

describe("edges and joins", () => {
  test("arrivals that wait are judged by the new version's edges", async () => {
    const change = await new Change(
      v1({ fork: note("fork"), ...ask("a", "b"), join: note("join") }, [
        "fork -> a -> join",
        "fork -> b -> join",
      ]),
      v2(
        { join: note("join"), ...ask("b", "a"), fork: note("fork") },
        ["b -> join", "a -> join", "fork -> b", "fork -> a"],
        { initialStep: "fork" },
      ),
    ).start();
    const { shop } = change;
    await shop.complete("a");
    await change.upgrade();
    expect(await shop.statuses("join")).toEqual([]);
    await shop.complete("b");
    expect(await shop.statuses("join")).toEqual(["succeeded"]);
    expect((await shop.view()).edges.map(({ taken }) => taken)).toEqual([1, 1, 1, 1]);
  });

  test("a join starts with the upgrade when nothing more can come", async () => {
    const steps = { fork: note("fork"), ...ask("a", "b"), join: note("join"), end: note("end") };
    const change = await new Change(
      v1(steps, ["fork -> a -> join", "fork -> b -> join", "join -> end"]),
      v2(steps, ["fork -> a -> join", "fork -> b -> end", "join -> end"]),
    ).start();
    const { shop } = change;
    await shop.complete("a");
    expect((await change.upgrade({ dryRun: true })).starts).toEqual(["join"]);
    expect((await change.upgrade()).starts).toEqual(["join"]);
    expect(await shop.statuses("join")).toEqual(["succeeded"]);
    expect(await shop.statuses("end")).toEqual([]);
    await shop.complete("b");
    expect(await shop.statuses("end")).toEqual(["succeeded"]);
  });

  test("an arrival that waits by an edge that is gone is a problem", async () => {
    const steps = { fork: note("fork"), ...ask("a", "b"), join: note("join") };
    const change = await new Change(
      v1(steps, ["fork -> a -> join", "fork -> b -> join"]),
      v2(steps, ["fork -> a", "fork -> b -> join"]),
    ).start();
    await change.shop.complete("a");
    expect(await change.problems()).toEqual([
      'Control has come by the edge a -> join and waits at "join"; version 2.0.0 has no such edge. ' +
        "Keep it, or upgrade when the join has started.",
    ]);
  });

  test("a round that is open takes in what still comes", async () => {
    const join = machineStep("join", () => {}, { join: "any" });
    const steps = { fork: note("fork"), ...ask("a", "b", "c"), join, end: humanStep("end") };
    const edges = ["fork -> a -> join", "fork -> b -> join", "fork -> c -> join", "join -> end"];
    const change = await new Change(v1(steps, edges), v2(steps, edges.toReversed())).start();
    const { shop } = change;
    await shop.complete("a");
    await shop.complete("b");
    await change.upgrade();
    await shop.complete("c");
    expect(await shop.statuses("join")).toEqual(["succeeded"]);
  });
});

describe("groups", () => {
  test("that wait take in members that were added, and are counted anew", async () => {
    const members = (...names: readonly string[]) => names.map((name) => humanStep(name));
    const change = await new Change(
      v1({ both: new ParallelGroup(members("x", "y")) }),
      v2({ both: new ParallelGroup(members("x", "y", "z")) }),
    ).start();
    const { shop } = change;
    expect((await change.upgrade()).starts).toEqual(["both/z"]);
    expect(await shop.openTasks()).toEqual(["both/x", "both/y", "both/z"]);

    const vote = await new Change(
      v1({ vote: new QuorumGroup(members("x", "y", "z"), { required: 2 }) }),
      v2({ vote: new QuorumGroup(members("x", "y", "z"), { required: 1 }) }),
    ).start();
    await vote.shop.complete("vote/y");
    await vote.upgrade();
    expect(await vote.shop.history()).toEqual([
      "vote succeeded",
      "vote/x canceled",
      "vote/y succeeded",
      "vote/z canceled",
    ]);
  });

  test("whose members stand elsewhere are a problem", async () => {
    const change = await new Change(
      v1({ steps: new SequentialGroup([note("x"), humanStep("y")]) }),
      v2({ steps: new SequentialGroup([humanStep("y"), note("x")]) }),
    ).start();
    expect(await change.problems()).toEqual([
      'The place of "steps/x" among the members of its group is another one.',
      'The place of "steps/y" among the members of its group is another one.',
    ]);
  });

  test("do not take in steps from outside", async () => {
    const change = await new Change(
      v1(ask("a")),
      v2({ all: new ParallelGroup([humanStep("a")]) }),
    ).start();
    expect(await change.problems({ steps: { a: "all/a" } })).toEqual([
      '"a" cannot become "all/a": that stands in another group.',
    ]);
  });
});

describe("what an instance waits for", () => {
  test("timers keep their moment; a deadline that is gone is cleared", async () => {
    const wait = (durationMs: number) => new TimerStep({ durationMs });
    const change = await new Change(
      v1({ fork: note("fork"), wait: wait(1000), a: humanStep("a", { deadlineMs: 500 }) }, [
        "fork -> wait",
        "fork -> a",
      ]),
      v2({ fork: note("fork"), wait: wait(9000), a: humanStep("a"), end: note("end") }, [
        "fork -> wait -> end",
        "fork -> a",
      ]),
    ).start();
    const { shop } = change;
    const { warnings } = await change.upgrade();
    expect(warnings.map(({ message }) => message)).toEqual([
      '"wait" ends at the moment that was set when it began to wait.',
      'The deadline set for "a" is cleared.',
    ]);
    await shop.advance(1000);
    expect(await shop.statuses("a")).toEqual(["waiting"]);
    expect(await shop.data()).toEqual({ fork: "1.0.0", end: "2.0.0" });
  });

  test("a form that changed is that of the new version", async () => {
    const form = (key: string) => ({
      type: "object",
      required: [key],
      properties: { [key]: { type: "boolean" } },
    });
    const change = await new Change(
      v1({ a: humanStep("a", { formSchema: form("yes") }) }),
      v2({ a: humanStep("a", { formSchema: form("agreed") }) }),
    ).start();
    const { shop } = change;
    expect(await change.warnings()).toEqual([
      'The form of "a" is another one: what is filled in must fit that.',
    ]);
    await change.upgrade();
    const complete = (data: object) =>
      shop.engine.completeHumanTask({ instanceId: shop.id, stepName: "a", data });
    expect(await refusal(complete({ yes: true }))).toMatchObject({ code: "INVALID_FORM_DATA" });
    expect((await complete({ agreed: true })).status).toBe("completed");
  });

  test("a signal that came for the name that the step has now is used", async () => {
    const change = await new Change(
      v1({ wait: new SignalStep({ signal: "go" }) }),
      v2({ wait: new SignalStep({ signal: "start" }) }),
    ).start();
    await change.shop.signal("start", 7);
    await change.upgrade();
    expect(await change.shop.data()).toEqual({ wait: 7 });
  });

  test("a step that waits for a mutex which is gone begins", async () => {
    const held = (mutex: string | undefined) => ({
      fork: note("fork"),
      a: humanStep("a", { ...(mutex && { mutex }) }),
      b: humanStep("b", { ...(mutex && { mutex }) }),
    });
    const edges = ["fork -> a", "fork -> b"];
    const change = await new Change(v1(held("m"), edges), v2(held(undefined), edges)).start();
    expect(await change.shop.openTasks()).toEqual(["a"]);
    await change.upgrade();
    expect(await change.shop.openTasks()).toEqual(["a", "b"]);
  });

  test("a child goes on, and its parent in the new version gets what it gives", async () => {
    const child = flow({ c: humanStep("c") }, [], { name: "child" });
    const sub = new SubworkflowStep({ workflow: "child", output: { answer: "c" } });
    const change = await new Change(
      v1({ sub }),
      v2({ sub, end: note("end") }, ["sub -> end"]),
      child,
    ).start();
    const { shop } = change;
    const parent = shop.id;
    await change.upgrade();
    const data = { yes: true };
    await shop.engine.completeHumanTask({ instanceId: `${parent}.1`, stepName: "c", data });
    await shop.quiet();
    expect(await shop.data()).toEqual({ answer: data, end: "2.0.0" });
  });
});

describe("data", () => {
  test("stays what it is when the new version has other reducers", async () => {
    const add = (n: number) =>
      machineStep("", (context) => {
        context.set("log", n);
        context.set("sum", n);
        context.set("last", n);
      });
    const steps = { one: add(1), two: add(2), a: humanStep("a"), three: add(3) };
    const edges = ["one -> two -> a -> three"];
    const own = (old: number | undefined, written: number) => (old ?? 0) + 10 * written;
    const change = await new Change(
      v1(steps, edges, { reducers: { log: "append", sum: own } }),
      v2(steps, edges, { reducers: { sum: "sum", last: "append" } }),
    ).start();
    const { shop } = change;
    const before = { log: [1, 2], sum: 30, last: 2 };
    expect(await shop.data()).toEqual(before);
    await change.upgrade();
    expect(await shop.data()).toEqual(before);
    await shop.restart();
    expect(await shop.data()).toEqual(before);
    await shop.complete("a");
    expect(await shop.data()).toEqual({ log: 3, sum: 33, last: [2, 3], a: {} });
  });
});
