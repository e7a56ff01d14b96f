import { humanStep, ParallelGroup, SequentialGroup, TimerStep } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge } from "../support/definition-problems.ts";
import { flow, Workshop } from "../support/workshop.ts";

const cancel = (shop: Workshop, stepName: string) =>
  shop.act(shop.engine.cancelStep({ instanceId: shop.id, stepName, userId: "ann" }));

describe("mutex", () => {
  const three = (shop: Workshop) => ({
    a: shop.step(),
    b: shop.step("", { mutex: "m" }),
    c: shop.step("", { mutex: "m" }),
    d: shop.step("", { mutex: "m" }),
  });
  const fork = ["a -> b", "a -> c", "a -> d"];

  test("lets steps of the same name run one at a time, first come, first served", async () => {
    const shop = new Workshop();
    await shop.start(flow(three(shop), fork));
    await shop.finish("a");
    for (const name of ["b", "c", "d"]) {
      expect(shop.running).toEqual([name]);
      await shop.finish(name);
    }
    expect(await shop.status()).toBe("completed");
  });

  test("is given up by a failure, a cancellation and a wait for the next attempt", async () => {
    const shop = new Workshop();
    const steps = {
      ...three(shop),
      b: shop.step("", { mutex: "m", retry: { maxAttempts: 2, initialIntervalMs: 10 } }),
    };
    await shop.start(flow(steps, fork));
    await shop.finish("a");
    await shop.fail("b");
    expect(shop.running).toEqual(["c"]);
    await shop.advance(10);
    expect(shop.running).toEqual(["c"]);
    await cancel(shop, "c");
    expect(shop.running).toEqual(["d"]);
    await shop.finish("d");
    expect(shop.running).toEqual(["b"]);
  });

  test("is held by a task until it is completed", async () => {
    const shop = new Workshop();
    const steps = {
      a: shop.step(),
      b: humanStep("b", { mutex: "m" }),
      c: shop.step("", { mutex: "m" }),
    };
    await shop.start(flow(steps, ["a -> b", "a -> c"]));
    await shop.finish("a");
    expect(shop.running).toEqual([]);
    await shop.complete("b");
    expect(shop.running).toEqual(["c"]);
  });

  test("holds for groups and their members", async () => {
    const shop = new Workshop();
    const group = new SequentialGroup([shop.step("x"), shop.step("y")], { mutex: "m" });
    const other = new ParallelGroup([shop.step("v", { mutex: "m" }), shop.step("w")]);
    await shop.start(flow({ a: shop.step(), group, other }, ["a -> group", "a -> other"]));
    await shop.finish("a");
    expect(shop.running).toEqual(["group/x", "other/w"]);
    await shop.finish("group/x");
    await shop.finish("group/y");
    expect(shop.running).toEqual(["other/w", "other/v"]);
  });

  test("does not hold between instances", async () => {
    const shop = new Workshop();
    const definition = flow({ a: shop.step("", { mutex: "m" }) });
    await shop.start(definition);
    await shop.start(definition);
    expect(shop.running).toEqual(["a", "a"]);
  });

  test("of two names do not hold each other", async () => {
    const shop = new Workshop();
    const steps = {
      a: shop.step(),
      b: shop.step("", { mutex: "m" }),
      c: shop.step("", { mutex: "n" }),
    };
    await shop.start(flow(steps, ["a -> b", "a -> c"]));
    await shop.finish("a");
    expect(shop.running).toEqual(["b", "c"]);
  });

  test("holds between passes of a loop", async () => {
    const shop = new Workshop();
    const steps = {
      a: shop.step(),
      c: shop.step(),
      b: shop.step("", { mutex: "m", join: "each" }),
    };
    await shop.start(flow(steps, ["a -> b", "a -> c -> b"]));
    await shop.finish("a");
    await shop.finish("c");
    expect(shop.running).toEqual(["b"]);
    await shop.finish("b");
    expect(shop.running).toEqual(["b"]);
  });
});

