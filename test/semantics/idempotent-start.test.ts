import { InstanceExistsError } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, Workshop } from "../support/workshop.ts";

describe("starting with an id or key that exists", () => {
  test.each([
    ["instance id", { instanceId: "order-1" }],
    ["idempotency key", { idempotencyKey: "request-1" }],
  ])("gives the existing instance: %s", async (_what, name) => {
    const shop = new Workshop();
    const definition = flow(shop.steps("a"));
    const first = await shop.start(definition, { ...name, initialData: { total: 1 } });
    const second = await shop.start(definition, { ...name, initialData: { total: 1 } });
    expect(second.id).toBe(first.id);
    expect(shop.begun).toEqual(["a"]);
  });

  test.each([
    ["instance id", { instanceId: "order-1" }],
    ["idempotency key", { idempotencyKey: "request-1" }],
  ])("gives the existing instance after it has ended: %s", async (_what, name) => {
    const shop = new Workshop();
    const definition = flow(shop.steps("a"));
    const first = await shop.start(definition, name);
    await shop.finish("a");
    const second = await shop.start(definition, name);
    expect([second.id, second.status]).toEqual([first.id, "completed"]);
    expect(shop.begun).toEqual(["a"]);
  });

  test.each([
    ["instance id", { instanceId: "order-1" }],
    ["idempotency key", { idempotencyKey: "request-1" }],
  ])("gives the existing instance after a restart: %s", async (_what, name) => {
    const shop = new Workshop();
    const definition = flow(shop.steps("a"));
    const first = await shop.start(definition, name);
    await shop.restart();
    const second = await shop.start(definition, name);
    expect(second.id).toBe(first.id);
    expect(shop.running).toEqual(["a"]);
  });

  test.each([
    ["instance id", { instanceId: "order-1" }],
    ["idempotency key", { idempotencyKey: "request-1" }],
  ])("gives one instance to two starts at the same moment: %s", async (_what, name) => {
    const shop = new Workshop();
    const definition = flow(shop.steps("a"));
    const [one, other] = await Promise.all([
      shop.engine.submitWorkflow(definition, name),
      shop.engine.submitWorkflow(definition, name),
    ]);
    await shop.quiet();
    expect(other?.id).toBe(one?.id);
    expect(shop.begun).toEqual(["a"]);
  });

  test("finds the instance by its key when an id is given too", async () => {
    const shop = new Workshop();
    const definition = flow(shop.steps("a"));
    const first = await shop.start(definition, { instanceId: "one", idempotencyKey: "key" });
    await expect(
      shop.start(definition, { instanceId: "two", idempotencyKey: "key" }),
    ).rejects.toThrow(InstanceExistsError);
    expect(first.id).toBe("one");
    expect(shop.begun).toEqual(["a"]);
  });

  test("is refused with other initial data", async () => {
    const shop = new Workshop();
    const definition = flow(shop.steps("a"));
    await shop.start(definition, { instanceId: "order-1", initialData: { total: 1 } });
    const start = shop.start(definition, { instanceId: "order-1", initialData: { total: 2 } });
    await expect(start).rejects.toMatchObject({
      name: "InstanceExistsError",
      code: "INSTANCE_EXISTS",
      message:
        'Instance "order-1" exists already, with other initial data; ' +
        "use another id or key to start a new one.",
    });
    expect(shop.begun).toEqual(["a"]);
  });

  test("compares initial data whatever the order of its keys", async () => {
    const shop = new Workshop();
    const definition = flow(shop.steps("a"));
    const first = await shop.start(definition, { instanceId: "x", initialData: { a: 1, b: 2 } });
    const second = await shop.start(definition, { instanceId: "x", initialData: { b: 2, a: 1 } });
    expect(second.id).toBe(first.id);
  });

  test("compares with the data at the start, not with what steps wrote since", async () => {
    const shop = new Workshop();
    const definition = flow(shop.steps("a", "b"), ["a -> b"]);
    await shop.start(definition, { instanceId: "x", initialData: { total: 1 } });
    await shop.finish("a", { set: { total: 2 } });
    const second = await shop.start(definition, { instanceId: "x", initialData: { total: 1 } });
    expect(second.data).toEqual({ total: 2 });
  });

  test("is refused for another workflow", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a")), { instanceId: "order-1" });
    const start = shop.start(flow(shop.steps("a"), [], { name: "other" }), {
      instanceId: "order-1",
    });
    await expect(start).rejects.toMatchObject({
      code: "INSTANCE_EXISTS",
      message: expect.stringContaining('exists already, with workflow "test"'),
    });
  });

  test("makes different instances of different keys", async () => {
    const shop = new Workshop();
    const definition = flow(shop.steps("a"));
    const one = await shop.start(definition, { idempotencyKey: "1" });
    const two = await shop.start(definition, { idempotencyKey: "2" });
    expect(one.id).not.toBe(two.id);
    expect(shop.running).toEqual(["a", "a"]);
  });
});
