import { ParallelGroup, RaceGroup, SignalStep, TimerStep } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, refusal, Workshop } from "../support/workshop.ts";

const go = (name = "", options: object = {}) => new SignalStep({ signal: "go", name, ...options });

describe("signals", () => {
  test("end a waiting step; the data stands under its name and is its result", async () => {
    const shop = new Workshop();
    await shop.start(flow({ start: go(), next: shop.step() }, ["start -> next"]));
    expect(await shop.status()).toBe("waiting");
    await shop.signal("go", { amount: 5 });
    expect(shop.running).toEqual(["next"]);
    expect(await shop.data()).toEqual({ start: { amount: 5 } });
    expect(shop.context("next").result("start")).toEqual({ amount: 5 });
  });

  test("without data give null", async () => {
    const shop = new Workshop();
    await shop.start(flow({ start: go() }));
    await shop.signal("go");
    expect(await shop.data()).toEqual({ start: null });
  });

  test("of another name change nothing", async () => {
    const shop = new Workshop();
    await shop.start(flow({ start: go() }));
    await shop.signal("stop");
    expect(await shop.status()).toBe("waiting");
  });

  test("that arrived earlier and were not used count, first in, first out", async () => {
    const shop = new Workshop();
    const steps = { a: shop.step(), x: go(), y: go() };
    await shop.start(flow(steps, ["a -> x -> y"]));
    await shop.signal("go", 1);
    await shop.signal("go", 2);
    await shop.finish("a");
    expect(await shop.data()).toEqual({ x: 1, y: 2 });
    expect(await shop.status()).toBe("completed");
  });

  test("that arrived earlier do not count for a transient step, and stay for others", async () => {
    const shop = new Workshop();
    const steps = { a: shop.step(), now: go("", { transient: true }), later: go() };
    await shop.start(flow(steps, ["a -> now -> later"]));
    await shop.signal("go", 1);
    await shop.finish("a");
    expect(await shop.status()).toBe("waiting");
    await shop.signal("go", 2);
    expect(await shop.data()).toEqual({ now: 2, later: 1 });
  });

  test("serve one waiting step each, the oldest first", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ParallelGroup([go("x"), go("y"), go("z")]) }));
    await shop.signal("go", 1);
    expect(await shop.statuses("group/x")).toEqual(["succeeded"]);
    expect(await shop.statuses("group/y")).toEqual(["waiting"]);
    await shop.signal("go", 2);
    await shop.signal("go", 3);
    expect(await shop.data()).toEqual({ x: 1, y: 2, z: 3 });
  });

  test("pass over a step that was cancelled while it waited", async () => {
    const shop = new Workshop();
    await shop.start(flow({ group: new ParallelGroup([go("x"), go("y")]) }));
    await shop.act(shop.engine.cancelStep({ instanceId: shop.id, stepName: "group/x" }));
    await shop.signal("go", 1);
    expect(await shop.data()).toEqual({ y: 1 });
  });

  test("that a race lost are not used up", async () => {
    const shop = new Workshop();
    const late = new TimerStep({ name: "late", durationMs: 10 });
    await shop.start(
      flow({ race: new RaceGroup([go("x"), late]), after: go() }, ["race -> after"]),
    );
    await shop.advance(10);
    await shop.signal("go", 1);
    expect(await shop.data()).toEqual({ after: 1 });
  });

  test("with an id that was there count once, whether used or stored", async () => {
    const shop = new Workshop();
    await shop.start(flow({ x: go(), a: shop.step(), y: go(), z: go() }, ["x -> a -> y -> z"]));
    const send = (id: string, data: number) =>
      shop.act(shop.engine.signal({ instanceId: shop.id, name: "go", data, id }));
    await send("one", 1);
    await send("one", 99);
    await send("two", 2);
    await send("two", 99);
    await shop.finish("a");
    expect(await shop.data()).toEqual({ x: 1, y: 2 });
    expect(await shop.status()).toBe("waiting");
  });

  test("with the same id but another name are different signals", async () => {
    const shop = new Workshop();
    const steps = { x: go(), y: new SignalStep({ signal: "stop" }) };
    await shop.start(flow(steps, ["x -> y"]));
    await shop.act(shop.engine.signal({ instanceId: shop.id, name: "go", data: 1, id: "1" }));
    await shop.act(shop.engine.signal({ instanceId: shop.id, name: "stop", data: 2, id: "1" }));
    expect(await shop.data()).toEqual({ x: 1, y: 2 });
  });

  test("without an id never count as repeated, whatever ids others have", async () => {
    const shop = new Workshop();
    await shop.start(flow({ x: go(), y: go() }, ["x -> y"]));
    await shop.act(shop.engine.signal({ instanceId: shop.id, name: "go", data: 1, id: "#2" }));
    await shop.signal("go", 2);
    expect(await shop.data()).toEqual({ x: 1, y: 2 });
  });

  test("are refused by an instance that has ended", async () => {
    const shop = new Workshop();
    await shop.start(flow({ x: go() }));
    await shop.signal("go");
    expect(await refusal(shop.engine.signal({ instanceId: shop.id, name: "go" }))).toMatchObject({
      code: "INSTANCE_ENDED",
    });
  });
});
