import {
  type Commit,
  type GroupEngine,
  humanStep,
  type MaybePromise,
  MemoryStore,
  machineStep,
  SignalStep,
  StepGroup,
  type WorkflowContext,
  type WorkflowNode,
} from "tandem-workflows";
import { beforeEach, describe, expect, test } from "vitest";
import { flow, Workshop } from "../support/workshop.ts";

/** A store that somebody else writes to as well, and that fails when it is told to. */
class RestlessStore extends MemoryStore {
  failures = 0;

  override commit(commit: Commit): MaybePromise<readonly string[]> {
    if (this.failures > 0) {
      this.failures--;
      throw new Error("The disk is full.");
    }
    return super.commit(commit);
  }

  /** Somebody else changes the instance; nothing that matters here. */
  async intrude(instanceId: string, owner?: string): Promise<void> {
    const [stored] = await this.load([instanceId]);
    const none: readonly never[] = [];
    const rows = { executions: none, tasks: none, timers: none, clearedTimers: none };
    const mail = { sent: none, answers: none };
    const change = {
      ...{ instanceId, expectedVersion: stored?.version ?? 0, at: 0, instance: undefined },
      ...{ owner: owner ?? stored?.owner, signals: none, acts: none, isAnnounced: false },
      ...{ ...rows, ...mail },
    };
    await super.commit({ changes: [change], ...mail, handedOn: none, dismissed: none });
  }
}

let store: RestlessStore;
let shop: Workshop;

beforeEach(() => {
  store = new RestlessStore();
  shop = new Workshop({ store });
});

const attempts = async () =>
  (await shop.view()).steps.map(({ path, attempt, status }) => `${path} ${attempt} ${status}`);

describe("when somebody else has changed an instance", () => {
  test("what runs in it goes on, and what is reported counts", async () => {
    const parallel = { begin: machineStep("begin", () => {}), ...shop.steps("a", "b", "c") };
    await shop.start(flow(parallel, ["begin -> a -> c", "begin -> b"]));
    await store.intrude(shop.id);
    await shop.finish("a", { set: { a: 1 } });
    expect(shop.running).toEqual(["b", "c"]);
    await store.intrude(shop.id);
    await shop.finish("c", { set: { c: 1 } });
    await shop.finish("b");
    expect(await attempts()).toEqual([
      "begin 1 succeeded",
      "a 1 succeeded",
      "b 1 succeeded",
      "c 1 succeeded",
    ]);
    expect(shop.begun).toEqual(["a", "b", "c"]);
    expect(await shop.data()).toEqual({ a: 1, c: 1 });
  });

  test("a step that failed is retried as often as it may", async () => {
    const flaky = shop.step("flaky", { retry: { maxAttempts: 2 } });
    await shop.start(flow({ begin: machineStep("begin", () => {}), flaky }, ["begin -> flaky"]));
    await store.intrude(shop.id);
    await shop.fail("flaky");
    await shop.advance(60_000);
    expect(shop.begun).toEqual(["flaky", "flaky"]);
    await store.intrude(shop.id);
    await shop.fail("flaky");
    expect(await shop.status()).toBe("failed");
    expect(shop.begun).toHaveLength(2);
  });

  test("what runs in it stops if the instance is another worker's now", async () => {
    await shop.start(
      flow({ begin: machineStep("begin", () => {}), ...shop.steps("a", "b") }, [
        "begin -> a",
        "begin -> b",
      ]),
    );
    await store.intrude(shop.id, "somebody else");
    await shop.finish("a");
    expect(shop.running).toEqual([]);
    expect(shop.begun).toEqual(["a", "b"]);
  });
});

describe("when a commit has failed", () => {
  test("what else runs in the instance goes on; what was not kept runs again", async () => {
    await shop.start(
      flow({ begin: machineStep("begin", () => {}), ...shop.steps("a", "b") }, [
        "begin -> a",
        "begin -> b",
      ]),
    );
    store.failures = 1;
    await shop.finish("a");
    expect(shop.running).toEqual(["b", "a"]);
    await shop.finish("a");
    await shop.finish("b");
    expect(await attempts()).toEqual(["begin 1 succeeded", "a 2 succeeded", "b 1 succeeded"]);
  });
});

describe("the body of a user's own group, when somebody else has changed the instance", () => {
  class Own extends StepGroup {
    readonly #run: (engine: GroupEngine, context: WorkflowContext) => Promise<unknown>;

    constructor(run: (engine: GroupEngine, context: WorkflowContext) => Promise<unknown>) {
      super();
      this.#run = run;
    }

    override readonly members: readonly WorkflowNode[] = [];

    override execute(context: WorkflowContext, engine: GroupEngine): Promise<unknown> {
      return this.#run(engine, context);
    }
  }

  test("goes on, with calls that had ended and calls that were not kept", async () => {
    let bodies = 0;
    const own = new Own(async (engine, context) => {
      bodies++;
      const first = await engine.executeStep(shop.step("first"), context);
      const [second, third] = await Promise.all([
        engine.executeStep(shop.step("second"), context),
        engine.executeStep(shop.step("third"), context),
      ]);
      return [first, second, third];
    });
    await shop.start(flow({ own }, [], { reducers: { sum: "sum" } }));
    await store.intrude(shop.id);
    await shop.finish("own/first", { set: { sum: 1 }, result: 1 });
    expect(shop.running).toEqual(["own/second", "own/third"]);
    await store.intrude(shop.id);
    await shop.finish("own/third", { set: { sum: 4 }, result: 3 });
    await store.intrude(shop.id);
    await shop.finish("own/second", { set: { sum: 2 }, result: 2 });
    const { status, data, steps } = await shop.view();
    expect(status).toBe("completed");
    expect(data).toEqual({ sum: 7 });
    expect(steps[0]?.result).toEqual([1, 2, 3]);
    expect(shop.begun).toEqual(["own/first", "own/second", "own/third"]);
    expect(bodies).toBe(1);
  });

  test("still gets what people answer and what signals say", async () => {
    let bodies = 0;
    const own = new Own(async (engine, context) => {
      bodies++;
      return Promise.all([
        engine.executeStep(humanStep("ask"), context),
        engine.executeStep(new SignalStep({ name: "bell", signal: "bell" }), context),
        engine.executeStep(shop.step("run"), context),
      ]);
    });
    await shop.start(flow({ own }));
    await store.intrude(shop.id);
    await shop.complete("own/ask", { yes: true });
    await store.intrude(shop.id);
    await shop.signal("bell", 5);
    await shop.finish("own/run");
    expect(await attempts()).toEqual([
      "own 1 succeeded",
      "own/ask 1 succeeded",
      "own/bell 1 succeeded",
      "own/run 1 succeeded",
    ]);
    expect(await shop.data()).toEqual({ ask: { yes: true }, bell: 5 });
    expect(bodies).toBe(1);
  });
});
