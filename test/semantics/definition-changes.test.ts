import {
  humanStep,
  LocalExecutionEngine,
  MemoryStore,
  machineStep,
  SubworkflowStep,
  TimerStep,
  WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/testing/index.ts";
import { RemoteStore } from "../support/remote-store.ts";
import { flow } from "../support/workshop.ts";

function registryWith(step: string, version = "1.0.0"): WorkflowRegistry {
  const registry = new WorkflowRegistry();
  registry.registerDefinition(
    new WorkflowDefinition({
      name: "order",
      version,
      steps: { [step]: humanStep(step) },
      initialStep: step,
      terminalSteps: [step],
    }),
  );
  return registry;
}

describe("a definition that changed under the same version", () => {
  test("is refused with the lines of its shape that differ, and what to do", async () => {
    const store = new MemoryStore();
    const before = new LocalExecutionEngine(registryWith("approve"), { store });
    const { id } = await before.startWorkflow("order");
    await before.close();

    const after = new LocalExecutionEngine(registryWith("review"), { store });
    await expect(after.getInstance(id)).rejects.toMatchObject({
      name: "DefinitionChangedError",
      code: "DEFINITION_CHANGED",
      message: [
        'Workflow "order" version 1.0.0 has changed its shape ' +
          "(-: as its 1 instance was made, +: as it is registered now):",
        "  - begins with approve",
        "  - step approve: human, terminal",
        "  + begins with review",
        "  + step review: human, terminal",
        "Register the old definition again, and give the changed one a new version; " +
          "engine.upgradeInstance moves instances to it.",
      ].join("\n"),
    });
    for (const call of [
      after.startWorkflow("order"),
      after.completeHumanTask({ instanceId: id, stepName: "approve" }),
      after.cancelWorkflow(id),
    ]) {
      await expect(call).rejects.toMatchObject({ code: "DEFINITION_CHANGED" });
    }
    await after.close();
  });

  test("is refused in the second of two processes", async () => {
    const home = new MemoryStore();
    const [first, second] = ["approve", "review"].map(
      (step) => new LocalExecutionEngine(registryWith(step), { store: new RemoteStore(home) }),
    ) as [LocalExecutionEngine, LocalExecutionEngine];
    await first.startWorkflow("order");
    await expect(second.startWorkflow("order")).rejects.toMatchObject({
      code: "DEFINITION_CHANGED",
    });
    expect((await first.startWorkflow("order")).status).toBe("waiting");
    await first.close();
    await second.close();
  });

  test("is the new shape of its version when no instance is left", async () => {
    const store = new MemoryStore({ keepEnded: 1 });
    const before = new LocalExecutionEngine(registryWith("approve"), { store });
    const { id } = await before.startWorkflow("order");
    await before.cancelWorkflow(id);
    const other = registryWith("approve", "0.1.0");
    const { id: later } = await new LocalExecutionEngine(other, { store }).startWorkflow("order");
    await new LocalExecutionEngine(other, { store }).cancelWorkflow(later);
    await before.close();

    const after = new LocalExecutionEngine(registryWith("review"), { store });
    expect((await after.startWorkflow("order")).status).toBe("waiting");
    const again = new LocalExecutionEngine(registryWith("approve"), { store });
    await expect(again.startWorkflow("order")).rejects.toMatchObject({
      code: "DEFINITION_CHANGED",
    });
    await after.close();
  });

  test("may have other code, titles and lengths of time", async () => {
    const store = new MemoryStore();
    const registryOf = (result: string, delayMs: number) => {
      const registry = new WorkflowRegistry();
      registry.registerDefinition(
        flow(
          { wait: new TimerStep({ durationMs: delayMs }), work: machineStep("", () => result) },
          ["wait -> work"],
        ),
      );
      return registry;
    };
    const clock = new VirtualClock();
    const before = new LocalExecutionEngine(registryOf("old", 50), { store, clock });
    const { id } = await before.startWorkflow("test");
    await before.close();
    const after = new LocalExecutionEngine(registryOf("new", 100), { store, clock });
    await after.recover();
    await clock.advance(50);
    expect((await after.waitFor(id)).result("work")).toBe("new");
    await after.close();
  });

  test("is refused as the definition of a child, which fails then", async () => {
    const store = new MemoryStore();
    const before = new LocalExecutionEngine(registryWith("approve"), { store });
    await before.startWorkflow("order");
    const registry = registryWith("review");
    registry.registerDefinition(flow({ sub: new SubworkflowStep({ workflow: "order" }) }));
    const after = new LocalExecutionEngine(registry, { store });
    const { id } = await after.submitWorkflow("test");
    const parent = await after.waitFor(id);
    expect(parent.error).toMatchObject({
      code: "CHILD_FAILED",
      cause: { code: "DEFINITION_CHANGED" },
    });
    await after.close();
  });

  test("is no matter for instances of another version", async () => {
    const store = new MemoryStore();
    const registry = registryWith("approve");
    const engine = new LocalExecutionEngine(registry, { store });
    const { id } = await engine.startWorkflow("order");
    registry.registerDefinition(registryWith("review", "2.0.0").getDefinition("order"));
    const newer = await engine.startWorkflow("order");
    expect([(await engine.getInstance(id)).version, newer.version]).toEqual(["1.0.0", "2.0.0"]);
    const done = await engine.completeHumanTask({ instanceId: id, stepName: "approve", data: {} });
    expect(done.status).toBe("completed");
    await engine.close();
  });
});

describe("versions side by side", () => {
  test("each go on as they are, also in another process", async () => {
    const store = new MemoryStore();
    const registry = registryWith("approve");
    registry.registerDefinition(registryWith("review", "2.0.0").getDefinition("order"));
    registry.registerDefinition(registryWith("read", "3.0.0-beta.1").getDefinition("order"));
    const engine = new LocalExecutionEngine(registry, { store });
    const versions = ["1.0.0", "2.0.0", "3.0.0-beta.1"];
    const started = await Promise.all([
      engine.startWorkflow("order", { version: "1.0.0" }),
      engine.startWorkflow("order"),
      engine.startWorkflow("order", { version: "3.0.0-beta.1" }),
    ]);
    expect(started.map(({ version }) => version)).toEqual(versions);
    await engine.close();

    const other = new LocalExecutionEngine(registry, { store });
    for (const [place, stepName] of ["approve", "review", "read"].entries()) {
      const instanceId = started[place]?.id ?? "";
      const done = await other.completeHumanTask({ instanceId, stepName });
      expect([done.status, done.version]).toEqual(["completed", versions[place]]);
    }
    await other.close();
  });

  test("are named when an instance is of one that this process does not have", async () => {
    const store = new MemoryStore();
    const before = new LocalExecutionEngine(registryWith("review", "2.0.0"), { store });
    const { id } = await before.startWorkflow("order");
    const after = new LocalExecutionEngine(registryWith("approve"), { store });
    await expect(after.getInstance(id)).rejects.toMatchObject({
      code: "UNKNOWN_WORKFLOW",
      message:
        `Instance "${id}" cannot go on in this process. Workflow "order" has no version "2.0.0" ` +
        "(registered: 1.0.0); register that version or ask for another.",
    });
    await before.close();
  });
});

describe("a condition that cannot be evaluated", () => {
  test("fails the instance, names the edge, and never counts as false", async () => {
    const definition = new WorkflowDefinition({
      name: "order",
      steps: { a: machineStep("a", () => {}), b: machineStep("b", () => {}) },
      edges: [
        { source: "a", target: "b", condition: "total > 100" },
        { source: "a", target: "a", otherwise: true },
      ],
      initialStep: "a",
      terminalSteps: ["b"],
    });
    const engine = new LocalExecutionEngine(new WorkflowRegistry());
    const instance = await engine.startWorkflow(definition);
    expect(instance.error?.code).toBe("CONDITION_FAILED");
    expect(instance.error?.message).toContain("a -> b");
    await engine.close();
  });
});
