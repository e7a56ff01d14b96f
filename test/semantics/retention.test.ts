import {
  type EngineOptions,
  humanStep,
  LocalExecutionEngine,
  MemoryStore,
  type RetentionOptions,
  type RetentionQuery,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/testing/index.ts";
import { RemoteStore } from "../support/remote-store.ts";
import { flow, Workshop } from "../support/workshop.ts";

const define = (name: string) => flow({ check: humanStep("check") }, [], { name });
const minute = 60_000;
const hour = 60 * minute;

/** A workshop with a cancelled instance of each workflow, and one that waits. */
async function shopWith(retention: RetentionOptions): Promise<Workshop> {
  const shop = new Workshop({ retention });
  for (const name of ["orders", "audits", "drafts"]) {
    await shop.start(define(name), { instanceId: name });
    await shop.engine.cancelWorkflow(name);
  }
  await shop.start("orders", { instanceId: "waits" });
  return shop;
}

async function kept({ engine }: Workshop): Promise<string[]> {
  return (await engine.instances.list()).items.map(({ id }) => id).sort();
}

describe("the engine's retention", () => {
  test("removes instances some time after their end, and not those that go on", async () => {
    const shop = await shopWith({ olderThanMs: hour });
    await shop.advance(hour);
    expect(await kept(shop)).toEqual(["audits", "drafts", "orders", "waits"]);
    await shop.advance(10 * minute);
    expect(await kept(shop)).toEqual(["waits"]);
  });

  test("keeps single workflows for another time, or for ever", async () => {
    const workflows = { orders: 2 * hour, audits: false } as const;
    const shop = await shopWith({ olderThanMs: hour, workflows });
    await shop.advance(hour + 10 * minute);
    expect(await kept(shop)).toEqual(["audits", "orders", "waits"]);
    await shop.advance(hour);
    expect(await kept(shop)).toEqual(["audits", "waits"]);
    await shop.advance(1000 * hour);
    expect(await kept(shop)).toEqual(["audits", "waits"]);
  });

  test("removes only what it names, if it has no time for all", async () => {
    const shop = await shopWith({ workflows: { drafts: 0 }, everyMs: minute });
    await shop.advance(minute);
    expect(await kept(shop)).toEqual(["audits", "orders", "waits"]);
  });

  test("goes on when the store has failed", async () => {
    class Failing extends MemoryStore {
      failures = 1;
      override removeEnded(query: RetentionQuery) {
        if (this.failures-- > 0) throw new TypeError("no room");
        return super.removeEnded(query);
      }
    }
    const shop = new Workshop({ store: new Failing(), retention: { olderThanMs: 0 } });
    await shop.start(define("orders"), { instanceId: "orders" });
    await shop.engine.cancelWorkflow("orders");
    await shop.advance(10 * minute);
    expect(await kept(shop)).toEqual(["orders"]);
    expect(shop.logged).toEqual(["Ended instances cannot be removed"]);
    await shop.advance(10 * minute);
    expect(await kept(shop)).toEqual([]);
  });

  test("is one worker's work at a time", async () => {
    const clock = new VirtualClock();
    const home = new MemoryStore();
    let removals = 0;
    class Counting extends RemoteStore {
      override removeEnded(query: RetentionQuery) {
        removals++;
        return super.removeEnded(query);
      }
    }
    const options: EngineOptions = { clock, retention: { olderThanMs: hour } };
    const engines = [1, 2, 3].map(
      () =>
        new LocalExecutionEngine(new WorkflowRegistry(), { ...options, store: new Counting(home) }),
    );
    for (const engine of engines) await engine.recover();
    for (let count = 0; count < 61; count++) await clock.advance(minute);
    expect(removals).toBe(6);
    for (const engine of engines) await engine.close();
  });

  test.each<[RetentionOptions, string]>([
    [{ olderThanMs: -1 }, "olderThanMs: -1; it must be a whole number of at least 0."],
    [{ everyMs: 0 }, "everyMs: 0; it must be a whole number of at least 1."],
    [{ workflows: { orders: 0.5 } }, "orders: 0.5; it must be a whole number of at least 0."],
  ])("refuses %j", (retention, message) => {
    expect(() => new Workshop({ retention })).toThrow(`The engine's retention has ${message}`);
  });
});
