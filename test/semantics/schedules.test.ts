import {
  humanStep,
  LocalExecutionEngine,
  MemoryStore,
  type SaveScheduleOptions,
  WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/testing/index.ts";
import { nextTurn, RemoteStore } from "../support/remote-store.ts";
import { flow, refusal, Workshop } from "../support/workshop.ts";

const report = flow({ check: humanStep("check") }, [], { name: "report" });
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

function shopWith(start?: string): Workshop {
  const shop = start === undefined ? new Workshop() : new Workshop({}, new VirtualClock(at(start)));
  shop.registry.registerDefinition(report);
  return shop;
}

const at = (text: string) => Date.parse(text);
const nightly: SaveScheduleOptions = { id: "nightly", workflow: "report", cron: "30 2 * * *" };

/** The moments for which the schedule has started instances, in order. */
async function fired(engine: LocalExecutionEngine, id = "nightly"): Promise<string[]> {
  const { items } = await engine.instances.list({ order: "oldest", limit: 1000 });
  return items.flatMap((instance) =>
    instance.id.startsWith(`${id}@`) ? [instance.id.slice(id.length + 1)] : [],
  );
}

describe("a schedule", () => {
  test("starts an instance at each moment of its pattern, with what it was told", async () => {
    const shop = shopWith();
    const { engine } = shop;
    await engine.schedules.save({
      ...nightly,
      initialData: { depth: 3 },
      ...{ user: "cron", tenant: "acme", businessKey: "nightly", tags: ["report"] },
    });
    await shop.advance(3 * day);
    expect(await fired(engine)).toEqual([
      "2030-01-01T02:30:00.000Z",
      "2030-01-02T02:30:00.000Z",
      "2030-01-03T02:30:00.000Z",
    ]);
    const instance = await engine.getInstance("nightly@2030-01-02T02:30:00.000Z");
    expect(instance.startedAt).toBe(at("2030-01-02T02:30:00.000Z"));
    expect(instance.data).toEqual({ depth: 3 });
    const [summary] = (await engine.instances.list({ tags: ["report"], limit: 1 })).items;
    expect(summary).toMatchObject({ user: "cron", tenant: "acme", businessKey: "nightly" });
    expect(await engine.schedules.get("nightly")).toMatchObject({
      lastAt: at("2030-01-03T02:30:00.000Z"),
      lastInstanceId: "nightly@2030-01-03T02:30:00.000Z",
      nextAt: at("2030-01-04T02:30:00.000Z"),
    });
  });

  test("does not fire while it is paused, and not for what passed meanwhile", async () => {
    const shop = shopWith();
    const { engine } = shop;
    await engine.schedules.save(nightly);
    expect((await engine.schedules.pause("nightly")).isPaused).toBe(true);
    await shop.advance(2 * day);
    expect(await fired(engine)).toEqual([]);
    await engine.schedules.resume("nightly");
    await shop.advance(day);
    expect(await fired(engine)).toEqual(["2030-01-03T02:30:00.000Z"]);
  });

  test("fires once for all moments that passed while no process ran", async () => {
    const shop = shopWith();
    await shop.engine.schedules.save(nightly);
    await shop.crash();
    await shop.advance(4 * day + 12 * hour);
    shop.engine = shop.newEngine();
    await shop.engine.recover();
    await shop.quiet();
    expect(await fired(shop.engine)).toEqual(["2030-01-01T02:30:00.000Z"]);
    await shop.advance(day);
    expect(await fired(shop.engine)).toEqual([
      "2030-01-01T02:30:00.000Z",
      "2030-01-06T02:30:00.000Z",
    ]);
  });

  test('with missed "skip" fires for none of them', async () => {
    const shop = shopWith();
    await shop.engine.schedules.save({ ...nightly, missed: "skip" });
    await shop.crash();
    await shop.advance(4 * day + 12 * hour);
    shop.engine = shop.newEngine();
    await shop.engine.recover();
    await shop.quiet();
    expect(await fired(shop.engine)).toEqual([]);
    await shop.advance(day);
    expect(await fired(shop.engine)).toEqual(["2030-01-06T02:30:00.000Z"]);
    expect((await shop.engine.schedules.get("nightly")).missed).toBe("skip");
  });

  test("that was removed does not fire any more", async () => {
    const shop = shopWith();
    const { schedules } = shop.engine;
    await schedules.save(nightly);
    expect(await schedules.remove("nightly")).toBe(true);
    expect(await schedules.remove("nightly")).toBe(false);
    await shop.advance(2 * day);
    expect(await fired(shop.engine)).toEqual([]);
  });

  test("that is never due again is kept, and rests", async () => {
    const shop = shopWith();
    const { schedules } = shop.engine;
    await schedules.save({ ...nightly, cron: "0 0 0 2 1 * 2030" });
    await shop.advance(10 * day);
    expect(await fired(shop.engine)).toEqual(["2030-01-02T00:00:00.000Z"]);
    expect((await schedules.get("nightly")).nextAt).toBeUndefined();
  });

  test("starts the version that is registered last, unless told", async () => {
    const shop = shopWith();
    await shop.engine.schedules.save(nightly);
    await shop.engine.schedules.save({ ...nightly, id: "pinned", version: "1.0.0" });
    const second = flow({ check: humanStep("check") }, [], { name: "report", version: "2.0.0" });
    shop.registry.registerDefinition(second);
    await shop.advance(day);
    const versions = (await shop.engine.instances.list()).items.map(({ id, version }) => [
      id.split("@")[0],
      version,
    ]);
    expect(versions.sort()).toEqual([
      ["nightly", "2.0.0"],
      ["pinned", "1.0.0"],
    ]);
  });

  test("whose data its workflow takes no longer says so once for each moment, and goes on", async () => {
    const shop = new Workshop();
    const define = (version: string, required: string[]) =>
      new WorkflowDefinition({
        ...{ name: "report", version, initialStep: "check", terminalSteps: ["check"] },
        steps: { check: humanStep("check") },
        edges: [],
        inputSchema: { type: "object", properties: { depth: { type: "number" } }, required },
      });
    shop.registry.registerDefinition(define("1.0.0", []));
    await shop.engine.schedules.save(nightly);
    shop.registry.registerDefinition(define("2.0.0", ["depth"]));
    await shop.advance(2 * day);
    expect(await fired(shop.engine)).toEqual([]);
    expect(shop.logged).toEqual([
      'Schedule "nightly" cannot start "nightly@2030-01-01T02:30:00.000Z", ' +
        "and goes on to its next moment",
      'Schedule "nightly" cannot start "nightly@2030-01-02T02:30:00.000Z", ' +
        "and goes on to its next moment",
    ]);
  });

  test("of a workflow that a process does not know waits for one that does", async () => {
    const shop = shopWith();
    await shop.engine.schedules.save(nightly);
    await shop.crash();
    const registry = new WorkflowRegistry();
    const engineOf = () =>
      new LocalExecutionEngine(registry, {
        ...{ store: shop.store, clock: shop.clock },
        logger: { debug() {}, info() {}, warn() {}, error: (text) => shop.logged.push(text) },
      });
    const stranger = engineOf();
    await stranger.recover();
    await shop.advance(day);
    expect(await fired(stranger)).toEqual([]);
    expect(shop.logged).toEqual([
      'Schedule "nightly" cannot start "nightly@2030-01-01T02:30:00.000Z" here; it is tried again',
    ]);
    registry.registerDefinition(report);
    await shop.advance(minute);
    expect(await fired(stranger)).toEqual(["2030-01-01T02:30:00.000Z"]);
    await stranger.close();
  });
});

describe("time zones", () => {
  test("in spring, what falls into the hour that is left out fires when it has been", async () => {
    const shop = shopWith("2030-03-30T00:00:00Z");
    await shop.engine.schedules.save({ ...nightly, timezone: "Europe/Berlin" });
    await shop.advance(3 * day);
    expect(await fired(shop.engine)).toEqual([
      "2030-03-30T01:30:00.000Z",
      "2030-03-31T01:00:00.000Z",
      "2030-04-01T00:30:00.000Z",
    ]);
  });

  test("in autumn, what falls into the hour that comes twice fires once", async () => {
    const shop = shopWith("2030-10-25T23:59:00Z");
    const timezone = "Europe/Berlin";
    await shop.engine.schedules.save({ ...nightly, timezone });
    await shop.engine.schedules.save({ ...nightly, id: "two", cron: "0 2,3 * * *", timezone });
    await shop.advance(2 * day + 12 * hour);
    expect(await fired(shop.engine)).toEqual([
      "2030-10-26T00:30:00.000Z",
      "2030-10-27T00:30:00.000Z",
      "2030-10-28T01:30:00.000Z",
    ]);
    expect(await fired(shop.engine, "two")).toEqual([
      "2030-10-26T00:00:00.000Z",
      "2030-10-26T01:00:00.000Z",
      "2030-10-27T00:00:00.000Z",
      "2030-10-27T02:00:00.000Z",
      "2030-10-28T01:00:00.000Z",
      "2030-10-28T02:00:00.000Z",
    ]);
  });

  test("what is due every hour fires every hour that passes, in spring and in autumn", async () => {
    for (const [start, changes] of [
      ["2030-03-30T23:30:00Z", "2030-03-31"],
      ["2030-10-26T23:30:00Z", "2030-10-27"],
    ]) {
      const shop = shopWith(start);
      const hourly = { ...nightly, cron: "0 * * * *", timezone: "Europe/Berlin" };
      await shop.engine.schedules.save(hourly);
      await shop.advance(4 * hour);
      expect(await fired(shop.engine)).toEqual(
        ["00", "01", "02", "03"].map((text) => `${changes}T${text}:00:00.000Z`),
      );
    }
  });

  test("each schedule has its own", async () => {
    const shop = shopWith();
    const cron = "0 9 * * *";
    for (const timezone of ["America/New_York", "Asia/Kolkata", "UTC"]) {
      await shop.engine.schedules.save({ id: timezone, workflow: "report", cron, timezone });
    }
    const { items } = await shop.engine.schedules.list();
    expect(items.map(({ id, nextAt = 0 }) => [id, new Date(nextAt).toISOString()])).toEqual([
      ["America/New_York", "2030-01-01T14:00:00.000Z"],
      ["Asia/Kolkata", "2030-01-01T03:30:00.000Z"],
      ["UTC", "2030-01-01T09:00:00.000Z"],
    ]);
  });
});

describe("schedules.save", () => {
  test("of what is saved already changes nothing", async () => {
    const shop = shopWith();
    const { schedules } = shop.engine;
    const first = await schedules.save(nightly);
    await shop.advance(hour);
    expect(await schedules.save({ ...nightly })).toEqual(first);
    expect(first).toMatchObject({ revision: 1, timezone: "UTC", missed: "once", isPaused: false });
  });

  test("replaces a schedule, which goes on being paused, and keeps when it fired", async () => {
    const shop = shopWith();
    const { schedules } = shop.engine;
    await schedules.save(nightly);
    await shop.advance(day);
    await schedules.pause("nightly");
    const changed = await schedules.save({ ...nightly, cron: "0 4 * * *" });
    expect(changed).toMatchObject({
      ...{ revision: 4, isPaused: true, lastAt: at("2030-01-01T02:30:00Z") },
      nextAt: at("2030-01-02T04:00:00Z"),
    });
  });

  test("of other data does not forget a moment that was missed", async () => {
    const shop = shopWith();
    await shop.engine.schedules.save(nightly);
    await shop.crash();
    await shop.advance(day);
    shop.engine = shop.newEngine();
    await shop.engine.schedules.save({ ...nightly, initialData: { depth: 4 } });
    await shop.quiet();
    expect(await fired(shop.engine)).toEqual(["2030-01-01T02:30:00.000Z"]);
  });

  test.each<[string, Partial<Record<keyof SaveScheduleOptions, unknown>>, string, RegExp]>([
    ["a pattern of four fields", { cron: "* * * *" }, "INVALID_CRON", /"\* \* \* \*"/],
    ["a minute that no hour has", { cron: "61 * * * *" }, "INVALID_CRON", /minute: 61/],
    ["a moment", { cron: "2030-01-05T00:00:00" }, "INVALID_CRON", /no cron pattern/],
    ["no pattern", { cron: undefined }, "INVALID_CRON", /no cron pattern/],
    ["a zone of another planet", { timezone: "Mars/Olympus" }, "INVALID_TIMEZONE", /Mars/],
    ["an empty zone", { timezone: "" }, "INVALID_TIMEZONE", /IANA name/],
    ["an unknown workflow", { workflow: "reprot" }, "UNKNOWN_WORKFLOW", /reprot/],
    ["an unknown version", { version: "7.0.0" }, "UNKNOWN_WORKFLOW", /7\.0\.0/],
    ["data that is not JSON", { initialData: { when: new Date(0) } }, "NOT_JSON", /when/],
    ["data that is no object", { initialData: [] }, "INVALID_ARGUMENT", /must be an object/],
    ["an empty id", { id: "" }, "INVALID_ARGUMENT", /1 to 400/],
    ["an id that is too long", { id: "x".repeat(401) }, "INVALID_ARGUMENT", /1 to 400/],
    ["another word for missed", { missed: "all" }, "INVALID_ARGUMENT", /"once" or "skip"/],
    ["tags that are none", { tags: "a" }, "INVALID_ARGUMENT", /tags must be a list/],
  ])("refuses %s", async (_, options, code, message) => {
    const { engine } = shopWith();
    const found = await refusal(engine.schedules.save({ ...nightly, ...options } as never));
    expect(found.code).toBe(code);
    expect(found.message).toMatch(message);
    expect((await engine.schedules.list()).items).toEqual([]);
  });

  test("refuses data that the workflow does not take", async () => {
    const shop = new Workshop();
    shop.registry.registerDefinition(
      new WorkflowDefinition({
        ...{ name: "report", initialStep: "check", terminalSteps: ["check"] },
        steps: { check: humanStep("check") },
        edges: [],
        inputSchema: { type: "object", properties: {}, required: ["depth"] },
      }),
    );
    expect((await refusal(shop.engine.schedules.save(nightly))).code).toBe("INVALID_INPUT");
  });
});

describe("the other calls", () => {
  test("refuse a schedule that does not exist", async () => {
    const { schedules } = shopWith().engine;
    for (const call of ["get", "pause", "resume"] as const) {
      expect(await refusal(schedules[call]("nowhere"))).toEqual({
        name: "UnknownScheduleError",
        code: "UNKNOWN_SCHEDULE",
        message: 'There is no schedule "nowhere".',
      });
    }
  });

  test("list schedules page by page, by workflow and tenant", async () => {
    const { schedules } = shopWith().engine;
    for (const id of ["c", "a", "b"]) {
      await schedules.save({ ...nightly, id, ...(id === "b" ? { tenant: "acme" } : {}) });
    }
    const first = await schedules.list({ limit: 2 });
    expect(first.items.map(({ id }) => id)).toEqual(["a", "b"]);
    const second = await schedules.list({ limit: 2, cursor: first.next ?? "" });
    expect(second.items.map(({ id }) => id)).toEqual(["c"]);
    expect((await schedules.list({ tenant: "acme" })).items.map(({ id }) => id)).toEqual(["b"]);
    expect((await schedules.list({ workflow: "other" })).items).toEqual([]);
  });
});

describe("several processes", () => {
  function team(count: number) {
    const clock = new VirtualClock();
    const home = new MemoryStore();
    const registry = new WorkflowRegistry();
    registry.registerDefinition(report);
    const logged: string[] = [];
    const logger = { debug() {}, info() {}, warn() {}, error: (text: string) => logged.push(text) };
    const engines = Array.from(
      { length: count },
      () => new LocalExecutionEngine(registry, { store: new RemoteStore(home), clock, logger }),
    );
    return { clock, home, engines, logged };
  }

  async function quiet(): Promise<void> {
    for (let round = 0; round < 50; round++) await nextTurn();
  }

  test("fire a schedule exactly once at each moment", async () => {
    const { clock, engines, logged } = team(3);
    const [first] = engines as [LocalExecutionEngine];
    await Promise.all(engines.map((engine) => engine.recover()));
    await Promise.all(
      engines.map((engine) => engine.schedules.save({ ...nightly, cron: "* * * * *" })),
    );
    for (let round = 0; round < 10; round++) {
      await clock.advance(30_000);
      await quiet();
    }
    const minutes = Array.from({ length: 5 }, (_, index) => `2030-01-01T00:0${index + 1}:00.000Z`);
    expect(await fired(first)).toEqual(minutes);
    // Saved once, and advanced once for each moment.
    expect((await first.schedules.get("nightly")).revision).toBe(6);
    expect(logged).toEqual([]);
    await Promise.all(engines.map((engine) => engine.close()));
  });

  test("that all take it for their turn start one instance", async () => {
    const { clock, home, engines, logged } = team(2);
    const [one, two] = engines as [LocalExecutionEngine, LocalExecutionEngine];
    await one.schedules.save({ ...nightly, cron: "* * * * *" });
    await one.close();
    await clock.advance(10 * minute);
    // Neither knows of the other yet when it finds what was missed.
    const registry = new WorkflowRegistry();
    registry.registerDefinition(report);
    const three = new LocalExecutionEngine(registry, { store: new RemoteStore(home), clock });
    await Promise.all([two.recover(), three.recover()]);
    await quiet();
    expect(await fired(two)).toEqual(["2030-01-01T00:01:00.000Z"]);
    expect((await two.schedules.get("nightly")).revision).toBe(2);
    expect(logged).toEqual([]);
    await two.close();
    await three.close();
  });

  test("go on when the one that fired dies before it has advanced the schedule", async () => {
    class Dying extends RemoteStore {
      override saveSchedule(schedule: Parameters<RemoteStore["saveSchedule"]>[0]) {
        if (schedule.revision > 1) return new Promise<boolean>(() => {});
        return super.saveSchedule(schedule);
      }
    }
    const { clock, home, engines } = team(1);
    const [other] = engines as [LocalExecutionEngine];
    const registry = new WorkflowRegistry();
    registry.registerDefinition(report);
    const dying = new LocalExecutionEngine(registry, { store: new Dying(home), clock });
    await dying.schedules.save({ ...nightly, cron: "0 * * * *" });
    await clock.advance(hour);
    await quiet();
    expect(await fired(dying)).toEqual(["2030-01-01T01:00:00.000Z"]);
    await dying.close();
    await other.recover();
    await quiet();
    expect(await fired(other)).toEqual(["2030-01-01T01:00:00.000Z"]);
    expect((await other.schedules.get("nightly")).nextAt).toBe(at("2030-01-01T02:00:00Z"));
    await other.close();
  });

  test("may change one schedule at the same moment: every change is kept", async () => {
    const { engines } = team(4);
    const [first] = engines as [LocalExecutionEngine];
    await first.schedules.save(nightly);
    await Promise.all(engines.map((engine) => engine.schedules.pause("nightly")));
    await Promise.all(
      engines.map((engine, index) =>
        engine.schedules.save({ ...nightly, initialData: { depth: index } }),
      ),
    );
    expect((await first.schedules.get("nightly")).revision).toBe(6);
    await Promise.all(engines.map((engine) => engine.close()));
  });
});
