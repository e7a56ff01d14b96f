/**
 * The complete example of the guide, as a program: an order is processed, three notifications go out
 * side by side, their callback adds up what was sent, and a person approves.
 *
 *     npm run demo -- ORD-123 --customer "Ada" --approve yes
 */
import {
  BaseHumanStep,
  BaseMachineStep,
  Edge,
  LocalExecutionEngine,
  ParallelGroup,
  type ReadonlyContext,
  type WorkflowContext,
  WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";
import { answer, refuse } from "../support/simulated-service.ts";
import { runCommand } from "./complete-example-command.ts";

class ProcessOrder extends BaseMachineStep {
  override name = "process_order";

  async execute(context: WorkflowContext) {
    await answer("reserved", { ms: 60, signal: context.signal });
    context.set("order_status", "processed");
  }
}

/** A service that somebody should be told by; `unreachable` in the data says which ones are down. */
abstract class Notification extends BaseMachineStep {
  abstract readonly channel: string;
  abstract readonly ms: number;

  async execute(context: WorkflowContext) {
    const { channel, ms } = this;
    const call = { ms, signal: context.signal };
    const unreachable = context.get("unreachable", []) as readonly string[];
    if (unreachable.includes(channel)) await refuse(`${channel} is unreachable`, call);
    const text = `Order ${context.get("order_id")} is on its way to ${context.get("customer")}`;
    await answer(text, call);
    context.set(`${channel}_sent`, true);
    context.set(`${channel}_sent_at`, new Date().toISOString());
  }
}

class SendEmail extends Notification {
  override name = "send_email";
  readonly channel = "email";
  readonly ms = 120;
}

class SendSlack extends Notification {
  override name = "send_slack";
  readonly channel = "slack";
  readonly ms = 90;
}

class SendWebhook extends Notification {
  override name = "send_webhook";
  readonly channel = "webhook";
  readonly ms = 150;
}

/** Sees what all three wrote: it runs when the last of them has ended. */
class LogNotifications extends BaseMachineStep {
  override name = "log_notifications";

  execute(context: WorkflowContext) {
    const sent = channels.filter((channel) => context.get(`${channel}_sent`) === true);
    context.set("notifications_sent", sent);
    context.set("notification_count", sent.length);
  }
}

class ApproveOrder extends BaseHumanStep {
  override name = "approve_order";
  override title = (context: ReadonlyContext) => `Approve order ${context.get("order_id")}?`;
  override candidateGroups = ["managers"];
  override formSchema = {
    type: "object",
    properties: { approved: { type: "boolean", title: "Approved?" } },
    required: ["approved"],
  } as const;
}

class SetStatus extends BaseMachineStep {
  readonly status: string;

  constructor(status: string) {
    super();
    this.status = status;
  }

  execute(context: WorkflowContext) {
    context.set("order_status", this.status);
  }
}

/** The services that are told of an order. */
export const channels: readonly string[] = ["email", "slack", "webhook"];

export const workflow = new WorkflowDefinition({
  name: "order_with_notifications",
  version: "1.0.0",
  description: "Process an order, tell three services at once, and let a person approve.",
  inputSchema: {
    type: "object",
    properties: {
      order_id: { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$" },
      customer: { type: "string", minLength: 1, maxLength: 60 },
      unreachable: { type: "array", items: { enum: channels } },
    },
    required: ["order_id", "customer"],
    additionalProperties: false,
  },
  steps: {
    process_order: new ProcessOrder(),
    // A service that is down should not stop an order: the group collects what came of each.
    notify: new ParallelGroup([new SendEmail(), new SendSlack(), new SendWebhook()], {
      callback: new LogNotifications(),
      failure: "collect",
    }),
    approve_order: new ApproveOrder(),
    ship_order: new SetStatus("shipped"),
    reject_order: new SetStatus("rejected"),
  },
  edges: [
    new Edge("process_order", "notify"),
    new Edge("notify", "approve_order"),
    new Edge("approve_order", "ship_order", { condition: "approve_order.approved" }),
    new Edge("approve_order", "reject_order", { otherwise: true }),
  ],
  initialStep: "process_order",
  terminalSteps: ["ship_order", "reject_order"],
});

export interface Order {
  readonly order_id: string;
  readonly customer: string;
  readonly unreachable?: readonly string[];
}

export interface Decision {
  readonly approved: boolean;
  /** Who decides. */
  readonly by: string;
}

/** Runs one order; `decide` is asked when the order waits for a person, and may stay silent. */
export async function main(
  order: Order,
  decide: (title: string) => Promise<Decision | undefined> | Decision | undefined,
) {
  const registry = new WorkflowRegistry();
  registry.registerDefinition(workflow);
  const engine = new LocalExecutionEngine(registry);
  try {
    const started = await engine.startWorkflow("order_with_notifications", { initialData: order });
    const [task] = started.tasks;
    const decision = task && (await decide(task.title));
    if (decision === undefined) return started;
    return await engine.completeHumanTask({
      instanceId: started.id,
      stepName: "approve_order",
      userId: decision.by,
      groups: ["managers"],
      data: { approved: decision.approved },
    });
  } finally {
    await engine.close();
  }
}

if (import.meta.main) {
  process.exitCode = await runCommand({ channels, main, workflow }, process.argv.slice(2));
}
