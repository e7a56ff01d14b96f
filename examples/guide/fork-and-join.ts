/**
 * Several edges from one step start several steps at once; several edges to one step make it wait for
 * all of them.
 */
import { BaseMachineStep, Edge, type WorkflowContext, WorkflowDefinition } from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer } from "../support/simulated-service.ts";

class Process extends BaseMachineStep {
  execute(context: WorkflowContext) {
    context.set("processed", true);
  }
}

class SendEmail extends BaseMachineStep {
  async execute(context: WorkflowContext) {
    await answer("250 OK");
    context.set("email_sent", true);
  }
}

class SendSlack extends BaseMachineStep {
  async execute(context: WorkflowContext) {
    await answer("ok", { ms: 60 });
    context.set("slack_sent", true);
  }
}

class SendSms extends BaseMachineStep {
  async execute(context: WorkflowContext) {
    await answer("queued", { ms: 80 });
    context.set("sms_sent", true);
  }
}

class Complete extends BaseMachineStep {
  execute(context: WorkflowContext) {
    const sent = ["email", "slack", "sms"].filter((name) => context.get(`${name}_sent`));
    context.set("sent", sent);
  }
}

export const workflow = new WorkflowDefinition({
  name: "parallel_notify",
  steps: {
    process: new Process(),
    send_email: new SendEmail(),
    send_slack: new SendSlack(),
    send_sms: new SendSms(),
    complete: new Complete(),
  },
  edges: [
    new Edge("process", "send_email"),
    new Edge("process", "send_slack"),
    new Edge("process", "send_sms"),
    new Edge("send_email", "complete"),
    new Edge("send_slack", "complete"),
    new Edge("send_sms", "complete"),
  ],
  initialStep: "process",
  terminalSteps: ["complete"],
});

export function main() {
  return runWorkflow(workflow);
}

if (import.meta.main) printInstance(workflow, await main());
