import { humanStep, ParallelGroup, WebhookStep } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge, work } from "../support/definition-problems.ts";
import { flow, Workshop } from "../support/workshop.ts";

describe("canExecute", () => {
  test("that gives false skips the step: its edges are taken as if it had succeeded", async () => {
    const shop = new Workshop();
    const steps = { a: shop.step("", { canExecute: () => false }), b: shop.step(), c: shop.step() };
    await shop.start(flow(steps, ["a -> b", edge("a", "c", { on: "failure" })]));
    expect(await shop.statuses("a")).toEqual(["skipped"]);
    expect(shop.running).toEqual(["b"]);
    expect(shop.begun).toEqual(["b"]);
  });

  test("sees the data, and may take its time", async () => {
    const shop = new Workshop();
    const canExecute = async (context: { get(key: string): unknown }) => context.get("go") === true;
    const definition = flow({ a: shop.step("", { canExecute }) });
    await shop.start(definition, { initialData: { go: true } });
    expect(shop.running).toEqual(["a"]);
    await shop.start(definition, { initialData: { go: false } });
    expect(await shop.statuses("a")).toEqual(["skipped"]);
  });

  test("that throws, or gives no boolean, fails the step", async () => {
    const shop = new Workshop();
    const broken = () => {
      throw new Error("no rates");
    };
    await shop.start(flow({ a: shop.step("", { canExecute: broken }) }));
    expect(await shop.error()).toMatchObject({
      code: "STEP_FAILED",
      message: "no rates",
      path: "a",
    });
    const odd = () => "yes" as unknown as boolean;
    await shop.start(flow({ a: shop.step("", { canExecute: odd }) }, [], { name: "odd" }));
    expect(await shop.error()).toMatchObject({ code: "INVALID_ARGUMENT", path: "a" });
    expect(shop.begun).toEqual([]);
  });

  test("skips steps of every kind, and groups", async () => {
    const shop = new Workshop();
    const canExecute = () => false;
    const steps = {
      ask: humanStep("ask", { canExecute }),
      hook: new WebhookStep({ canExecute }),
      group: new ParallelGroup([shop.step("x")], { canExecute }),
      end: shop.step(),
    };
    await shop.start(flow(steps, ["ask -> hook -> group -> end"]));
    expect(await shop.history()).toEqual([
      "ask skipped",
      "hook skipped",
      "group skipped",
      "end running",
    ]);
  });

  test("of a terminal step that terminates: being skipped ends the instance, too", async () => {
    const shop = new Workshop();
    const steps = {
      a: shop.step(),
      stop: shop.step("", { canExecute: () => false }),
      x: shop.step(),
    };
    const definition = flow(steps, ["a -> stop", "a -> x"], {
      terminalSteps: [{ step: "stop", terminate: true }, "x"],
    });
    await shop.start(definition);
    await shop.finish("a");
    expect(await shop.status()).toBe("completed");
    expect(await shop.statuses("x")).toEqual(["canceled"]);
  });
});

describe("onSuccess and onFailure", () => {
  test("are called once the outcome is durable, with the result or the error", async () => {
    const shop = new Workshop();
    const calls: unknown[] = [];
    const a = shop.step("a", {
      onSuccess: (context, result) => void calls.push([context.get("x"), result]),
      onFailure: () => void calls.push("failed"),
    });
    const b = shop.step("b", {
      retry: { maxAttempts: 2 },
      onSuccess: () => void calls.push("succeeded"),
      onFailure: (context, error) => void calls.push([context.instanceId, error.message]),
    });
    await shop.start(flow({ a, b }, ["a -> b"]), { instanceId: "one" });
    await shop.finish("a", { set: { x: 1 }, result: 7 });
    await shop.fail("b", new Error("first"));
    expect(calls).toEqual([[1, 7]]);
    await shop.fail("b", new Error("second"));
    expect(calls).toEqual([
      [1, 7],
      ["one", "second"],
    ]);
  });

  test("cannot change the outcome: what they throw is logged", async () => {
    const shop = new Workshop();
    const broken = () => {
      throw new Error("no log");
    };
    const steps = {
      a: work("a", { onSuccess: broken }),
      b: work("b", { onSuccess: async () => broken() }),
    };
    await shop.start(flow(steps, ["a -> b"]));
    expect(await shop.status()).toBe("completed");
    expect(shop.logged).toEqual(['A hook of "a" threw', 'A hook of "b" threw']);
  });

  test("are called for members and groups, with the group's result", async () => {
    const shop = new Workshop();
    const calls: unknown[] = [];
    const onSuccess = (_context: unknown, result: unknown) => void calls.push(result);
    const group = new ParallelGroup([shop.step("x", { onSuccess })], { onSuccess });
    await shop.start(flow({ group }));
    await shop.finish("group/x", { result: 1 });
    expect(calls).toEqual([1, [1]]);
  });

  test("are not called for what is skipped or cancelled, nor again after a restart", async () => {
    const shop = new Workshop();
    const calls: string[] = [];
    const hooks = {
      onSuccess: () => void calls.push("success"),
      onFailure: () => void calls.push("failure"),
    };
    const steps = {
      a: shop.step("", hooks),
      b: shop.step("", { ...hooks, canExecute: () => false }),
      c: shop.step("", hooks),
    };
    await shop.start(flow(steps, ["a -> b -> c"]));
    await shop.finish("a");
    await shop.restart();
    await shop.act(shop.engine.cancelWorkflow(shop.id));
    expect(calls).toEqual(["success"]);
  });
});

describe("a webhook's execute", () => {
  test("is given the token, and what it writes counts when the callback has come", async () => {
    const shop = new Workshop();
    let token = "";
    const hook = new WebhookStep({
      execute: (context, issued) => {
        token = issued;
        context.set("asked", true);
      },
    });
    await shop.start(flow({ hook }));
    expect(await shop.data()).toEqual({});
    await shop.engine.completeWebhook(token, 5);
    expect(await shop.data()).toEqual({ hook: 5, asked: true });
  });

  test("may be answered before it has returned", async () => {
    const shop = new Workshop();
    const hook = new WebhookStep({
      execute: async (_context, token) => {
        await shop.engine.completeWebhook(token, "quick");
      },
    });
    await shop.start(flow({ hook }));
    expect(await shop.status()).toBe("completed");
    expect(await shop.data()).toEqual({ hook: "quick" });
  });

  test("that throws fails the step, and may be tried again with the same token", async () => {
    const shop = new Workshop();
    const tokens: string[] = [];
    const hook = new WebhookStep({
      retry: { maxAttempts: 2 },
      execute: (_context, token) => {
        tokens.push(token);
        if (tokens.length === 1) throw new Error("not reached");
      },
    });
    await shop.start(flow({ hook }));
    expect(tokens).toHaveLength(2);
    expect(tokens[0]).toBe(tokens[1]);
    expect(await shop.status()).toBe("waiting");
  });
});
