import {
  humanStep,
  LocalExecutionEngine,
  MemoryStore,
  machineStep,
  type News,
  type WatchEvent,
  type WatchFilter,
  type WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/testing/index.ts";
import { nextTurn, RemoteStore } from "../support/remote-store.ts";
import { flow, refusal, Workshop } from "../support/workshop.ts";

const review = flow(
  { check: humanStep("check", { candidateUsers: ["ann", "bob"], candidateGroups: ["board"] }) },
  [],
  { name: "review" },
);

/** Each event in few words. */
function words(event: WatchEvent): string {
  return event.type === "instance"
    ? `${event.instanceId} ${event.status} ${event.revision}`
    : `${event.task.id} ${event.change}`;
}

function watching(engine: LocalExecutionEngine, filter: WatchFilter = {}) {
  const heard: string[] = [];
  const stop = engine.watch(filter, (event) => heard.push(words(event)));
  return { heard, stop };
}

describe("engine.watch", () => {
  test("tells of instances and tasks, in order, when it is durable", async () => {
    const shop = new Workshop();
    const { heard } = watching(shop.engine);
    await shop.start(review, { instanceId: "a" });
    await shop.complete("check");
    expect(heard).toEqual(["a waiting 1", "a/1 opened", "a completed 2", "a/1 completed"]);
    heard.length = 0;
    await shop.start(review, { instanceId: "b" });
    await shop.engine.cancelWorkflow("b");
    await shop.quiet();
    expect(heard).toEqual(["b waiting 1", "b/1 opened", "b canceled 2", "b/1 withdrawn"]);
  });

  test("gives the whole task, and the workflow and tenant of an instance", async () => {
    const shop = new Workshop();
    const events: WatchEvent[] = [];
    shop.engine.watch({}, (event) => events.push(event));
    await shop.start(review, { instanceId: "a", tenant: "acme" });
    const [task] = (await shop.engine.tasks.list()).items;
    expect(events).toEqual([
      {
        ...{ type: "instance", instanceId: "a", workflow: "review", tenant: "acme" },
        ...{ status: "waiting", revision: 1 },
      },
      { type: "task", change: "opened", task },
    ]);
  });

  test("tells nothing of what was refused, and nothing any more when it is ended", async () => {
    const shop = new Workshop();
    await shop.start(review, { instanceId: "a" });
    const { heard, stop } = watching(shop.engine);
    const { engine } = shop;
    const wrong = engine.completeHumanTask({ instanceId: "a", stepName: "check", userId: "eve" });
    expect((await refusal(wrong)).code).toBe("NOT_ALLOWED");
    stop();
    stop();
    await shop.complete("check");
    expect(heard).toEqual([]);
  });

  test("filters by instance, workflow and tenant", async () => {
    const shop = new Workshop();
    const other = flow({ check: humanStep("check") }, [], { name: "other" });
    const one = watching(shop.engine, { instanceId: "a" });
    const workflow = watching(shop.engine, { workflow: "other" });
    const tenant = watching(shop.engine, { tenant: "acme" });
    await shop.start(review, { instanceId: "a" });
    await shop.start(other, { instanceId: "b" });
    await shop.start(review, { instanceId: "c", tenant: "acme" });
    expect(one.heard).toEqual(["a waiting 1", "a/1 opened"]);
    expect(workflow.heard).toEqual(["b waiting 1", "b/1 opened"]);
    expect(tenant.heard).toEqual(["c waiting 1", "c/1 opened"]);
  });

  test("tells a user and groups of their tasks, also of one that leaves their inbox", async () => {
    const shop = new Workshop();
    const steps = {
      ann: humanStep("ann", { assignee: "ann" }),
      board: humanStep("board", { candidateGroups: ["board"] }),
      all: humanStep("all"),
      notAnn: humanStep("notAnn", { excludeUsers: ["ann"] }),
      bob: humanStep("bob", { assignee: "bob" }),
    };
    const start = machineStep("start", () => {});
    const edges = Object.keys(steps).map((name) => `start -> ${name}`);
    const ann = watching(shop.engine, { userId: "ann", groups: ["board"] });
    const staff = watching(shop.engine, { groups: ["staff"] });
    await shop.start(flow({ start, ...steps }, edges), { instanceId: "a" });
    const { tasks } = await shop.view();
    const named = (heard: readonly string[]) =>
      heard.map((each) => {
        const [id, change] = each.split(" ");
        return `${tasks.find((task) => task.id === id)?.path} ${change}`;
      });
    expect(named(ann.heard)).toEqual(["ann opened", "board opened", "all opened"]);
    expect(named(staff.heard)).toEqual(["all opened", "notAnn opened"]);
  });

  test("knows the inbox of before: a task that is done by somebody else is told", async () => {
    const shop = new Workshop();
    await shop.start(review, { instanceId: "a" });
    const { heard } = watching(shop.engine, { userId: "bob" });
    await shop.quiet();
    await shop.complete("check", {}, "ann");
    expect(heard).toEqual(["a/1 completed"]);
  });

  test("does not wait for a slow listener, which hears of the latest of each thing", async () => {
    const shop = new Workshop();
    const heard: string[] = [];
    let goOn = () => {};
    shop.engine.watch({}, (event) => {
      heard.push(words(event));
      return new Promise<void>((resolve) => {
        goOn = resolve;
      });
    });
    await shop.start(review, { instanceId: "a" });
    await shop.engine.pauseWorkflow("a");
    await shop.engine.resumeWorkflow("a");
    await shop.complete("check");
    expect(await shop.status()).toBe("completed");
    expect(heard).toEqual(["a waiting 1"]);
    for (let round = 0; round < 5; round++) {
      goOn();
      await shop.quiet();
    }
    expect(heard).toEqual(["a waiting 1", "a completed 4", "a/1 completed"]);
  });

  test("goes on when a listener throws or rejects, and says so", async () => {
    const shop = new Workshop();
    let calls = 0;
    shop.engine.watch({ instanceId: "a" }, () => {
      calls++;
      if (calls === 1) throw new TypeError("broken");
      return Promise.reject(new TypeError("broken"));
    });
    await shop.start(review, { instanceId: "a" });
    await shop.complete("check");
    expect(calls).toBe(4);
    expect(shop.logged).toEqual(Array(4).fill("A listener of watch threw"));
  });

  test("is refused by an engine that was closed", async () => {
    const { engine } = new Workshop();
    await engine.close();
    expect((await refusal(() => engine.watch({}, () => {}))).code).toBe("ENGINE_CLOSED");
  });

  test.each([
    [{ instanceId: 7 }, () => {}],
    [{ groups: "board" }, () => {}],
    [{}, "listener"],
  ])("refuses %j, %s", async (filter, listener) => {
    const { engine } = new Workshop();
    const found = await refusal(() => engine.watch(filter as never, listener as never));
    expect(found.code).toBe("INVALID_ARGUMENT");
  });
});

describe("engine.watch over several processes", () => {
  class DeafStore extends RemoteStore {
    override async listen(): Promise<() => void> {
      return () => {};
    }
  }

  /** Counts what the store was asked to announce. */
  class CountingStore extends RemoteStore {
    announced = 0;
    override listen(workerId: string, listener: (news: News) => void) {
      return super.listen(workerId, (news) => {
        if (news.type === "instance") this.announced++;
        listener(news);
      });
    }
  }

  class Team {
    readonly clock = new VirtualClock();
    readonly home = new MemoryStore();
    readonly registry = new WorkflowRegistry();
    readonly logged: string[] = [];
    readonly engines: LocalExecutionEngine[] = [];

    constructor(...definitions: readonly WorkflowDefinition[]) {
      for (const definition of definitions) this.registry.registerDefinition(definition);
    }

    async engine(store: RemoteStore = new RemoteStore(this.home)): Promise<LocalExecutionEngine> {
      const engine = new LocalExecutionEngine(this.registry, {
        ...{ store, clock: this.clock },
        logger: { debug() {}, info() {}, warn() {}, error: (text) => this.logged.push(text) },
      });
      await engine.recover();
      this.engines.push(engine);
      return engine;
    }

    async quiet(): Promise<void> {
      for (let round = 0; round < 100; round++) await nextTurn();
    }

    async pass(milliseconds: number): Promise<void> {
      for (let passed = 0; passed < milliseconds; passed += 500) {
        await this.clock.advance(500);
        await this.quiet();
      }
    }

    async close(): Promise<void> {
      for (const engine of this.engines) await engine.close();
    }
  }

  /** A task that stays open while another comes and goes: the instance's own record stays. */
  const two = flow(
    {
      start: machineStep("start", () => {}),
      one: humanStep("one"),
      two: humanStep("two"),
      last: humanStep("last"),
    },
    ["start -> one -> last", "start -> two"],
    { name: "two" },
  );

  test("tells at once of what others do, tasks alone included", async () => {
    const team = new Team(review, two);
    const here = await team.engine();
    const there = await team.engine();
    await team.pass(1000);
    const { heard } = watching(here);
    await team.quiet();
    await there.startWorkflow("two", { instanceId: "a" });
    await team.quiet();
    expect(heard).toContain("a waiting 2");
    expect(heard.filter((each) => each.endsWith("opened"))).toHaveLength(2);
    heard.length = 0;
    await there.completeHumanTask({ instanceId: "a", stepName: "one", userId: "ann" });
    await team.quiet();
    expect(heard.map((each) => each.split(" ").slice(1).join(" ")).sort()).toEqual([
      "completed",
      "opened",
      "waiting 3",
    ]);
    expect(team.logged).toEqual([]);
    await team.close();
  });

  test("tells each thing once, also when it and others change one instance in turn", async () => {
    const team = new Team(review, two);
    const here = await team.engine();
    const there = await team.engine();
    await team.pass(1000);
    const { heard } = watching(here);
    await team.quiet();
    await there.startWorkflow("two", { instanceId: "a" });
    await here.completeHumanTask({ instanceId: "a", stepName: "one", userId: "ann" });
    await there.completeHumanTask({ instanceId: "a", stepName: "two", userId: "ann" });
    await here.completeHumanTask({ instanceId: "a", stepName: "last", userId: "ann" });
    await team.pass(3000);
    expect(heard).toHaveLength(new Set(heard).size);
    expect(heard.filter((each) => each.endsWith("completed"))).toHaveLength(3);
    expect(heard.filter((each) => each.includes("completed 5"))).toHaveLength(1);
    await team.close();
  });

  test("costs others nothing while nobody watches, and no longer when it is ended", async () => {
    const team = new Team(review, two);
    const store = new CountingStore(team.home);
    const here = await team.engine(store);
    const there = await team.engine();
    await team.pass(1000);
    await there.startWorkflow("two", { instanceId: "a" });
    await team.quiet();
    const before = store.announced;
    await there.completeHumanTask({ instanceId: "a", stepName: "one", userId: "ann" });
    await team.quiet();
    // Only a task came and went: who waits for the instance has nothing to hear.
    expect(store.announced).toBe(before);
    const { stop } = watching(here);
    await team.quiet();
    await there.completeHumanTask({ instanceId: "a", stepName: "last", userId: "ann" });
    await team.quiet();
    expect(store.announced).toBe(before + 1);
    stop();
    await team.quiet();
    await there.startWorkflow("two", { instanceId: "b" });
    const again = store.announced;
    await there.completeHumanTask({ instanceId: "b", stepName: "one", userId: "ann" });
    await team.quiet();
    expect(store.announced).toBe(again);
    await team.close();
  });

  test("finds by looking what nobody told of, and nothing that was there before", async () => {
    const team = new Team(review, two);
    const here = await team.engine(new DeafStore(team.home));
    const there = await team.engine();
    await there.startWorkflow("review", { instanceId: "old" });
    await there.startWorkflow("two", { instanceId: "a" });
    await team.pass(60_000);
    const { heard } = watching(here);
    await team.pass(5000);
    expect(heard).toEqual([]);
    await there.completeHumanTask({ instanceId: "a", stepName: "one", userId: "ann" });
    await there.startWorkflow("review", { instanceId: "new" });
    await team.pass(2000);
    expect(heard.map((each) => each.replace(/\/\d+/, "/")).sort()).toEqual([
      "a waiting 3",
      "a/ completed",
      "a/ opened",
      "new waiting 1",
      "new/ opened",
    ]);
    await team.close();
  });

  test("hears of a process that comes later", async () => {
    const team = new Team(review);
    const here = await team.engine();
    const { heard } = watching(here, { workflow: "review" });
    const there = await team.engine();
    await team.pass(2000);
    await there.startWorkflow("review", { instanceId: "a" });
    await there.pauseWorkflow("a");
    await there.resumeWorkflow("a");
    await there.completeHumanTask({ instanceId: "a", stepName: "check", userId: "ann" });
    await team.quiet();
    expect(heard).toContain("a completed 4");
    await team.close();
  });
});