describe("cancels", () => {
  test("stops running work, tasks and timers when the step succeeds", async () => {
    const shop = new Workshop();
    const steps = {
      a: shop.step(),
      stop: shop.step("", { cancels: ["run", "ask", "wait"] }),
      run: shop.step(),
      ask: humanStep("ask"),
      wait: new TimerStep({ durationMs: 10 }),
      after: shop.step("", { join: "each" }),
    };
    const edges = ["a -> stop", "a -> run -> after", "a -> ask -> after", "a -> wait -> after"];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    const { signal } = shop.context("run");
    await shop.finish("stop");
    expect(signal.aborted).toBe(true);
    expect(await shop.openTasks()).toEqual([]);
    await shop.advance(10);
    expect(await shop.status()).toBe("completed");
    expect(await shop.statuses("after")).toEqual([]);
    for (const path of ["run", "ask", "wait"]) {
      expect(await shop.statuses(path)).toEqual(["canceled"]);
    }
  });

  test("acts when the step fails for good, too, and not when it is skipped", async () => {
    const shop = new Workshop();
    const steps = {
      a: shop.step(),
      bad: shop.step("", { cancels: ["x"] }),
      idle: shop.step("", { cancels: ["y"], canExecute: () => false }),
      x: shop.step(),
      y: shop.step(),
      mend: shop.step(),
    };
    const edges = [
      "a -> bad",
      "a -> idle",
      "a -> x",
      "a -> y",
      edge("bad", "mend", { on: "failure" }),
    ];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    expect(shop.running).toEqual(["bad", "x", "y"]);
    await shop.fail("bad");
    expect(shop.running.sort()).toEqual(["mend", "y"]);
  });

  test("leaves the cancelled step's edges dead, except those for its cancellation", async () => {
    const shop = new Workshop();
    const steps = {
      a: shop.step(),
      stop: shop.step("", { cancels: ["x"] }),
      x: shop.step(),
      next: shop.step(),
      tidy: shop.step(),
      any: shop.step(),
    };
    const edges = [
      "a -> stop",
      "a -> x -> next",
      edge("x", "tidy", { on: "cancel" }),
      edge("x", "any", { on: "always" }),
    ];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    await shop.finish("stop");
    expect(shop.running).toEqual(["tidy"]);
  });

  test("takes away tokens that wait at a join", async () => {
    const shop = new Workshop();
    const steps = {
      ...shop.steps("a", "b", "c", "join", "tidy"),
      stop: shop.step("", { cancels: ["join"] }),
    };
    const edges = [
      "a -> b -> join",
      "a -> c -> join",
      "a -> stop",
      edge("join", "tidy", { on: "cancel" }),
    ];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    await shop.finish("b");
    await shop.finish("stop");
    expect(shop.running).toEqual(["c", "tidy"]);
    await shop.finish("c");
    expect(shop.running).toEqual(["tidy", "join"]);
  });

  test.each(["without", "with"])(
    "goes on by what it cancels in order, executions before arrivals, %s a restart",
    async (how) => {
      const shop = new Workshop();
      const steps = {
        ...shop.steps("a", "older", "b", "younger", "c", "d", "wait"),
        join1: shop.step(),
        join2: shop.step(),
        ...shop.steps("e1", "e2", "e3", "e4"),
        stop: shop.step("", { cancels: ["join2", "join1", "younger", "older"] }),
      };
      const edges = [
        ...["a -> older", "a -> b -> younger", "a -> wait -> join1", "wait -> join2", "a -> stop"],
        ...["a -> c -> join1", "a -> d -> join2"],
        ...["older", "younger", "join1", "join2"].map((source, index) =>
          edge(source, `e${index + 1}`, { on: "cancel" }),
        ),
      ];
      await shop.start(flow(steps, edges));
      for (const name of ["a", "b", "d", "c"]) await shop.finish(name);
      if (how === "with") await shop.restart();
      await shop.finish("stop");
      expect(shop.running).toEqual(["wait", "e1", "e2", "e3", "e4"]);
    },
  );

  test("lets a join go on that waited for the cancelled step", async () => {
    const shop = new Workshop();
    const steps = { ...shop.steps("a", "b", "c", "join"), stop: shop.step("", { cancels: ["c"] }) };
    await shop.start(flow(steps, ["a -> b -> join", "a -> c -> join", "a -> stop"]));
    await shop.finish("a");
    await shop.finish("b");
    await shop.finish("stop");
    expect(shop.running).toEqual(["join"]);
  });

  test("cancels a group with all its members", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup([shop.step("x"), humanStep("ask")]);
    const steps = { a: shop.step(), stop: shop.step("", { cancels: ["group"] }), group };
    await shop.start(flow(steps, ["a -> stop", "a -> group"]));
    await shop.finish("a");
    await shop.finish("stop");
    expect(await shop.statuses("group")).toEqual(["canceled"]);
    expect(await shop.statuses("group/x")).toEqual(["canceled"]);
    expect(await shop.openTasks()).toEqual([]);
    expect(await shop.status()).toBe("completed");
  });
});

describe("cancelStep", () => {
  test("does the same by hand", async () => {
    const shop = new Workshop();
    const edges = ["a -> x -> next", "a -> y", edge("x", "tidy", { on: "cancel" })];
    await shop.start(flow(shop.steps("a", "x", "next", "y", "tidy"), edges));
    await shop.finish("a");
    await cancel(shop, "x");
    expect(shop.running).toEqual(["y", "tidy"]);
    const { steps } = await shop.view();
    expect(steps.find(({ path }) => path === "x")?.error).toMatchObject({
      code: "CANCELED",
      message: "cancelled by ann",
    });
  });

  test("completes the instance if nothing else is left", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"]));
    await cancel(shop, "a");
    expect(await shop.status()).toBe("completed");
    expect(await shop.history()).toEqual(["a canceled"]);
  });

  test("cancels a step that waits for its turn or its next attempt", async () => {
    const shop = new Workshop();
    const steps = {
      a: shop.step(),
      b: shop.step("", { mutex: "m" }),
      c: shop.step("", { mutex: "m" }),
      d: shop.step("", { retry: { maxAttempts: 2, initialIntervalMs: 10 } }),
    };
    await shop.start(flow(steps, ["a -> b", "a -> c", "a -> d"]));
    await shop.finish("a");
    await shop.fail("d");
    await cancel(shop, "c");
    await cancel(shop, "d");
    await shop.finish("b");
    await shop.advance(100);
    expect(await shop.status()).toBe("completed");
    expect(shop.begun).toEqual(["a", "b", "d"]);
  });

  test("cancels arrivals that wait at a join", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b", "c", "join"), ["a -> b -> join", "a -> c -> join"]));
    await shop.finish("a");
    await shop.finish("b");
    await cancel(shop, "join");
    expect(shop.running).toEqual(["c"]);
    await shop.finish("c");
    expect(shop.running).toEqual(["join"]);
    expect(await shop.statuses("join")).toEqual(["canceled", "running"]);
  });

  test("cancels one member of a group, which goes on", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ParallelGroup([shop.step("x"), shop.step("y")]) }));
    await cancel(shop, "group/x");
    await shop.finish("group/y", { result: 1 });
    expect((await shop.view()).result("group")).toEqual([null, 1]);
  });
});
