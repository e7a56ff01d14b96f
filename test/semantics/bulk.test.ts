import {
  type BulkProgress,
  humanStep,
  LocalExecutionEngine,
  MemoryStore,
  SubworkflowStep,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { RemoteStore } from "../support/remote-store.ts";
import { flow, refusal, Workshop } from "../support/workshop.ts";

const review = flow({ check: humanStep("check") }, [], { name: "review" });

async function shopWith(count: number): Promise<Workshop> {
  const shop = new Workshop();
  for (let index = 0; index < count; index++) {
    await shop.engine.startWorkflow(review, { instanceId: `i${index}` });
  }
  return shop;
}

async function statuses({ engine }: Workshop): Promise<Record<string, number>> {
  const counts = await engine.instances.count();
  return Object.fromEntries(counts.map(({ status, count }) => [status, count]));
}

describe("bulk operations", () => {
  test("pause, resume and cancel every instance of a filter, over several pages", async () => {
    const shop = await shopWith(230);
    const { instances } = shop.engine;
    const all = { matched: 230, done: 230, refused: [], isAborted: false };
    expect(await instances.pauseAll({ workflow: "review" })).toEqual(all);
    expect(await statuses(shop)).toEqual({ paused: 230 });
    expect(await instances.pauseAll({ workflow: "review" })).toEqual({
      ...all,
      matched: 0,
      done: 0,
    });
    expect(await instances.resumeAll({})).toEqual(all);
    expect(await statuses(shop)).toEqual({ waiting: 230 });
    expect(await instances.cancelAll({}, { reason: "closed" })).toEqual(all);
    expect(await statuses(shop)).toEqual({ canceled: 230 });
    expect((await shop.engine.getInstance("i7")).reason).toBe("closed");
  });

  test("with dryRun only count", async () => {
    const shop = await shopWith(3);
    const found = await shop.engine.instances.cancelAll({}, { dryRun: true });
    expect(found).toEqual({ matched: 3, done: 0, refused: [], isAborted: false });
    expect(await statuses(shop)).toEqual({ waiting: 3 });
  });

  test("retry what failed once each, also if it fails again at once", async () => {
    const shop = new Workshop();
    const definition = flow(shop.steps("work"), [], { name: "work" });
    const ids: string[] = [];
    for (let index = 0; index < 3; index++) {
      ids.push((await shop.start(definition)).id);
      await shop.fail("work");
    }
    let retries = 0;
    const retrying = shop.engine.instances.retryAll({ workflow: "work" });
    for (let round = 0; round < 20; round++) {
      await shop.quiet();
      if (!shop.running.includes("work")) continue;
      retries++;
      await shop.fail("work");
    }
    expect(await retrying).toEqual({ matched: 3, done: 3, refused: [], isAborted: false });
    expect(retries).toBe(3);
    expect(ids).toHaveLength(3);
  });

  test("report what is refused, with its code", async () => {
    const shop = await shopWith(2);
    await shop.engine.cancelWorkflow("i0");
    const result = await shop.engine.instances.cancelAll({ statuses: ["canceled", "waiting"] });
    expect(result).toMatchObject({ matched: 2, done: 1, isAborted: false });
    expect(result.refused.map(({ instanceId, code }) => [instanceId, code])).toEqual([
      ["i0", "INSTANCE_ENDED"],
    ]);
  });

  test("tell their progress, and stop when they are aborted, with what was done", async () => {
    const shop = await shopWith(250);
    const abort = new AbortController();
    const progress: BulkProgress[] = [];
    const result = await shop.engine.instances.cancelAll(
      {},
      {
        signal: abort.signal,
        onProgress: (each) => {
          progress.push(each);
          if (each.done === 200) abort.abort();
        },
      },
    );
    expect(result).toEqual({ matched: 200, done: 200, refused: [], isAborted: true });
    expect(progress.map(({ done }) => done)).toEqual([100, 200, 200]);
    expect(await statuses(shop)).toEqual({ canceled: 200, waiting: 50 });
  });

  test("leave alone what is started while they run", async () => {
    const shop = await shopWith(120);
    await shop.advance(1);
    let started = 0;
    const result = await shop.engine.instances.cancelAll(
      {},
      {
        onProgress: () => {
          const start = () =>
            shop.engine.submitWorkflow(review, { instanceId: `late${started++}` });
          void shop.clock.advance(1).then(start);
        },
      },
    );
    expect(result.done).toBe(120);
    expect(started).toBeGreaterThan(0);
  });

  test("do what comes to match while they run, behind the place that was reached", async () => {
    const shop = await shopWith(150);
    await shop.engine.pauseWorkflow("i0");
    let isFirst = true;
    const result = await shop.engine.instances.pauseAll(
      { statuses: ["waiting"] },
      {
        onProgress: () => {
          if (isFirst) void shop.engine.resumeWorkflow("i0");
          isFirst = false;
        },
      },
    );
    expect(result).toMatchObject({ matched: 150, done: 150, refused: [] });
    expect(await statuses(shop)).toEqual({ paused: 150 });
  });

  test("act on children through their parents", async () => {
    const shop = new Workshop();
    shop.registry.registerDefinition(review);
    await shop.start(flow({ sub: new SubworkflowStep({ workflow: "review" }) }), {
      instanceId: "parent",
    });
    const result = await shop.engine.instances.cancelAll({});
    await shop.quiet();
    expect(result).toEqual({ matched: 1, done: 1, refused: [], isAborted: false });
    expect(await statuses(shop)).toEqual({ canceled: 1 });
    expect((await shop.engine.getInstance("parent.1")).status).toBe("canceled");
  });

  test("and completions at one moment: each instance ends once, in one of both ways", async () => {
    const home = new MemoryStore();
    const shop = new Workshop();
    const registry = new WorkflowRegistry();
    registry.registerDefinition(review);
    const engineOn = () =>
      new LocalExecutionEngine(registry, { store: new RemoteStore(home), clock: shop.clock });
    const [one, two] = [engineOn(), engineOn()];
    const ids = Array.from({ length: 60 }, (_, index) => `i${index}`);
    await Promise.all(ids.map((instanceId) => one.startWorkflow("review", { instanceId })));
    const canceling = one.instances.cancelAll({ workflow: "review" });
    const completions = await Promise.all(
      ids.toReversed().map((instanceId) =>
        two.completeHumanTask({ instanceId, stepName: "check", userId: "ann" }).then(
          () => "completed",
          (error: { code: string }) => error.code,
        ),
      ),
    );
    const canceled = await canceling;
    const counts = await one.instances.count();
    const by = Object.fromEntries(counts.map(({ status, count }) => [status, count]));
    const completed = completions.filter((each) => each === "completed").length;
    expect((by.completed ?? 0) + (by.canceled ?? 0)).toBe(60);
    expect(by.completed ?? 0).toBe(completed);
    expect(by.canceled ?? 0).toBe(canceled.done);
    expect(canceled.matched).toBe(canceled.done + canceled.refused.length);
    expect(canceled.refused.filter(({ code }) => code !== "INSTANCE_ENDED")).toEqual([]);
    await one.close();
    await two.close();
  });

  test("refuse a signal that is none, and names that cannot be kept", async () => {
    const { engine } = new Workshop();
    const wrong = await refusal(engine.instances.cancelAll({}, { signal: {} as AbortSignal }));
    expect(wrong.code).toBe("INVALID_ARGUMENT");
    const name = await refusal(engine.instances.cancelAll({}, { userId: "a\0b" }));
    expect(name.code).toBe("INVALID_ARGUMENT");
  });
});
