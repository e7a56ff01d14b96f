import { humanStep, ParallelGroup, RaceGroup, SequentialGroup, TimerStep } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, Workshop } from "../support/workshop.ts";

describe("RaceGroup", () => {
  test("is won by the first member to succeed, and the others are cancelled", async () => {
    const shop = new Workshop();
    const race = new RaceGroup([shop.step("x"), shop.step("y"), shop.step("z")]);
    await shop.start(flow({ race, next: shop.step() }, ["race -> next"]));
    await shop.finish("race/y", { result: 7, set: { y: 1 } });
    expect(shop.running).toEqual(["next"]);
    expect((await shop.view()).result("race")).toEqual({ winner: "y", result: 7 });
    expect(await shop.statuses("race/x")).toEqual(["canceled"]);
    expect(await shop.statuses("race/z")).toEqual(["canceled"]);
    expect(await shop.data()).toEqual({ y: 1 });
  });

  test("lets no write of a loser appear, even of one that ends in the same moment", async () => {
    const shop = new Workshop();
    const race = new RaceGroup([shop.step("x"), shop.step("y")]);
    await shop.start(flow({ race }));
    shop.context("race/x").set("x", 1);
    const losing = shop.finish("race/y", { set: { y: 1 } });
    await Promise.all([losing, shop.finish("race/x", { set: { x: 2 } })]);
    expect(await shop.data()).toEqual({ y: 1 });
  });

  test("aborts the losers' signals and withdraws their tasks", async () => {
    const shop = new Workshop();
    const race = new RaceGroup([shop.step("x"), humanStep("ask"), shop.step("y")]);
    await shop.start(flow({ race }));
    const { signal } = shop.context("race/x");
    expect(await shop.openTasks()).toEqual(["race/ask"]);
    await shop.finish("race/y");
    expect(signal.aborted).toBe(true);
    expect(await shop.openTasks()).toEqual([]);
  });

  test("goes on while a failed member leaves others", async () => {
    const shop = new Workshop();
    await shop.start(flow({ race: new RaceGroup([shop.step("x"), shop.step("y")]) }));
    await shop.fail("race/x");
    expect(shop.running).toEqual(["race/y"]);
    await shop.finish("race/y", { result: 1 });
    expect((await shop.view()).result("race")).toEqual({ winner: "y", result: 1 });
  });

  test("fails only if all fail, with every error", async () => {
    const shop = new Workshop();
    await shop.start(flow({ race: new RaceGroup([shop.step("x"), shop.step("y")]) }));
    await shop.fail("race/y", new Error("no y"));
    await shop.fail("race/x", new Error("no x"));
    expect(await shop.error()).toEqual({
      code: "RACE_LOST",
      message: 'No member of "race" succeeded: no x; no y',
      path: "race",
      errors: [
        { code: "STEP_FAILED", message: "no x", path: "race/x" },
        { code: "STEP_FAILED", message: "no y", path: "race/y" },
      ],
    });
  });

  test('with settle: "first", lets the first failure decide', async () => {
    const shop = new Workshop();
    const race = new RaceGroup([shop.step("x"), shop.step("y")], { settle: "first" });
    await shop.start(flow({ race }));
    await shop.fail("race/x", new Error("no x"));
    expect(shop.running).toEqual([]);
    expect(await shop.error()).toMatchObject({
      code: "RACE_LOST",
      path: "race",
      errors: [{ message: "no x", path: "race/x" }],
    });
    expect(await shop.statuses("race/y")).toEqual(["canceled"]);
  });

  test('with settle: "first", lets the first success decide', async () => {
    const shop = new Workshop();
    const race = new RaceGroup([shop.step("x"), shop.step("y")], { settle: "first" });
    await shop.start(flow({ race }));
    await shop.finish("race/x");
    expect((await shop.view()).result("race")).toEqual({ winner: "x", result: null });
  });

  test.each(["success", "first"] as const)(
    "with settle: %j, a skipped member never wins",
    async (settle) => {
      const shop = new Workshop();
      const idle = shop.step("x", { canExecute: () => false });
      await shop.start(flow({ race: new RaceGroup([idle, shop.step("y")], { settle }) }));
      expect(shop.running).toEqual(["race/y"]);
      await shop.finish("race/y", { result: 1 });
      expect((await shop.view()).result("race")).toEqual({ winner: "y", result: 1 });
    },
  );

  test("is skipped when all members are, and its edges are taken", async () => {
    const shop = new Workshop();
    const idle = (name: string) => shop.step(name, { canExecute: () => false });
    const steps = { race: new RaceGroup([idle("x"), idle("y")]), next: shop.step() };
    await shop.start(flow(steps, ["race -> next"]));
    expect(await shop.statuses("race")).toEqual(["skipped"]);
    expect(shop.running).toEqual(["next"]);
  });

  test("with a failed and a skipped member, is lost", async () => {
    const shop = new Workshop();
    const idle = shop.step("x", { canExecute: () => false });
    await shop.start(flow({ race: new RaceGroup([idle, shop.step("y")]) }));
    await shop.fail("race/y");
    expect(await shop.error()).toMatchObject({ code: "RACE_LOST" });
  });

  test("passes over a member that was cancelled by hand", async () => {
    const shop = new Workshop();
    const race = new RaceGroup([shop.step("x"), shop.step("y")], { settle: "first" });
    await shop.start(flow({ race }));
    await shop.act(shop.engine.cancelStep({ instanceId: shop.id, stepName: "race/x" }));
    expect(shop.running).toEqual(["race/y"]);
    await shop.finish("race/y");
    expect((await shop.view()).result("race")).toEqual({ winner: "y", result: null });
  });

  test("of a task and a timer is an approval with a deadline: in time", async () => {
    const shop = new Workshop();
    const late = new TimerStep({ name: "late", durationMs: 1000 });
    await shop.start(flow({ race: new RaceGroup([humanStep("approve"), late]) }));
    await shop.complete("approve", { ok: true });
    expect((await shop.view()).result("race")).toEqual({ winner: "approve", result: { ok: true } });
    expect(await shop.data()).toEqual({ approve: { ok: true } });
  });

  test("of a task and a timer is an approval with a deadline: too late", async () => {
    const shop = new Workshop();
    const late = new TimerStep({ name: "late", durationMs: 1000 });
    await shop.start(flow({ race: new RaceGroup([humanStep("approve"), late]) }));
    await shop.advance(1000);
    expect((await shop.view()).result("race")).toEqual({ winner: "late", result: null });
    expect(await shop.openTasks()).toEqual([]);
    expect(await shop.data()).toEqual({});
  });

  test("may have groups as members; a losing group writes nothing", async () => {
    const shop = new Workshop();
    const race = new RaceGroup([
      new SequentialGroup([shop.step("x"), shop.step("y")], { name: "slow" }),
      new ParallelGroup([shop.step("z")], { name: "quick" }),
    ]);
    await shop.start(flow({ race }));
    await shop.finish("race/slow/x", { set: { x: 1 } });
    await shop.finish("race/quick/z", { set: { z: 1 }, result: 5 });
    expect((await shop.view()).result("race")).toEqual({ winner: "quick", result: [5] });
    expect(await shop.data()).toEqual({ z: 1 });
    expect(await shop.statuses("race/slow/y")).toEqual(["canceled"]);
  });

  test("does not let a member see what another wrote", async () => {
    const shop = new Workshop();
    const race = new RaceGroup([
      new SequentialGroup([shop.step("x"), shop.step("y")], { name: "one" }),
      shop.step("z", { retry: { maxAttempts: 2 } }),
    ]);
    await shop.start(flow({ race }));
    await shop.finish("race/one/x", { set: { x: 1 } });
    await shop.fail("race/z");
    expect(shop.context("race/z").get("x")).toBeUndefined();
    expect(shop.context("race/one/y").get("x")).toBe(1);
  });
});
