/**
 * Failures that a step handles itself: it catches the error and writes what came of it, so that for
 * the group every member succeeds. The step after the group goes on with what is there.
 */
import {
  BaseMachineStep,
  Edge,
  ParallelGroup,
  type WorkflowContext,
  WorkflowDefinition,
} from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer, refuse } from "../support/simulated-service.ts";

class ResilientFetch extends BaseMachineStep {
  readonly #source: string;

  constructor(source: string) {
    super();
    this.name = `fetch_${source}`;
    this.#source = source;
  }

  async execute(context: WorkflowContext) {
    const broken = context.get("broken") as readonly string[];
    try {
      const data = broken.includes(this.#source)
        ? await refuse(`${this.#source} answers 503`)
        : await answer({ rows: 3 }, { ms: 60 });
      context.set(`${this.name}_data`, data);
      context.set(`${this.name}_success`, true);
    } catch (error) {
      context.set(`${this.name}_error`, error instanceof Error ? error.message : String(error));
      context.set(`${this.name}_success`, false);
    }
  }
}

const sources = ["api1", "api2", "api3"];

class HandlePartialResults extends BaseMachineStep {
  execute(context: WorkflowContext) {
    const worked = (source: string) => context.get(`fetch_${source}_success`) === true;
    const successful = sources.filter(worked);
    if (successful.length === 0) throw new Error("All fetches failed");
    context.set("successful_fetches", successful);
    context.set(
      "failed_fetches",
      sources.filter((source) => !worked(source)),
    );
  }
}

export const workflow = new WorkflowDefinition({
  name: "resilient_fetch",
  steps: {
    fetch: new ParallelGroup(sources.map((source) => new ResilientFetch(source))),
    handle_results: new HandlePartialResults(),
  },
  edges: [new Edge("fetch", "handle_results")],
  initialStep: "fetch",
  terminalSteps: ["handle_results"],
});

export function main(broken: readonly string[] = ["api2"]) {
  return runWorkflow(workflow, { broken });
}

if (import.meta.main) printInstance(workflow, await main());
