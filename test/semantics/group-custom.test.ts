import {
  type GroupEngine,
  humanStep,
  ParallelGroup,
  StepFailedError,
  StepGroup,
  type StepOptions,
  type WorkflowContext,
  type WorkflowNode,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge } from "../support/definition-problems.ts";
import { flow, Workshop } from "../support/workshop.ts";

type Body = (context: WorkflowContext, engine: GroupEngine) => unknown;

class Own extends StepGroup {
  readonly body: Body;

  constructor(body: Body, options: StepOptions & { name?: string } = {}) {
    super();
    Object.assign(this, options);
    this.body = body;
  }

  execute(context: WorkflowContext, engine: GroupEngine): unknown {
    return this.body(context, engine);
  }
}

/** Runs the steps one after another. */
const oneByOne =
  (...steps: WorkflowNode[]): Body =>
  async (context, engine) => {
    const results = [];
    for (const step of steps) results.push((await engine.executeStep(step, context)) ?? null);
    return results;
  };

describe("a user's own group", () => {
  test("runs the steps that its body asks for, and returns what the body returns", async () => {
    const shop = new Workshop();
    const own = new Own(oneByOne(shop.step("x"), shop.step("y")));
    await shop.start(flow({ own }));
    expect(shop.running).toEqual(["own/x"]);
    await shop.finish("own/x", { result: 1 });
    await shop.finish("own/y", { result: 2 });
    expect((await shop.view()).result("own")).toEqual([1, 2]);
    expect(await shop.history()).toEqual(["own succeeded", "own/x succeeded", "own/y succeeded"]);
  });

  test("may run several steps side by side", async () => {
    const shop = new Workshop();
    const [x, y] = [shop.step("x"), shop.step("y")];
    const own = new Own((context, engine) =>
      Promise.all([engine.executeStep(x, context), engine.executeStep(y, context)]),
    );
    await shop.start(flow({ own }));
    expect(shop.running).toEqual(["own/x", "own/y"]);
    await shop.finish("own/y", { result: 2 });
    await shop.finish("own/x", { result: 1 });
    expect((await shop.view()).result("own")).toEqual([1, 2]);
  });

  test("shows a later member, and the body, what an earlier one wrote; outside nothing shows", async () => {
    const shop = new Workshop();
    const seen: unknown[] = [];
    const [x, y] = [shop.step("x"), shop.step("y")];
    const own = new Own(async (context, engine) => {
      context.set("own", 0);
      await engine.executeStep(x, context);
      seen.push(context.get("x"));
      await engine.executeStep(y, context);
    });
    const steps = { a: shop.step(), own, other: shop.step() };
    await shop.start(flow(steps, ["a -> own", "a -> other"]));
    await shop.finish("a");
    await shop.finish("own/x", { set: { x: 1 } });
    expect(seen).toEqual([1]);
    expect([shop.context("own/y").get("x"), shop.context("own/y").get("own")]).toEqual([1, 0]);
    expect(await shop.data()).toEqual({});
    await shop.finish("own/y", { set: { y: 2 } });
    expect(await shop.data()).toEqual({ own: 0, x: 1, y: 2 });
  });

  test("shows no member what others write that run beside it", async () => {
    const shop = new Workshop();
    const [x, y] = [shop.step("x"), shop.step("y")];
    const own = new Own((context, engine) =>
      Promise.all([engine.executeStep(x, context), engine.executeStep(y, context)]),
    );
    await shop.start(flow({ own }));
    await shop.finish("own/x", { set: { x: 1 } });
    expect(shop.context("own/y").get("x")).toBeUndefined();
  });

  test("writes nothing when it fails", async () => {
    const shop = new Workshop();
    const x = shop.step("x");
    const own = new Own(async (context, engine) => {
      context.set("own", 1);
      await engine.executeStep(x, context);
      throw new Error("no more");
    });
    await shop.start(flow({ own }));
    await shop.finish("own/x", { set: { x: 1 } });
    expect(await shop.error()).toEqual({ code: "STEP_FAILED", message: "no more", path: "own" });
    expect(await shop.data()).toEqual({});
  });

  test("fails with the error of a member that it does not catch", async () => {
    const shop = new Workshop();
    await shop.start(flow({ own: new Own(oneByOne(shop.step("x"))) }));
    await shop.fail("own/x", new Error("no x"));
    expect(await shop.error()).toMatchObject({ message: "no x" });
    expect(await shop.statuses("own")).toEqual(["failed"]);
  });

  test("may catch a member's error, by its code, and go on", async () => {
    const shop = new Workshop();
    const [x, y] = [shop.step("x"), shop.step("y")];
    let caught: unknown;
    const own = new Own(async (context, engine) => {
      try {
        await engine.executeStep(x, context);
      } catch (error) {
        caught = error;
        return engine.executeStep(y, context);
      }
      return "x";
    });
    await shop.start(flow({ own }));
    await shop.fail("own/x", new Error("no x"));
    expect(caught).toBeInstanceOf(StepFailedError);
    expect(caught).toMatchObject({
      code: "STEP_FAILED",
      message: "no x",
      recorded: { code: "STEP_FAILED", message: "no x", path: "own/x" },
    });
    await shop.finish("own/y", { result: "y" });
    expect((await shop.view()).result("own")).toBe("y");
  });

  test("leaves out the writes of a member that failed", async () => {
    const shop = new Workshop();
    const x = shop.step("x");
    const own = new Own(async (context, engine) => {
      await engine.executeStep(x, context).catch(() => {});
      return context.get("x", "nothing");
    });
    await shop.start(flow({ own }));
    shop.context("own/x").set("x", 1);
    await shop.fail("own/x");
    expect((await shop.view()).result("own")).toBe("nothing");
    expect(await shop.data()).toEqual({});
  });

  test("cancels what still runs when its body returns", async () => {
    const shop = new Workshop();
    const [x, y] = [shop.step("x"), shop.step("y")];
    const own = new Own((context, engine) =>
      Promise.race([engine.executeStep(x, context), engine.executeStep(y, context)]),
    );
    await shop.start(flow({ own, next: shop.step() }, ["own -> next"]));
    await shop.finish("own/y", { result: "y" });
    expect(shop.running).toEqual(["next"]);
    expect(await shop.statuses("own/x")).toEqual(["canceled"]);
    expect((await shop.view()).result("own")).toBe("y");
  });

  test("cancels what still runs when its body throws", async () => {
    const shop = new Workshop();
    const [x, y] = [shop.step("x"), shop.step("y")];
    const own = new Own((context, engine) =>
      Promise.all([engine.executeStep(x, context), engine.executeStep(y, context)]),
    );
    await shop.start(flow({ own }));
    await shop.fail("own/x");
    expect(await shop.statuses("own/y")).toEqual(["canceled"]);
    expect(shop.running).toEqual([]);
  });

  test("gives null for a member that was skipped", async () => {
    const shop = new Workshop();
    const x = shop.step("x", { canExecute: () => false });
    const results: unknown[] = [];
    const own = new Own(async (context, engine) => {
      results.push(await engine.executeStep(x, context));
    });
    await shop.start(flow({ own }));
    expect(results).toEqual([null]);
    expect(await shop.status()).toBe("completed");
  });

  test("is told when a member is cancelled by hand", async () => {
    const shop = new Workshop();
    const codes: string[] = [];
    const x = shop.step("x");
    const own = new Own(async (context, engine) => {
      await engine.executeStep(x, context).catch((error) => codes.push(error.code));
    });
    await shop.start(flow({ own }));
    await shop.act(shop.engine.cancelStep({ instanceId: shop.id, stepName: "own/x" }));
    expect(codes).toEqual(["CANCELED"]);
    expect(await shop.status()).toBe("completed");
  });

  test("may run persons' tasks and other groups", async () => {
    const shop = new Workshop();
    const pair = new ParallelGroup([shop.step("x"), shop.step("y")], { name: "pair" });
    const own = new Own(oneByOne(humanStep("ask"), pair));
    await shop.start(flow({ own }));
    expect(await shop.status()).toBe("waiting");
    await shop.complete("ask", { ok: true });
    await shop.finish("own/pair/x", { result: 1 });
    await shop.finish("own/pair/y", { result: 2 });
    expect((await shop.view()).result("own")).toEqual([{ ok: true }, [1, 2]]);
    expect(await shop.data()).toEqual({ ask: { ok: true } });
  });

  test("is aborted by its timeout, with its members", async () => {
    const shop = new Workshop();
    await shop.start(flow({ own: new Own(oneByOne(shop.step("x")), { timeoutMs: 100 }) }));
    await shop.advance(100);
    expect(await shop.error()).toMatchObject({ code: "STEP_TIMEOUT", path: "own" });
    expect(shop.running).toEqual([]);
  });

  test("retries run its body again, failed members too, but not those that succeeded", async () => {
    const shop = new Workshop();
    const own = new Own(oneByOne(shop.step("x"), shop.step("y")), { retry: { maxAttempts: 2 } });
    await shop.start(flow({ own }));
    await shop.finish("own/x", { result: 1 });
    await shop.fail("own/y");
    expect(shop.running).toEqual(["own/y"]);
    await shop.finish("own/y", { result: 2 });
    expect((await shop.view()).result("own")).toEqual([1, 2]);
    expect(shop.begun).toEqual(["own/x", "own/y", "own/y"]);
  });

  test("an operator's retry runs its body again, failed members too", async () => {
    const shop = new Workshop();
    const own = new Own(oneByOne(shop.step("x"), shop.step("y")));
    await shop.start(flow({ own }));
    await shop.finish("own/x", { result: 1 });
    await shop.fail("own/y");
    expect(await shop.status()).toBe("failed");
    await shop.act(shop.engine.retryWorkflow(shop.id));
    expect(shop.running).toEqual(["own/y"]);
    await shop.finish("own/y", { result: 2 });
    expect(await shop.status()).toBe("completed");
  });

  test("may be a member of another group", async () => {
    const shop = new Workshop();
    const own = new Own(oneByOne(shop.step("x")), { name: "own" });
    await shop.start(flow({ group: new ParallelGroup([own, shop.step("y")]) }));
    await shop.finish("group/own/x", { set: { x: 1 } });
    await shop.finish("group/y");
    expect(await shop.status()).toBe("completed");
    expect(await shop.data()).toEqual({ x: 1 });
  });

  test("may stand in another of its kind", async () => {
    const shop = new Workshop();
    const inner = new Own(oneByOne(shop.step("x")), { name: "inner" });
    await shop.start(flow({ own: new Own(oneByOne(inner, shop.step("y"))) }));
    expect(shop.running).toEqual(["own/inner/x"]);
    await shop.finish("own/inner/x", { result: 1, set: { x: 1 } });
    expect(shop.context("own/y").get("x")).toBe(1);
    await shop.finish("own/y", { result: 2 });
    expect((await shop.view()).result("own")).toEqual([[1], 2]);
  });

  test("numbers repeated calls of one step", async () => {
    const shop = new Workshop();
    const x = shop.step("x");
    await shop.start(flow({ own: new Own(oneByOne(x, x, x)) }));
    await shop.finish("own/x");
    await shop.finish("own/x[1]");
    await shop.finish("own/x[2]");
    expect(await shop.status()).toBe("completed");
  });

  test("may stand in a loop", async () => {
    const shop = new Workshop();
    const own = new Own(oneByOne(shop.step("x")));
    const edges = [
      edge("own", "own", { condition: "again" }),
      edge("own", "end", { otherwise: true }),
    ];
    await shop.start(flow({ own, end: shop.step() }, edges), { initialData: { again: true } });
    await shop.finish("own/x", { set: { again: true } });
    await shop.finish("own/x", { set: { again: false } });
    expect(shop.running).toEqual(["end"]);
    expect(shop.begun).toEqual(["own/x", "own/x", "end"]);
  });
});

describe("a user's own group that is loaded while its instance is paused", () => {
  test("withdraws a task that its body has not asked for again, when it is cancelled", async () => {
    const shop = new Workshop();
    await shop.start(flow({ own: new Own(oneByOne(humanStep("ask"))) }));
    expect(await shop.openTasks()).toEqual(["own/ask"]);
    await shop.act(shop.engine.pauseWorkflow(shop.id));
    await shop.restart();
    await shop.act(shop.engine.cancelWorkflow(shop.id));
    expect(await shop.openTasks()).toEqual([]);
  });

  test("runs what its body asked for while it was paused, when it goes on", async () => {
    const shop = new Workshop();
    await shop.start(flow({ own: new Own(oneByOne(shop.step("x"), shop.step("y"))) }));
    await shop.act(shop.engine.pauseWorkflow(shop.id));
    await shop.finish("own/x");
    await shop.restart();
    const { engine, id } = shop;
    await shop.act(Promise.all([engine.resumeWorkflow(id), engine.pauseWorkflow(id)]));
    expect(await shop.statuses("own/y")).toEqual(["pending"]);
    await shop.act(engine.resumeWorkflow(id));
    expect(shop.running).toEqual(["own/y"]);
  });
});
