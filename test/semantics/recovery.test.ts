import {
  type GroupEngine,
  humanStep,
  InterleavedGroup,
  type LocalExecutionEngine,
  MapGroup,
  machineStep,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  SequentialGroup,
  SignalStep,
  StepGroup,
  SubworkflowStep,
  TimerStep,
  WebhookStep,
  type WorkflowContext,
  type WorkflowDefinition,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge, work } from "../support/definition-problems.ts";
import { MortalStore } from "../support/mortal-store.ts";
import { flow, Workshop } from "../support/workshop.ts";

describe("after a restart", () => {
  test("a step that was recorded as completed never runs again", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await shop.finish("a", { set: { a: 1 }, result: "done" });
    await shop.restart();
    expect(shop.begun).toEqual(["a", "b", "b"]);
    expect(shop.context("b").get("a")).toBe(1);
    expect(shop.context("b").result("a")).toBe("done");
  });

  test("a step that was running runs again with its attempt counted and its key unchanged", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    const { attempt, idempotencyKey } = shop.context("a");
    await shop.restart();
    expect(attempt).toBe(1);
    expect(shop.context("a").attempt).toBe(2);
    expect(shop.context("a").idempotencyKey).toBe(idempotencyKey);
    await shop.finish("a");
    expect(await shop.status()).toBe("completed");
  });

  test("the attempt that was cut off does not use up the retries", async () => {
    const shop = new Workshop();
    await shop.start(flow({ a: shop.step("a", { retry: { maxAttempts: 2 } }) }));
    await shop.restart();
    await shop.restart();
    await shop.restart();
    expect(shop.context("a").attempt).toBe(4);
    await shop.finish("a");
    expect(await shop.status()).toBe("completed");
  });

  test("what a step had written without having ended is gone", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")));
    shop.context("a").set("half", true);
    await shop.restart();
    expect(shop.context("a").get("half")).toBeUndefined();
  });

  test("a delay between attempts goes on", async () => {
    const shop = new Workshop();
    const a = shop.step("a", { retry: { maxAttempts: 2, initialIntervalMs: 1000 } });
    await shop.start(flow({ a }));
    await shop.fail("a");
    await shop.advance(400);
    await shop.restart();
    await shop.advance(599);
    expect(shop.running).toEqual([]);
    await shop.advance(1);
    expect(shop.running).toEqual(["a"]);
    expect(shop.context("a").attempt).toBe(2);
  });

  test("a timer fires when it is due", async () => {
    const shop = new Workshop();
    const steps = { wait: new TimerStep({ durationMs: 1000 }), b: shop.step("b") };
    await shop.start(flow(steps, ["wait -> b"]));
    await shop.advance(400);
    await shop.restart();
    await shop.advance(599);
    expect(shop.running).toEqual([]);
    await shop.advance(1);
    expect(shop.running).toEqual(["b"]);
  });

  test("a timer that came due in between fires at once", async () => {
    const shop = new Workshop();
    const steps = { wait: new TimerStep({ durationMs: 1000 }), b: shop.step("b") };
    await shop.start(flow(steps, ["wait -> b"]));
    await shop.crash();
    await shop.clock.advance(5000);
    await shop.restart();
    await shop.advance(0);
    expect(shop.running).toEqual(["b"]);
  });

  test("a deadline still counts from the first attempt", async () => {
    const shop = new Workshop();
    await shop.start(flow({ a: shop.step("a", { deadlineMs: 1000 }) }));
    await shop.advance(900);
    await shop.restart();
    await shop.advance(100);
    expect(await shop.error()).toMatchObject({ code: "STEP_DEADLINE" });
  });

  test("a task is still open, is the same task, and can be completed", async () => {
    const shop = new Workshop();
    await shop.start(flow({ ask: humanStep("ask"), b: shop.step("b") }, ["ask -> b"]));
    const { items: before } = await shop.engine.tasks.list();
    await shop.restart();
    expect((await shop.engine.tasks.list()).items).toEqual(before);
    await shop.complete("ask", { ok: true });
    expect(shop.running).toEqual(["b"]);
  });

  test("a webhook token from before still works, once", async () => {
    const shop = new Workshop();
    await shop.start(flow({ hook: new WebhookStep(), b: shop.step("b") }, ["hook -> b"]));
    const token = await shop.engine.webhookToken({ instanceId: shop.id, stepName: "hook" });
    await shop.restart();
    await shop.act(shop.engine.completeWebhook(token, { paid: true }));
    expect(shop.running).toEqual(["b"]);
    expect(await shop.data()).toEqual({ hook: { paid: true } });
    await shop.restart();
    await expect(shop.engine.completeWebhook(token)).rejects.toMatchObject({ code: "TOKEN_USED" });
  });

  test("a signal that arrived before and was not used counts", async () => {
    const shop = new Workshop();
    const steps = { a: shop.step("a"), paid: new SignalStep({ signal: "paid" }) };
    await shop.start(flow(steps, ["a -> paid"]));
    await shop.signal("paid", 5);
    await shop.restart();
    await shop.finish("a");
    expect(await shop.data()).toEqual({ paid: 5 });
  });

  test("a signal step still waits, and a repeated id still counts once", async () => {
    const shop = new Workshop();
    const wait = (name: string) => new SignalStep({ signal: "go", name });
    await shop.start(flow({ x: wait("x"), y: wait("y") }, ["x -> y"]));
    const send = () =>
      shop.act(shop.engine.signal({ instanceId: shop.id, name: "go", data: 1, id: "one" }));
    await send();
    await shop.restart();
    await send();
    expect(await shop.data()).toEqual({ x: 1 });
    await shop.signal("go", 2);
    expect(await shop.data()).toEqual({ x: 1, y: 2 });
  });

  test("an open round of a join goes on", async () => {
    const shop = new Workshop();
    const steps = { ...shop.steps("a", "b", "c", "end"), join: shop.step("", { join: "any" }) };
    await shop.start(flow(steps, ["a -> b -> join", "a -> c -> join -> end"]));
    await shop.finish("a");
    await shop.finish("b");
    await shop.finish("join");
    await shop.restart();
    await shop.finish("c");
    await shop.finish("end");
    expect(await shop.statuses("join")).toEqual(["succeeded"]);
    expect(await shop.status()).toBe("completed");
  });

  test("arrivals that wait at a join still count", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b", "c", "join"), ["a -> b -> join", "a -> c -> join"]));
    await shop.finish("a");
    await shop.finish("b");
    await shop.restart();
    expect(shop.running).toEqual(["c"]);
    await shop.finish("c");
    expect(shop.running).toEqual(["join"]);
  });

  test("iterations go on counting", async () => {
    const shop = new Workshop();
    const edges = [edge("a", "a", { condition: "again" }), edge("a", "end", { otherwise: true })];
    await shop.start(flow(shop.steps("a", "end"), edges), { initialData: { again: true } });
    await shop.finish("a");
    await shop.restart();
    await shop.finish("a");
    expect(shop.context("a").iteration).toBe(3);
  });

  test("a child instance goes on, and so does its parent", async () => {
    const shop = new Workshop();
    shop.registry.registerDefinition(flow(shop.steps("x", "y"), ["x -> y"], { name: "child" }));
    const sub = new SubworkflowStep({ workflow: "child", output: { got: "y" } });
    await shop.start(flow({ sub, b: shop.step("b") }, ["sub -> b"]));
    await shop.finish("x");
    await shop.restart();
    expect(shop.running).toEqual(["y"]);
    await shop.finish("y", { set: { y: 7 } });
    expect(shop.running).toEqual(["b"]);
    expect(await shop.data()).toEqual({ got: 7 });
    expect(shop.begun.filter((path) => path === "x")).toEqual(["x"]);
  });

  test("a cancelled parent cancels its child", async () => {
    const shop = new Workshop();
    shop.registry.registerDefinition(flow(shop.steps("x"), [], { name: "child" }));
    await shop.start(flow({ sub: new SubworkflowStep({ workflow: "child" }) }));
    await shop.restart();
    await shop.act(shop.engine.cancelWorkflow(shop.id));
    expect(shop.running).toEqual([]);
    expect(await shop.engine.recover()).toBe(0);
  });

  test("a group goes on with the members that had not ended", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup(
      [shop.step("w"), shop.step("x"), shop.step("y"), shop.step("z")],
      { maxConcurrent: 2, callback: shop.step("sum") },
    );
    await shop.start(flow({ group }));
    await shop.finish("group/x", { result: "x", set: { x: 1 } });
    await shop.restart();
    expect(shop.running.sort()).toEqual(["group/w", "group/y"]);
    await shop.finish("group/w", { result: "w" });
    await shop.finish("group/y", { result: "y" });
    await shop.finish("group/z", { result: "z" });
    await shop.restart();
    expect(shop.context("group/sum").results).toEqual(["w", "x", "y", "z"]);
    expect(shop.context("group/sum").get("x")).toBe(1);
    await shop.finish("group/sum");
    expect(await shop.status()).toBe("completed");
    expect(await shop.data()).toEqual({ x: 1 });
  });

  test("a later member of a sequence sees what earlier ones wrote", async () => {
    const shop = new Workshop();
    const group = new SequentialGroup([shop.step("x"), shop.step("y")]);
    await shop.start(flow({ group }));
    await shop.finish("group/x", { set: { x: 1 } });
    await shop.restart();
    expect(shop.context("group/y").get("x")).toBe(1);
    expect(await shop.data()).toEqual({});
  });

  test("an interleaved group lets one member at a time run", async () => {
    const shop = new Workshop();
    const group = new InterleavedGroup([shop.step("x"), shop.step("y"), shop.step("z")]);
    await shop.start(flow({ group }));
    await shop.restart();
    expect(shop.running).toEqual(["group/x"]);
    await shop.finish("group/x");
    await shop.restart();
    expect(shop.running).toEqual(["group/y"]);
    await shop.finish("group/y");
    expect(shop.running).toEqual(["group/z"]);
  });

  test("a mutex still lets one step at a time run", async () => {
    const shop = new Workshop();
    const steps = {
      a: shop.step("a"),
      b: shop.step("b", { mutex: "m" }),
      c: shop.step("c", { mutex: "m" }),
    };
    await shop.start(flow(steps, ["a -> b", "a -> c"]));
    await shop.finish("a");
    await shop.restart();
    expect(shop.running).toEqual(["b"]);
    await shop.finish("b");
    expect(shop.running).toEqual(["c"]);
  });

  test("a vote keeps what was voted", async () => {
    const shop = new Workshop();
    const votes = ["x", "y", "z"].map((name) => humanStep(name));
    const group = new QuorumGroup(votes, { required: 2, counts: "result.yes" });
    await shop.start(flow({ group }));
    await shop.complete("x", { yes: true });
    await shop.complete("y", { yes: false });
    await shop.restart();
    await shop.complete("z", { yes: true });
    expect(await shop.status()).toBe("completed");
  });

  test("a map keeps its snapshot of the list and the items that were added", async () => {
    const shop = new Workshop();
    const each = new MapGroup(shop.step("send"), { items: "to", maxConcurrent: 1 });
    await shop.start(flow({ each }), { initialData: { to: ["a", "b"] } });
    await shop.act(shop.engine.addItem({ instanceId: shop.id, stepName: "each", item: "c" }));
    await shop.finish("each/send[0]", { result: 0 });
    await shop.restart();
    await shop.finish("each/send[1]", { result: 1 });
    expect(shop.context("each/send[2]").item).toBe("c");
    await shop.finish("each/send[2]", { result: 2 });
    expect((await shop.view()).result("each")).toEqual([0, 1, 2]);
  });

  test("compensation goes on where it was", async () => {
    const shop = new Workshop();
    const undone: string[] = [];
    const gates = new Map<string, () => void>();
    const step = (name: string) =>
      shop.step(name, {
        compensate: () =>
          new Promise<void>((resolve) => {
            undone.push(name);
            gates.set(name, resolve);
          }),
      });
    const steps = { a: step("a"), b: step("b"), c: shop.step("c") };
    await shop.start(flow(steps, ["a -> b -> c"], { compensate: true }));
    await shop.finish("a");
    await shop.finish("b");
    await shop.fail("c");
    gates.get("b")?.();
    await shop.quiet();
    expect(undone).toEqual(["b", "a"]);
    await shop.restart();
    expect(undone).toEqual(["b", "a", "a"]);
    gates.get("a")?.();
    await shop.quiet();
    expect(await shop.status()).toBe("failed");
  });
});

