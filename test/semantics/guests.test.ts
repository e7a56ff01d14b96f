import {
  humanStep,
  LocalExecutionEngine,
  MemoryStore,
  machineStep,
  TimerStep,
  type WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/testing/index.ts";
import { nextTurn, RemoteStore } from "../support/remote-store.ts";
import { flow } from "../support/workshop.ts";

/** A shared store, and engines on it that stand for processes. */
function neighbourhood(...definitions: readonly WorkflowDefinition[]) {
  const home = new MemoryStore();
  const clock = new VirtualClock();
  const registry = new WorkflowRegistry();
  for (const definition of definitions) registry.registerDefinition(definition);
  const engine = (isGuest: boolean) =>
    new LocalExecutionEngine(registry, { store: new RemoteStore(home), clock, isGuest });
  return { clock, guest: engine(true), engine: () => engine(false) };
}

async function pass(clock: VirtualClock, seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    await clock.advance(1000);
    for (let turn = 0; turn < 50; turn++) await nextTurn();
  }
}

describe("a guest", () => {
  test("runs what it is asked to start, and fires the timers of that", async () => {
    const slow = machineStep("slow", () => new Promise(() => {}), { timeoutMs: 3000 });
    const { clock, guest } = neighbourhood(flow({ slow }));
    const { id } = await guest.submitWorkflow("test");
    await pass(clock, 4);
    const { status, error } = await guest.getInstance(id);
    expect([status, error?.code]).toEqual(["failed", "STEP_TIMEOUT"]);
  });

  test("completes a task, and what follows runs in it", async () => {
    const { guest, engine } = neighbourhood(
      flow({ ask: humanStep("ask"), book: machineStep("book", () => "booked") }, ["ask -> book"]),
    );
    const { id } = await engine().startWorkflow("test");
    const done = await guest.completeHumanTask({ instanceId: id, stepName: "ask", data: {} });
    expect(done.status).toBe("completed");
    expect(done.steps.at(-1)?.result).toBe("booked");
    expect(guest.load.runningSteps).toBe(0);
  });

  test("leaves what others ran, their timers and schedules to others", async () => {
    let runs = 0;
    const run = machineStep("run", () => {
      runs++;
      return new Promise<void>(() => {});
    });
    const nap = new TimerStep({ durationMs: 2000 });
    const { clock, guest, engine } = neighbourhood(
      flow({ run }, [], { name: "busy" }),
      flow({ nap }, [], { name: "sleepy" }),
    );
    const first = engine();
    const busy = await first.submitWorkflow("busy");
    const sleepy = await first.startWorkflow("sleepy");
    await first.schedules.save({ id: "often", workflow: "sleepy", cron: "* * * * *" });
    await first.close();

    // It looks at both, as somebody does who shows them.
    await guest.getInstance(busy.id);
    await guest.getInstance(sleepy.id);
    await pass(clock, 120);
    expect(runs).toBe(1);
    expect((await guest.getInstance(sleepy.id)).status).toBe("waiting");
    expect((await guest.instances.list()).items).toHaveLength(2);

    await engine().recover();
    await pass(clock, 4);
    expect(runs).toBe(2);
    expect((await guest.getInstance(sleepy.id)).status).toBe("completed");
  });
});
