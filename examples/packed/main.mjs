/**
 * Uses the package as its users get it: packed, installed, plain JavaScript. CI copies this folder out
 * of the repository, installs the tarball there and runs it.
 */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import {
  Edge,
  LocalExecutionEngine,
  MemoryStore,
  machineStep,
  ParallelGroup,
  WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { SqliteStore } from "tandem-workflows/sqlite";

const notify = (name) =>
  machineStep(name, async (context) => {
    context.set(`${name}_to`, context.get("customer"));
  });

const registry = new WorkflowRegistry();
registry.registerDefinition(
  new WorkflowDefinition({
    name: "order",
    version: "1.0.0",
    steps: {
      accept: machineStep("accept", async (context) => {
        context.set("accepted", true);
      }),
      notify: new ParallelGroup([notify("email"), notify("chat")]),
    },
    edges: [new Edge("accept", "notify")],
    initialStep: "accept",
    terminalSteps: ["notify"],
  }),
);

for (const { name, store } of [
  { name: "memory", store: new MemoryStore() },
  { name: "SQLite", store: new SqliteStore("packed.db") },
]) {
  const engine = new LocalExecutionEngine(registry, { store });
  const instance = await engine.startWorkflow("order", { initialData: { customer: "ada" } });
  await engine.close();

  assert.equal(instance.status, "completed");
  assert.deepEqual(instance.data, {
    customer: "ada",
    accepted: true,
    email_to: "ada",
    chat_to: "ada",
  });
  process.stdout.write(`The packed package ran a workflow to its end: ${name}.\n`);
}
for (const end of ["", "-wal", "-shm"]) rmSync(`packed.db${end}`, { force: true });
