import {
  machineStep,
  ParallelGroup,
  type ReadonlyContext,
  SequentialGroup,
  type StepOptions,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge } from "../support/definition-problems.ts";
import { flow, refusal, Workshop } from "../support/workshop.ts";

/** A hand-cranked step; `undone` gets its name when it is compensated. */
function undoable(shop: Workshop, undone: string[], name: string, options: StepOptions = {}) {
  return shop.step(name, {
    compensate: (context) => void undone.push(`${name} ${context.result(context.stepName)}`),
    ...options,
  });
}

describe("compensation", () => {
  test("runs for every step that had succeeded, latest first, when the instance fails", async () => {
    const shop = new Workshop();
    const undone: string[] = [];
    const step = (name: string) => undoable(shop, undone, name);
    const steps = { a: step("a"), b: step("b"), c: step("c"), d: step("d") };
    await shop.start(flow(steps, ["a -> b", "a -> c", "b -> d"], { compensate: true }));
    await shop.finish("a", { result: 1 });
    await shop.finish("c", { result: 3 });
    await shop.finish("b", { result: 2 });
    await shop.fail("d", new Error("no d"));
    expect(undone).toEqual(["b 2", "c 3", "a 1"]);
    expect(await shop.status()).toBe("failed");
    expect(await shop.error()).toMatchObject({ message: "no d" });
  });

  test("runs when the instance is cancelled", async () => {
    const shop = new Workshop();
    const undone: string[] = [];
    const steps = { a: undoable(shop, undone, "a"), b: shop.step() };
    await shop.start(flow(steps, ["a -> b"], { compensate: true }));
    await shop.finish("a");
    await shop.act(shop.engine.cancelWorkflow(shop.id, { reason: "withdrawn" }));
    expect(undone).toHaveLength(1);
    expect([await shop.status(), (await shop.view()).reason]).toEqual(["canceled", "withdrawn"]);
  });

  test("does not run unless the definition asks for it, nor when the instance completes", async () => {
    const shop = new Workshop();
    const undone: string[] = [];
    const steps = { a: undoable(shop, undone, "a"), b: shop.step() };
    await shop.start(flow(steps, ["a -> b"]));
    await shop.finish("a");
    await shop.fail("b");
    await shop.start(flow(steps, ["a -> b"], { name: "other", compensate: true }));
    await shop.finish("a");
    await shop.finish("b");
    expect(undone).toEqual([]);
  });

  test("runs for members, of failed groups too, and not for what failed or was skipped", async () => {
    const shop = new Workshop();
    const undone: string[] = [];
    const group = new ParallelGroup([
      undoable(shop, undone, "x"),
      undoable(shop, undone, "y"),
      undoable(shop, undone, "z", { canExecute: () => false }),
    ]);
    await shop.start(flow({ group }, [], { compensate: true }));
    await shop.finish("group/x", { result: 1 });
    await shop.fail("group/y");
    expect(undone).toEqual(["x 1"]);
  });

  test("of a member sees the data as it is committed now", async () => {
    const shop = new Workshop();
    const seen: unknown[] = [];
    const look = { compensate: (context: ReadonlyContext) => void seen.push(context.get("n")) };
    const group = new SequentialGroup([shop.step("x", look), shop.step("y")]);
    const definition = flow({ group, a: shop.step(), b: shop.step() }, ["group -> a -> b"], {
      compensate: true,
      reducers: { n: "sum" },
    });
    await shop.start(definition);
    await shop.finish("group/x", { set: { n: 1 } });
    await shop.finish("group/y", { set: { n: 10 } });
    await shop.finish("a", { set: { n: 100 } });
    await shop.fail("b");
    expect(seen).toEqual([111]);
    await shop.start(definition);
    await shop.finish("group/x", { set: { n: 1 } });
    await shop.fail("group/y");
    expect(seen).toEqual([111, undefined]);
  });

  test("goes on when one compensation fails", async () => {
    const shop = new Workshop();
    const undone: string[] = [];
    const broken = {
      compensate: () => {
        throw new Error("cannot be undone");
      },
    };
    const steps = { a: undoable(shop, undone, "a"), b: shop.step("b", broken), c: shop.step() };
    await shop.start(flow(steps, ["a -> b -> c"], { compensate: true }));
    await shop.finish("a", { result: 1 });
    await shop.finish("b");
    await shop.fail("c");
    expect(undone).toEqual(["a 1"]);
    expect(await shop.status()).toBe("failed");
    expect(await shop.statuses("b")).toEqual(["succeeded", "failed"]);
  });

  test("runs one at a time", async () => {
    const shop = new Workshop();
    const order: string[] = [];
    const slow = (name: string) => ({
      compensate: async () => {
        order.push(`${name} begins`);
        await Promise.resolve();
        order.push(`${name} ends`);
      },
    });
    const steps = { a: shop.step("", slow("a")), b: shop.step("", slow("b")), c: shop.step() };
    await shop.start(flow(steps, ["a -> b -> c"], { compensate: true }));
    await shop.finish("a");
    await shop.finish("b");
    await shop.fail("c");
    expect(order).toEqual(["b begins", "b ends", "a begins", "a ends"]);
  });

  test("runs for every pass of a loop", async () => {
    const shop = new Workshop();
    const undone: number[] = [];
    const a = shop.step("a", { compensate: (context) => void undone.push(context.iteration) });
    const edges = [edge("a", "a", { condition: "again" }), edge("a", "b", { otherwise: true })];
    await shop.start(flow({ a, b: shop.step() }, edges, { compensate: true }));
    await shop.finish("a", { set: { again: true } });
    await shop.finish("a", { set: { again: false } });
    await shop.fail("b");
    expect(undone).toEqual([2, 1]);
  });

  test("lets nothing else in meanwhile", async () => {
    const shop = new Workshop();
    let release = () => {};
    const a = machineStep("a", () => 1, {
      compensate: () => new Promise<void>((resolve) => (release = resolve)),
    });
    await shop.start(flow({ a, b: shop.step() }, ["a -> b"], { compensate: true }));
    await shop.fail("b");
    expect(await shop.status()).toBe("running");
    expect(await refusal(shop.engine.signal({ instanceId: shop.id, name: "go" }))).toMatchObject({
      code: "INSTANCE_ENDED",
      message: expect.stringContaining("being compensated before it ends as failed"),
    });
    release();
    await shop.quiet();
    expect(await shop.status()).toBe("failed");
  });

  test("may be tried again, with the step's retry", async () => {
    const shop = new Workshop();
    let tries = 0;
    const a = machineStep("a", () => 1, {
      retry: { maxAttempts: 2, initialIntervalMs: 10 },
      compensate: () => {
        tries++;
        if (tries === 1) throw new Error("not now");
      },
    });
    await shop.start(flow({ a, b: shop.step() }, ["a -> b"], { compensate: true }));
    await shop.fail("b");
    await shop.advance(10);
    expect(tries).toBe(2);
    expect(await shop.status()).toBe("failed");
  });

  test("has an idempotency key of its own, and does not change the data", async () => {
    const shop = new Workshop();
    const keys: string[] = [];
    const a = machineStep("a", (context) => void keys.push(context.idempotencyKey), {
      compensate: (context) => {
        keys.push(context.idempotencyKey);
        context.set("undone", true);
      },
    });
    await shop.start(flow({ a, b: shop.step() }, ["a -> b"], { compensate: true }));
    await shop.fail("b");
    expect(new Set(keys).size).toBe(2);
    expect(await shop.status()).toBe("failed");
  });
});
