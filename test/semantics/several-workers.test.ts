import {
  type Clock,
  humanStep,
  LocalExecutionEngine,
  MemoryStore,
  machineStep,
  SignalStep,
  SubworkflowStep,
  type WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/testing/index.ts";
import { nextTurn, RemoteStore } from "../support/remote-store.ts";
import { flow } from "../support/workshop.ts";

/** A store that tells nobody of anything: what others do is seen when it is looked for. */
class DeafStore extends RemoteStore {
  override async listen(): Promise<() => void> {
    return () => {};
  }
}

/** A clock of which time passes while nothing happens: its process was frozen. */
class FrozenClock implements Clock {
  readonly #clock: VirtualClock;
  #frozenMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now() + this.#frozenMs;
  }

  callAt(at: number, callback: () => void): () => void {
    return this.#clock.callAt(at - this.#frozenMs, callback);
  }

  wakeAfter(milliseconds: number): void {
    this.#frozenMs += milliseconds;
  }
}

/** Engines of several processes, without processes. */
class Team {
  readonly #home = new MemoryStore();
  readonly #registry = new WorkflowRegistry();

  constructor(...definitions: readonly WorkflowDefinition[]) {
    for (const definition of definitions) this.#registry.registerDefinition(definition);
  }

  async engine(clock: Clock): Promise<LocalExecutionEngine> {
    const silent = () => {};
    const engine = new LocalExecutionEngine(this.#registry, {
      store: new DeafStore(this.#home),
      clock,
      logger: { debug: silent, info: silent, warn: silent, error: silent },
    });
    await engine.recover();
    return engine;
  }
}

async function quiet(): Promise<void> {
  for (let round = 0; round < 50; round++) await nextTurn();
}

const endless = () => machineStep("run", () => new Promise(() => {}));

describe("a worker that was taken for gone without knowing", () => {
  test("acts on what others have done with its instances meanwhile", async () => {
    let pass = () => {};
    const gate = machineStep("gate", ({ attempt }) =>
      attempt === 1
        ? new Promise<void>(() => {})
        : new Promise<void>((go) => {
            pass = go;
          }),
    );
    const team = new Team(
      flow({ gate, run: endless(), ask: humanStep("ask") }, ["gate -> run", "gate -> ask"]),
    );
    const [slow, clock] = [new VirtualClock(), new VirtualClock()];
    const frozen = new FrozenClock(slow);
    const [first, second] = [await team.engine(frozen), await team.engine(clock)];
    const { id: instanceId } = await first.submitWorkflow("test");
    for (let second = 0; second < 12; second++) await clock.advance(1000).then(quiet);
    pass();
    await quiet();
    frozen.wakeAfter(12_000);
    const [task] = (await first.tasks.list()).items;
    expect(task?.instanceId).toBe(instanceId);
    const completed = first.completeHumanTask({ instanceId, stepName: "ask", data: {} });
    await quiet();
    await slow.advance(1000).then(quiet);
    await clock.advance(1000).then(quiet);
    await slow.advance(1000).then(quiet);
    expect((await completed).status).toBe("running");
    expect((await second.tasks.list()).items).toEqual([]);
  });
});

describe("a worker that does not know whether it was taken for gone", () => {
  test("tells who waits for another worker when it is closed", async () => {
    const team = new Team(
      flow(
        {
          begin: machineStep("begin", () => {}),
          run: endless(),
          bell: new SignalStep({ signal: "bell" }),
        },
        ["begin -> run", "begin -> bell"],
      ),
    );
    const clock = new VirtualClock();
    const frozen = new FrozenClock(clock);
    const [owner, other] = [await team.engine(clock), await team.engine(frozen)];
    const { id: instanceId } = await owner.submitWorkflow("test");
    frozen.wakeAfter(12_000);
    const rung = other.signal({ instanceId, name: "bell" });
    await Promise.all([
      expect(rung).rejects.toMatchObject({ code: "ENGINE_CLOSED" }),
      quiet().then(() => other.close()),
    ]);
  });
});

describe("an act on an instance of which another worker runs code", () => {
  test("resolves when what it set going waits, and not when that code has ended", async () => {
    const read = machineStep("read", (context) => context.set("read", context.get("ask")));
    const team = new Team(
      flow({ begin: machineStep("begin", () => {}), run: endless(), ask: humanStep("ask"), read }, [
        "begin -> run",
        "begin -> ask -> read",
      ]),
    );
    const clock = new VirtualClock();
    const [owner, other] = [await team.engine(clock), await team.engine(clock)];
    const { id: instanceId } = await owner.submitWorkflow("test");
    await quiet();
    const data = { yes: true };
    const completed = other.completeHumanTask({ instanceId, stepName: "ask", data });
    await quiet();
    for (let tick = 0; tick < 2; tick++) await clock.advance(1000).then(quiet);
    expect((await completed).data).toEqual({ ask: data, read: data });
  });
});

describe("a child that ended at another worker", () => {
  test("gives its parent what it then had", async () => {
    const child = flow(
      { wait: new SignalStep({ signal: "go" }), end: machineStep("end", (c) => c.set("sum", 3)) },
      ["wait -> end"],
      { name: "child" },
    );
    const sub = new SubworkflowStep({ workflow: "child", output: { sum: "sum" } });
    const parent = flow({ begin: machineStep("begin", () => {}), sub, run: endless() }, [
      "begin -> sub",
      "begin -> run",
    ]);
    const team = new Team(parent, child);
    const clock = new VirtualClock();
    const [first, second] = [await team.engine(clock), await team.engine(clock)];
    const { id } = await first.submitWorkflow("test");
    await quiet();
    await second.signal({ instanceId: `${id}.2`, name: "go" });
    await quiet();
    await clock.advance(1000).then(quiet);
    await clock.advance(1000).then(quiet);
    const { steps, data } = await first.getInstance(id);
    expect(steps.map(({ path, status }) => `${path} ${status}`)).toContain("sub succeeded");
    expect(data).toEqual({ sum: 3 });
  });
});