describe("a user's own group after a restart", () => {
  class Body extends StepGroup {
    runs = 0;
    readonly body: (context: WorkflowContext, engine: GroupEngine) => unknown;

    constructor(body: (context: WorkflowContext, engine: GroupEngine) => unknown) {
      super();
      this.body = body;
    }

    execute(context: WorkflowContext, engine: GroupEngine): unknown {
      this.runs++;
      return this.body(context, engine);
    }
  }

  test("runs its body again; calls that had completed return what they returned", async () => {
    const shop = new Workshop();
    const [x, y] = [shop.step("x"), shop.step("y")];
    const own = new Body(async (context, engine) => {
      const one = await engine.executeStep(x, context);
      const two = await engine.executeStep(y, context);
      return [one, two];
    });
    await shop.start(flow({ own }));
    await shop.finish("own/x", { result: 1, set: { x: 1 } });
    await shop.restart();
    expect(own.runs).toBe(2);
    expect(shop.running).toEqual(["own/y"]);
    expect(shop.context("own/y").get("x")).toBe(1);
    await shop.finish("own/y", { result: 2 });
    expect((await shop.view()).result("own")).toEqual([1, 2]);
    expect(await shop.data()).toEqual({ x: 1 });
    expect(shop.begun).toEqual(["own/x", "own/y", "own/y"]);
  });

  test("tells repeated calls of the same step apart", async () => {
    const shop = new Workshop();
    const x = shop.step("x");
    const own = new Body(async (context, engine) => {
      const results = [];
      for (let round = 0; round < 3; round++) results.push(await engine.executeStep(x, context));
      return results;
    });
    await shop.start(flow({ own }));
    await shop.finish("own/x", { result: "a" });
    await shop.finish("own/x[1]", { result: "b" });
    await shop.restart();
    expect(shop.running).toEqual(["own/x[2]"]);
    await shop.finish("own/x[2]", { result: "c" });
    expect((await shop.view()).result("own")).toEqual(["a", "b", "c"]);
  });

  test("a call that had failed fails again with the same error", async () => {
    const shop = new Workshop();
    const [x, y] = [shop.step("x"), shop.step("y")];
    const caught: string[] = [];
    const own = new Body(async (context, engine) => {
      await engine.executeStep(x, context).catch((error) => caught.push(error.message));
      await engine.executeStep(y, context);
    });
    await shop.start(flow({ own }));
    await shop.fail("own/x", new Error("no x"));
    await shop.restart();
    expect(caught).toEqual(["no x", "no x"]);
    await shop.finish("own/y");
    expect(await shop.status()).toBe("completed");
    expect(shop.begun).toEqual(["own/x", "own/y", "own/y"]);
  });

  test("a person's task in it stays the same task", async () => {
    const shop = new Workshop();
    const ask = humanStep("ask");
    const own = new Body((context, engine) => engine.executeStep(ask, context));
    await shop.start(flow({ own }));
    const { items: before } = await shop.engine.tasks.list();
    await shop.restart();
    expect((await shop.engine.tasks.list()).items).toEqual(before);
    await shop.complete("ask", { ok: true });
    expect((await shop.view()).result("own")).toEqual({ ok: true });
  });

  test("a timer in it fires", async () => {
    const shop = new Workshop();
    const wait = new TimerStep({ name: "wait", durationMs: 1000 });
    const own = new Body((context, engine) => engine.executeStep(wait, context));
    await shop.start(flow({ own }));
    await shop.restart();
    await shop.advance(1000);
    expect(await shop.status()).toBe("completed");
  });

  test("a group in it goes on", async () => {
    const shop = new Workshop();
    const pair = new ParallelGroup([shop.step("x"), shop.step("y")], { name: "pair" });
    const own = new Body((context, engine) => engine.executeStep(pair, context));
    await shop.start(flow({ own }));
    await shop.finish("own/pair/x", { result: 1 });
    await shop.restart();
    expect(shop.running).toEqual(["own/pair/y"]);
    await shop.finish("own/pair/y", { result: 2 });
    expect((await shop.view()).result("own")).toEqual([1, 2]);
  });
});

