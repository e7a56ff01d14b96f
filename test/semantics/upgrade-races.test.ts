import type { StandardSchemaV1 } from "@standard-schema/spec";
import {
  humanStep,
  LocalExecutionEngine,
  MemoryStore,
  machineStep,
  ParallelGroup,
  type WorkflowDefinition,
  type WorkflowInstance,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/testing/index.ts";
import { nextTurn, RemoteStore } from "../support/remote-store.ts";
import { flow } from "../support/workshop.ts";

const silent = () => {};
const logger = { debug: silent, info: silent, warn: silent, error: silent };
const instances = 200;

/** Two approvals and what follows; the later version does more after them. */
function version(number: string, ...last: readonly string[]): WorkflowDefinition {
  const work = (name: string) =>
    machineStep(name, (context) => {
      context.set(name, context.version);
    });
  return flow(
    {
      both: new ParallelGroup([humanStep("x"), humanStep("y")]),
      book: work("book"),
      ...Object.fromEntries(last.map((name) => [name, work(name)])),
    },
    [["both", "book", ...last].join(" -> ")],
    { name: "order", version: number },
  );
}

function engineOn(store: MemoryStore | RemoteStore): LocalExecutionEngine {
  const registry = new WorkflowRegistry();
  registry.registerDefinition(version("1.0.0"));
  registry.registerDefinition(version("2.0.0", "send"));
  return new LocalExecutionEngine(registry, { store, logger });
}

async function quiet(): Promise<void> {
  for (let round = 0; round < 50; round++) await nextTurn();
}

/** Random and the same every time. */
function shuffled<Item>(items: readonly Item[]): Item[] {
  let seed = 7;
  const next = () => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed;
  };
  return items
    .map((item) => ({ item, by: next() }))
    .sort((a, b) => a.by - b.by)
    .map((each) => each.item);
}

type Outcome = "done" | "INSTANCE_ENDED" | "UPGRADE_REFUSED" | "TASK_GONE";

/** Everything at once, from all engines in turn: both approvals and an upgrade of each instance. */
async function race(engines: readonly LocalExecutionEngine[]): Promise<void> {
  const [first] = engines as [LocalExecutionEngine];
  const ids = await Promise.all(
    Array.from({ length: instances }, async () => {
      return (await first.startWorkflow("order", { version: "1.0.0" })).id;
    }),
  );
  const outcomes = new Map<string, Outcome>();
  const acts = ids.flatMap((instanceId) =>
    ["x", "y", "upgrade"].map((what) => async (engine: LocalExecutionEngine, delay: number) => {
      for (let turn = 0; turn < delay; turn++) await Promise.resolve();
      const data = { by: what };
      const act: Promise<unknown> =
        what === "upgrade"
          ? engine.upgradeInstance({ instanceId, version: "2.0.0" })
          : engine.completeHumanTask({ instanceId, stepName: `both/${what}`, data });
      const outcome = await act.then(
        () => "done" as const,
        (error: { code: Outcome }) => error.code,
      );
      outcomes.set(`${instanceId} ${what}`, outcome);
    }),
  );
  const engineAt = (place: number) => engines[place % engines.length] as LocalExecutionEngine;
  await Promise.all(shuffled(acts).map((act, place) => act(engineAt(place), place % 41)));
  const versions = { "1.0.0": 0, "2.0.0": 0 };
  for (const id of ids) {
    const instance = await first.waitFor(id);
    const upgraded = outcomes.get(`${id} upgrade`);
    expect([outcomes.get(`${id} x`), outcomes.get(`${id} y`)]).toEqual(["done", "done"]);
    judge(instance, upgraded);
    versions[instance.version as "1.0.0"]++;
  }
  expect([...Object.values(versions)].every((count) => count > 0)).toBe(true);
}

/** It went on exactly once, and in one version. */
function judge(instance: WorkflowInstance, upgraded: Outcome | undefined): void {
  const steps = instance.steps.map(({ path, status }) => `${path} ${status}`);
  const common = ["both succeeded", "both/x succeeded", "both/y succeeded", "book succeeded"];
  expect(instance.status).toBe("completed");
  if (upgraded === "done") {
    expect(steps).toEqual([...common, "send succeeded"]);
    expect(instance.data).toMatchObject({ book: "2.0.0", send: "2.0.0" });
  } else {
    expect(["INSTANCE_ENDED", "UPGRADE_REFUSED"]).toContain(upgraded);
    expect(steps).toEqual(common);
    expect(instance.data.book).toBe("1.0.0");
  }
}

describe("an upgrade against completions", () => {
  test("of many instances at once: one comes first, and each goes on once", async () => {
    const engine = engineOn(new MemoryStore());
    await race([engine]);
    await engine.close();
  });

  test("from several processes", { timeout: 60_000 }, async () => {
    const home = new MemoryStore();
    const engines = [1, 2, 3].map(() => engineOn(new RemoteStore(home)));
    await race(engines);
    for (const engine of engines) await engine.close();
  });
});

