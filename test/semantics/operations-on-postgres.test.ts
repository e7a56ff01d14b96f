import { humanStep, LocalExecutionEngine, WorkflowRegistry } from "tandem-workflows";
import { PostgresStore } from "tandem-workflows/postgres";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/testing/index.ts";
import { createDatabase, type TestDatabase } from "../support/postgres-database.ts";
import { flow } from "../support/workshop.ts";

const review = flow({ check: humanStep("check") }, [], { name: "review" });

describe("two processes on one PostgreSQL", () => {
  let database: TestDatabase;
  const engines: LocalExecutionEngine[] = [];
  const logged: string[] = [];

  beforeAll(async () => {
    database = await createDatabase();
  });

  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.close();
    await database.empty();
    expect(logged.splice(0)).toEqual([]);
  });

  afterAll(() => database.drop());

  async function pair(clock: VirtualClock): Promise<[LocalExecutionEngine, LocalExecutionEngine]> {
    const registry = new WorkflowRegistry();
    registry.registerDefinition(review);
    const newEngine = async () => {
      const engine = new LocalExecutionEngine(registry, {
        ...{ store: new PostgresStore({ connectionString: database.url }), clock },
        logger: { debug() {}, info() {}, warn() {}, error: (text) => logged.push(text) },
      });
      engines.push(engine);
      await engine.recover();
      return engine;
    };
    return [await newEngine(), await newEngine()];
  }

  /** Settles when it holds: what is waited for comes over a connection. */
  async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
    while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve));
  }

  test("one hears at once of what the other does, while it watches", async () => {
    const clock = new VirtualClock();
    const [here, there] = await pair(clock);
    const heard: string[] = [];
    // They come to know each other with the next sign of life.
    here.watch({ workflow: "review" }, (event) => {
      heard.push(event.type === "task" ? event.change : `${event.status} ${event.revision}`);
    });
    await clock.advance(1000);
    let probes = 0;
    await until(async () => {
      await there.startWorkflow("review", { instanceId: `probe${probes++}` });
      return heard.length > 0;
    });
    heard.length = 0;
    await there.startWorkflow("review", { instanceId: "a" });
    await until(() => heard.includes("opened"));
    await there.completeHumanTask({ instanceId: "a", stepName: "check", userId: "ann" });
    await until(() => heard.includes("completed") && heard.includes("completed 2"));
  });

  test("they fire a schedule once at each moment", async () => {
    const clock = new VirtualClock();
    const [one, two] = await pair(clock);
    await Promise.all(
      [one, two].map((engine) =>
        engine.schedules.save({ id: "often", workflow: "review", cron: "* * * * *" }),
      ),
    );
    for (let minute = 1; minute <= 3; minute++) {
      const lastAt = Date.UTC(2030, 0, 1, 0, minute);
      await until(async () => {
        if (clock.now() < lastAt + 10_000) await clock.advance(1000);
        return (await one.schedules.get("often")).lastAt === lastAt;
      });
    }
    const { items } = await two.instances.list({ order: "oldest" });
    expect(items.map(({ id }) => id)).toEqual([
      "often@2030-01-01T00:01:00.000Z",
      "often@2030-01-01T00:02:00.000Z",
      "often@2030-01-01T00:03:00.000Z",
    ]);
    expect((await one.schedules.get("often")).revision).toBe(4);
  });

  test("each instance ends once when one cancels all and the other completes all", async () => {
    const [one, two] = await pair(new VirtualClock());
    const ids = Array.from({ length: 100 }, (_, index) => `i${index}`);
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
    const { matched, done, refused } = await canceling;
    const completed = completions.filter((each) => each === "completed").length;
    expect(matched).toBe(done + refused.length);
    expect(done + completed).toBe(100);
    const counts = await two.instances.count({ workflow: "review" });
    expect(counts.reduce((sum, { count }) => sum + count, 0)).toBe(100);
    expect(counts.find(({ status }) => status === "canceled")?.count ?? 0).toBe(done);
  });

  test("one removes what has ended, and the other does not show it any more", async () => {
    const clock = new VirtualClock();
    const [one, two] = await pair(clock);
    await one.startWorkflow("review", { instanceId: "a" });
    await two.cancelWorkflow("a");
    expect((await two.getInstance("a")).status).toBe("canceled");
    expect(await one.instances.removeEnded({ endedBefore: clock.now() + 1 })).toBe(1);
    const error = await two.getInstance("a").catch((refused: { code: string }) => refused.code);
    expect(error).toBe("UNKNOWN_INSTANCE");
  });
});
