/** Joins that do not wait for everything: the first of three quotes is enough, or the second. */
import { Edge, type Join, machineStep, TimerStep, WorkflowDefinition } from "tandem-workflows";
import { VirtualClock } from "tandem-workflows/testing";
import { withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

const hours = 60 * 60 * 1000;

/** With `cancelRest`, what could still arrive is cancelled when the join starts. */
export function workflowWith(join: Join) {
  return new WorkflowDefinition({
    name: "quotes",
    steps: {
      ask: machineStep("ask", (context) => context.set("asked", 3)),
      north: new TimerStep({ durationMs: 1 * hours }),
      south: new TimerStep({ durationMs: 2 * hours }),
      west: new TimerStep({ durationMs: 72 * hours }),
      order: machineStep("order", (context) => context.set("ordered", context.iteration), {
        join,
        cancelRest: true,
      }),
    },
    edges: [
      new Edge("ask", "north"),
      new Edge("ask", "south"),
      new Edge("ask", "west"),
      new Edge("north", "order"),
      new Edge("south", "order"),
      new Edge("west", "order"),
    ],
    initialStep: "ask",
    terminalSteps: ["order"],
  });
}

export function main(join: "any" | 2) {
  const clock = new VirtualClock();
  return withEngine(
    async (engine) => {
      const { id } = await engine.startWorkflow(workflowWith(join));
      await clock.advance(100 * hours);
      return engine.getInstance(id);
    },
    { clock },
  );
}

if (import.meta.main) {
  for (const join of ["any", 2] as const) {
    printInstance(workflowWith(join), await main(join));
    process.stdout.write("\n");
  }
}