// ---------------------------------------------------------------------- death at every single commit

interface Case {
  readonly definition: () => WorkflowDefinition;
  readonly children?: () => WorkflowDefinition;
  /** How often each step may run although it is recorded once. */
  readonly data: Record<string, unknown>;
}

const counted: string[] = [];

const count = (name: string, result?: unknown) =>
  machineStep(name, (context) => {
    counted.push(context.stepName);
    context.set(name, result ?? true);
    return result;
  });

class Own extends StepGroup {
  readonly #steps = [count("x", 1), count("y", 2)];

  async execute(context: WorkflowContext, engine: GroupEngine): Promise<unknown> {
    const results = [];
    for (const step of this.#steps) results.push(await engine.executeStep(step, context));
    context.set("own", results);
    return results;
  }
}

const cases: Record<string, Case> = {
  "a sequence of steps": {
    definition: () => flow({ a: count("a"), b: count("b"), c: count("c") }, ["a -> b -> c"]),
    data: { a: true, b: true, c: true },
  },
  "a fork and its join": {
    definition: () =>
      flow({ a: count("a"), b: count("b"), c: count("c"), d: count("d") }, [
        "a -> b -> d",
        "a -> c -> d",
      ]),
    data: { a: true, b: true, c: true, d: true },
  },
  "a parallel group with a callback": {
    definition: () =>
      flow(
        {
          group: new ParallelGroup([count("x"), count("y")], { callback: count("z") }),
          after: count("after"),
        },
        ["group -> after"],
      ),
    data: { x: true, y: true, z: true, after: true },
  },
  "a sequential group": {
    definition: () => flow({ group: new SequentialGroup([count("x"), count("y")]) }),
    data: { x: true, y: true },
  },
  "a map with a limit": {
    definition: () =>
      flow({ each: new MapGroup(work("send"), { items: () => [1, 2, 3], maxConcurrent: 1 }) }),
    data: {},
  },
  "a user's own group": {
    definition: () => flow({ own: new Own() }),
    data: { x: 1, y: 2, own: [1, 2] },
  },
  "a subworkflow": {
    definition: () =>
      flow(
        { sub: new SubworkflowStep({ workflow: "child", output: { got: "x" } }), b: count("b") },
        ["sub -> b"],
      ),
    children: () => flow({ x: count("x", 3), y: count("y") }, ["x -> y"], { name: "child" }),
    data: { got: 3, b: true },
  },
  "a timer": {
    definition: () =>
      flow({ wait: new TimerStep({ durationMs: 10 }), b: count("b") }, ["wait -> b"]),
    data: { b: true },
  },
  "a race with a timer": {
    definition: () =>
      flow(
        {
          race: new RaceGroup([humanStep("ask"), new TimerStep({ name: "late", durationMs: 10 })]),
          b: count("b"),
        },
        ["race -> b"],
      ),
    data: { b: true },
  },
};

describe("an engine that dies at any commit", () => {
  for (const [name, { definition, children, data }] of Object.entries(cases)) {
    test(`leaves nothing undone and nothing done twice: ${name}`, async () => {
      for (let diesAt = 1; ; diesAt++) {
        counted.length = 0;
        const store = new MortalStore();
        const shop = new Workshop({ store });
        store.diesAt = diesAt;
        if (children !== undefined) shop.registry.registerDefinition(children());
        await shop.act(shop.start(definition(), { instanceId: "one" }));
        await shop.advance(20);
        const died = store.commits === diesAt && (await isUnfinished(store));
        store.diesAt = Number.POSITIVE_INFINITY;
        await shop.restart();
        await shop.advance(20);
        const { status } = await shop.view();
        expect([diesAt, status]).toEqual([diesAt, "completed"]);
        expect(await shop.data()).toEqual(data);
        expect(await store.listUnfinished()).toEqual([]);
        for (const path of new Set(counted)) {
          const runs = counted.filter((each) => each === path).length;
          expect([diesAt, path, runs <= 2]).toEqual([diesAt, path, true]);
        }
        if (!died) break;
      }
    });
  }

  async function isUnfinished(store: MortalStore): Promise<boolean> {
    return (await store.listUnfinished()).length > 0;
  }

  test("leaves no child running when its parent has ended", async () => {
    for (let diesAt = 1; diesAt < 12; diesAt++) {
      const store = new MortalStore();
      const shop = new Workshop({ store });
      shop.registry.registerDefinition(flow(shop.steps("x"), [], { name: "child" }));
      store.diesAt = diesAt;
      const sub = new SubworkflowStep({ workflow: "child" });
      await shop.start(flow({ sub }), { instanceId: "one" });
      await shop.act(shop.engine.cancelWorkflow("one").catch(() => {}));
      store.diesAt = Number.POSITIVE_INFINITY;
      await shop.restart();
      if ((await shop.status()) === "canceled") {
        expect([diesAt, await store.listUnfinished(), shop.running]).toEqual([diesAt, [], []]);
      }
    }
  });
});

describe("two engines over one store", () => {
  test("do not both write: the later one is told, loads the instance again and goes on", async () => {
    const shop = new Workshop();
    await shop.start(
      flow({ x: humanStep("x"), y: humanStep("y"), z: humanStep("z") }, ["x -> y -> z"]),
    );
    const other: LocalExecutionEngine = shop.newEngine();
    await other.completeHumanTask({ instanceId: shop.id, stepName: "x", data: {} });
    const late = shop.engine.completeHumanTask({ instanceId: shop.id, stepName: "x", data: {} });
    await expect(late).rejects.toMatchObject({ code: "TASK_GONE" });
    await shop.engine.completeHumanTask({ instanceId: shop.id, stepName: "y", data: {} });
    expect(await shop.openTasks()).toEqual(["z"]);
    await other.close();
  });
});
