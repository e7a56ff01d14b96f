import {
  humanStep,
  LocalExecutionEngine,
  MemoryStore,
  machineStep,
  WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";

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
  test("is refused with the step that it no longer has", async () => {
    const store = new MemoryStore();
    const before = new LocalExecutionEngine(registryWith("approve"), { store });
    const { id } = await before.startWorkflow("order");
    await before.close();

    const after = new LocalExecutionEngine(registryWith("review"), { store });
    await expect(after.getInstance(id)).rejects.toMatchObject({
      name: "DefinitionChangedError",
      code: "DEFINITION_CHANGED",
      message: expect.stringContaining('has an execution of "approve"'),
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
