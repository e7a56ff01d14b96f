import {
  humanStep,
  LocalExecutionEngine,
  MemoryStore,
  machineStep,
  SubworkflowStep,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { RemoteStore } from "../support/remote-store.ts";
import { flow, refusal, Workshop } from "../support/workshop.ts";

const define = (name: string, version = "1.0.0") =>
  flow({ check: humanStep("check") }, [], { name, version });
const review = define("review");

/** A workshop with instances that started a second apart, named by `names`. */
async function shopWith(...names: readonly string[]): Promise<Workshop> {
  const shop = new Workshop();
  for (const instanceId of names) {
    await shop.start(review, { instanceId });
    await shop.advance(1000);
  }
  return shop;
}

describe("instances.list", () => {
  test("gives the instances that started last first, without their data", async () => {
    const shop = await shopWith("a", "b", "c");
    const { items, next } = await shop.engine.instances.list();
    expect(items.map(({ id, status }) => [id, status])).toEqual([
      ["c", "waiting"],
      ["b", "waiting"],
      ["a", "waiting"],
    ]);
    expect(items[0]).not.toHaveProperty("initialData");
    expect(next).toBeUndefined();
  });

  test("gives page after page, whatever starts and ends meanwhile", async () => {
    const shop = await shopWith("a", "b", "c", "d", "e");
    const first = await shop.engine.instances.list({ limit: 2, order: "oldest" });
    expect(first.items.map(({ id }) => id)).toEqual(["a", "b"]);
    await shop.engine.cancelWorkflow("a");
    await shop.engine.cancelWorkflow("c");
    const second = await shop.engine.instances.list({
      ...{ limit: 2, order: "oldest" },
      ...(first.next === undefined ? {} : { cursor: first.next }),
    });
    expect(second.items.map(({ id }) => id)).toEqual(["c", "d"]);
    const third = await shop.engine.instances.list({
      ...{ limit: 2, order: "oldest" },
      ...(second.next === undefined ? {} : { cursor: second.next }),
    });
    expect(third.items.map(({ id }) => id)).toEqual(["e"]);
    expect(third.next).toBeUndefined();
  });

  test("finds by business key, tags, tenant, user, status, version and time of start", async () => {
    const shop = new Workshop();
    const first = shop.clock.now();
    await shop.start(review, {
      instanceId: "a",
      ...{ businessKey: "order-17", tags: ["big", "new", "big"], tenant: "acme", user: "ann" },
    });
    await shop.advance(1000);
    await shop.start(define("review", "2.0.0"), { instanceId: "b", tags: ["big"], tenant: "acme" });
    await shop.advance(1000);
    await shop.start(define("other"), { instanceId: "c", businessKey: "order-17" });
    await shop.engine.cancelWorkflow("c");
    const found = async (filter: Parameters<typeof shop.engine.instances.list>[0]) =>
      (await shop.engine.instances.list({ order: "oldest", ...filter })).items.map(({ id }) => id);
    expect(await found({ businessKey: "order-17" })).toEqual(["a", "c"]);
    expect(await found({ tags: ["big"] })).toEqual(["a", "b"]);
    expect(await found({ tags: ["big", "new"] })).toEqual(["a"]);
    expect(await found({ tenant: "acme" })).toEqual(["a", "b"]);
    expect(await found({ user: "ann" })).toEqual(["a"]);
    expect(await found({ workflow: "review", version: "2.0.0" })).toEqual(["b"]);
    expect(await found({ statuses: ["canceled", "failed"] })).toEqual(["c"]);
    expect(await found({ startedFrom: first + 1000, startedBefore: first + 2000 })).toEqual(["b"]);
    const [summary] = (await shop.engine.instances.list({ user: "ann" })).items;
    expect(summary?.tags).toEqual(["big", "new"]);
  });

  test("finds the children of an instance, which have its tenant and business key", async () => {
    const shop = new Workshop();
    shop.registry.registerDefinition(define("inner"));
    const outer = flow({ sub: new SubworkflowStep({ workflow: "inner" }) }, [], {
      name: "outer",
    });
    await shop.start(outer, { instanceId: "a", tenant: "acme", businessKey: "order-17" });
    const { items } = await shop.engine.instances.list({ parentId: "a" });
    expect(
      items.map(({ id, workflow, tenant, businessKey }) => [id, workflow, tenant, businessKey]),
    ).toEqual([["a.1", "inner", "acme", "order-17"]]);
  });

  test.each([
    [{ limit: 0 }, "limit is 0; it must be a whole number from 1 to 1000."],
    [{ limit: 1001 }, "limit is 1001; it must be a whole number from 1 to 1000."],
    [{ cursor: "later" }, 'cursor is "later"; give the "next" of the page before, as it was.'],
    [{ order: "random" }, 'order is "random"; it must be "newest" or "oldest".'],
    [{ startedFrom: 0.5 }, "startedFrom is 0.5; it must be a moment in whole milliseconds."],
    [{ tags: [""] }, 'tags must be a list of non-empty strings; found [""].'],
    [
      { statuses: ["done"] },
      'statuses is ["done"]; it must be a list of: ' +
        "pending, running, waiting, paused, completed, failed, canceled.",
    ],
  ])("refuses %j", async (options, message) => {
    const { engine } = new Workshop();
    const found = await refusal(engine.instances.list(options as never));
    expect(found).toEqual({ name: "InvalidArgumentError", code: "INVALID_ARGUMENT", message });
  });
});

describe("the start options businessKey and tags", () => {
  test.each([
    [{ businessKey: "a\0b" }, /^businessKey must be a string without NUL characters/],
    [{ businessKey: 17 }, /^businessKey must be a string/],
    [{ tags: "big" }, /^tags must be a list of non-empty strings; found "big"\.$/],
    [{ tags: ["x".repeat(501)] }, /^a tag has 501 bytes/],
    [
      { tags: Array.from({ length: 101 }, (_, index) => `t${index}`) },
      /^An instance may have 100 tags; found 101\.$/,
    ],
  ])("refuse %j", async (options, message) => {
    const { engine } = new Workshop();
    const found = await refusal(engine.startWorkflow(review, options as never));
    expect(found.code).toBe("INVALID_ARGUMENT");
    expect(found.message).toMatch(message);
  });
});

describe("instances.count", () => {
  test("counts by workflow, version and status, with the oldest of each", async () => {
    const shop = await shopWith("a", "b", "c");
    const start = shop.clock.now() - 3000;
    await shop.start(define("other", "2.0.0"));
    await shop.engine.cancelWorkflow("a");
    const facts = { workflow: "review", version: "1.0.0" };
    expect(await shop.engine.instances.count()).toEqual([
      {
        ...{ workflow: "other", version: "2.0.0", status: "waiting", count: 1 },
        oldestStartedAt: start + 3000,
      },
      { ...facts, status: "canceled", count: 1, oldestStartedAt: start },
      { ...facts, status: "waiting", count: 2, oldestStartedAt: start + 1000 },
    ]);
    expect(await shop.engine.instances.count({ statuses: ["failed"] })).toEqual([]);
  });
});

describe("instances.history", () => {
  test("of an instance that does not exist is refused", async () => {
    const { engine } = new Workshop();
    expect((await refusal(engine.instances.history("nowhere"))).code).toBe("UNKNOWN_INSTANCE");
  });

  test("of an instance to which nobody did anything is empty", async () => {
    const shop = await shopWith("a");
    const page = await shop.engine.instances.history("a");
    expect(page).toEqual({ items: [], next: undefined });
  });

  test("gives what was done page by page, and what concerns a task by its id", async () => {
    const shop = await shopWith("a");
    const [stored] = await shop.store.load(["a"]);
    const acts = ["one", "two", "three"].map((text) => ({
      ...{ type: "task-commented", at: shop.clock.now(), user: "ann", details: { text } },
      ...{ onBehalfOf: undefined, through: "http", path: "check" },
      taskId: text === "two" ? "other" : "1.1",
    }));
    const nothing = { executions: [], tasks: [], timers: [], clearedTimers: [], signals: [] };
    const change = {
      ...{ instanceId: "a", expectedVersion: stored?.version ?? 0, at: shop.clock.now() },
      ...{ ...nothing, acts, sent: [], answers: [], isAnnounced: false },
      ...{ owner: undefined, instance: undefined },
    };
    const rest = { sent: [], answers: [], handedOn: [], dismissed: [] };
    await shop.store.commit({ changes: [change as never], ...rest });
    const { engine } = shop;
    const first = await engine.instances.history("a", { limit: 2 });
    expect(first.items.map(({ number, details }) => [number, details])).toEqual([
      [1, { text: "one" }],
      [2, { text: "two" }],
    ]);
    const second = await engine.instances.history("a", { limit: 2, cursor: first.next ?? "" });
    expect(second.items).toEqual([{ number: 3, ...acts[2] }]);
    expect(second.next).toBeUndefined();
    for (const taskId of ["1.1", "a/1.1"]) {
      const { items } = await engine.instances.history("a", { taskId });
      expect(items.map(({ number }) => number)).toEqual([1, 3]);
    }
  });
});

describe("instances.removeEnded", () => {
  test("removes what ended before the moment, with its idempotency key, and nothing else", async () => {
    const shop = new Workshop();
    const start = async (instanceId: string) => {
      await shop.start(review, { instanceId, idempotencyKey: `key ${instanceId}` });
    };
    await start("a");
    await start("b");
    await start("c");
    await shop.engine.cancelWorkflow("a");
    await shop.advance(1000);
    await shop.engine.cancelWorkflow("b");
    const { engine } = shop;
    expect(await engine.instances.removeEnded({ endedBefore: shop.clock.now() })).toBe(1);
    expect((await engine.instances.list()).items.map(({ id }) => id).sort()).toEqual(["b", "c"]);
    expect((await refusal(engine.getInstance("a"))).code).toBe("UNKNOWN_INSTANCE");
    expect(
      await engine.startWorkflow("test", { idempotencyKey: "key a" }).catch(() => "gone"),
    ).toBe("gone");
    const again = await engine.startWorkflow("review", { idempotencyKey: "key a" });
    expect(again.id).not.toBe("a");
  });

  test("removes more than a batch, and leaves what filters leave out", async () => {
    const shop = new Workshop();
    const done = flow({ run: machineStep("run", () => {}) }, [], { name: "done" });
    for (let count = 0; count < 250; count++) await shop.engine.startWorkflow(done);
    await shop.start(review, { tenant: "acme", instanceId: "kept" });
    await shop.engine.cancelWorkflow("kept");
    await shop.advance(1);
    const endedBefore = shop.clock.now();
    const { instances } = shop.engine;
    expect(await instances.removeEnded({ endedBefore, workflow: "done" })).toBe(250);
    expect(await instances.removeEnded({ endedBefore, statuses: ["failed"] })).toBe(0);
    expect(await instances.removeEnded({ endedBefore, tenant: "other" })).toBe(0);
    expect(await instances.removeEnded({ endedBefore, tenant: "acme" })).toBe(1);
  });

  test("of a failed instance wins against its retry, which is told so", async () => {
    const home = new MemoryStore();
    const registry = new WorkflowRegistry();
    registry.registerDefinition(
      flow({
        fail: machineStep("fail", () => {
          throw new TypeError("broken");
        }),
      }),
    );
    const shop = new Workshop();
    const engineOn = () =>
      new LocalExecutionEngine(registry, { store: new RemoteStore(home), clock: shop.clock });
    const [one, two] = [engineOn(), engineOn()];
    const { id } = await one.startWorkflow("test");
    await two.getInstance(id);
    await shop.advance(1);
    const removed = one.instances.removeEnded({ endedBefore: shop.clock.now() });
    const retried = two.retryWorkflow(id);
    expect(await removed).toBe(1);
    expect((await refusal(retried)).code).toBe("UNKNOWN_INSTANCE");
    expect((await refusal(two.getInstance(id))).code).toBe("UNKNOWN_INSTANCE");
    await one.close();
    await two.close();
  });
});
