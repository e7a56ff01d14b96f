/** The fork and its join as one node: a group has one edge in and one out, whatever its members are. */
import {
  BaseMachineStep,
  Edge,
  ParallelGroup,
  type WorkflowContext,
  WorkflowDefinition,
} from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer } from "../support/simulated-service.ts";

/** One class for all three: inside a group, `name` tells the members apart. */
class Send extends BaseMachineStep {
  readonly ms: number;

  constructor(channel: string, ms: number) {
    super();
    this.name = `send_${channel}`;
    this.ms = ms;
  }

  async execute(context: WorkflowContext) {
    await answer("sent", { ms: this.ms });
    context.set(`${this.name}_done`, true);
  }
}

class SetStatus extends BaseMachineStep {
  readonly status: string;

  constructor(status: string) {
    super();
    this.status = status;
  }

  execute(context: WorkflowContext) {
    context.set("status", this.status);
  }
}

export const workflow = new WorkflowDefinition({
  name: "parallel_notify_group",
  steps: {
    process: new SetStatus("processed"),
    notify: new ParallelGroup([new Send("email", 100), new Send("slack", 60), new Send("sms", 80)]),
    complete: new SetStatus("everybody knows"),
  },
  edges: [new Edge("process", "notify"), new Edge("notify", "complete")],
  initialStep: "process",
  terminalSteps: ["complete"],
});

export function main() {
  return runWorkflow(workflow);
}

if (import.meta.main) printInstance(workflow, await main());
