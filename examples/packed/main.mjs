/**
 * Uses the package as its users get it: packed, installed, plain JavaScript. CI copies this folder out
 * of the repository, installs the tarball there and runs it.
 */
import assert from "node:assert/strict";
import {
  Edge,
  LocalExecutionEngine,
  machineStep,
  ParallelGroup,
  WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";

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

const engine = new LocalExecutionEngine(registry);
const instance = await engine.startWorkflow("order", { initialData: { customer: "ada" } });
await engine.close();

assert.equal(instance.status, "completed");
assert.deepEqual(instance.data, {
  customer: "ada",
  accepted: true,
  email_to: "ada",
  chat_to: "ada",
});
process.stdout.write("The packed package ran a workflow to its end.\n");