describe("a completion that was checked by the form of the version before", () => {
  test("is checked again by the form of the version that came first", async () => {
    let go = () => {};
    const upgraded = new Promise<void>((resolve) => {
      go = resolve;
    });
    const form = (validate: StandardSchemaV1["~standard"]["validate"]): StandardSchemaV1 => ({
      "~standard": { version: 1, vendor: "test", validate },
    });
    const slow = form(async (value) => {
      await upgraded;
      return { value };
    });
    const strict = form((value) =>
      (value as { reason?: string }).reason === undefined
        ? { issues: [{ message: "is missing", path: ["reason"] }] }
        : { value },
    );
    const registry = new WorkflowRegistry();
    for (const [number, formSchema] of Object.entries({ "1.0.0": slow, "2.0.0": strict })) {
      const step = humanStep("approve", { formSchema });
      registry.registerDefinition(flow({ approve: step }, [], { name: "order", version: number }));
    }
    const engine = new LocalExecutionEngine(registry);
    const { id: instanceId } = await engine.startWorkflow("order", { version: "1.0.0" });
    const complete = (data: object) =>
      engine.completeHumanTask({ instanceId, stepName: "approve", data });
    const calls = [complete({}), complete({ reason: "late" })];
    await engine.upgradeInstance({ instanceId, version: "2.0.0" });
    go();
    await expect(calls[0]).rejects.toMatchObject({
      code: "INVALID_FORM_DATA",
      fields: [{ field: "reason", message: "is missing" }],
    });
    expect((await calls[1])?.data).toEqual({ approve: { reason: "late" } });
    await engine.close();
  });
});

describe("an instance that another process has in memory", () => {
  test("goes on there in the version that it was moved to", async () => {
    const home = new MemoryStore();
    const [one, other] = [engineOn(new RemoteStore(home)), engineOn(new RemoteStore(home))];
    const { id: instanceId } = await one.startWorkflow("order", { version: "1.0.0" });
    await one.completeHumanTask({ instanceId, stepName: "both/x" });
    await other.upgradeInstance({ instanceId, version: "2.0.0" });
    const done = await one.completeHumanTask({ instanceId, stepName: "both/y" });
    expect([done.version, done.data.send]).toEqual(["2.0.0", "2.0.0"]);
    await one.close();
    await other.close();
  });

  test("is refused there if the process does not have that version", async () => {
    const home = new MemoryStore();
    const registry = new WorkflowRegistry();
    registry.registerDefinition(version("1.0.0"));
    const old = new LocalExecutionEngine(registry, { store: new RemoteStore(home), logger });
    const present = engineOn(new RemoteStore(home));
    const { id: instanceId } = await old.startWorkflow("order");
    await present.upgradeInstance({ instanceId, version: "2.0.0" });
    for (const call of [
      old.getInstance(instanceId),
      old.completeHumanTask({ instanceId, stepName: "both/x" }),
    ]) {
      await expect(call).rejects.toMatchObject({
        code: "UNKNOWN_WORKFLOW",
        message: expect.stringContaining(`Instance "${instanceId}" cannot go on in this process.`),
      });
    }
    for (const stepName of ["both/x", "both/y"]) {
      await present.completeHumanTask({ instanceId, stepName });
    }
    expect((await present.waitFor(instanceId)).data.send).toBe("2.0.0");
    await old.close();
    await present.close();
  });

  test("is moved by the process that owns it", async () => {
    const home = new MemoryStore();
    const clock = new VirtualClock();
    let runs = 0;
    const flaky = (number: string) =>
      flow(
        {
          work: machineStep(
            "work",
            (context) => {
              if (runs++ === 0) throw new Error("not yet");
              context.set("by", context.version);
            },
            { retry: { maxAttempts: 2, initialIntervalMs: 60_000 } },
          ),
        },
        [],
        { name: "flaky", version: number },
      );
    const [owner, other] = [1, 2].map(() => {
      const registry = new WorkflowRegistry();
      registry.registerDefinition(flaky("1.0.0"));
      registry.registerDefinition(flaky("2.0.0"));
      const store = new RemoteStore(home);
      return new LocalExecutionEngine(registry, { store, logger, clock });
    }) as [LocalExecutionEngine, LocalExecutionEngine];
    await other.recover();
    const { id: instanceId } = await owner.submitWorkflow("flaky", { version: "1.0.0" });
    while ((await owner.getInstance(instanceId)).steps[0]?.status !== "scheduled") {
      await nextTurn();
    }
    const upgraded = other.upgradeInstance({ instanceId, version: "2.0.0" });
    for (let second = 0; second < 5; second++) await clock.advance(1000).then(quiet);
    const plan = await upgraded;
    expect(plan).toMatchObject({ isDone: true, moves: [{ from: "work", to: "work" }] });
    await clock.advance(60_000);
    expect((await owner.waitFor(instanceId)).data).toEqual({ by: "2.0.0" });
    await owner.close();
    await other.close();
  });
});
