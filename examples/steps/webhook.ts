/**
 * A webhook step hands a one-time token to an outside service and waits until somebody calls back
 * with it. What they send stands under the step's name.
 */
import { Edge, machineStep, WebhookStep, WorkflowDefinition } from "tandem-workflows";
import { withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

/** Stands in for a payment service: remembers whom to call back. */
export class PaymentService {
  readonly pending: { amount: unknown; token: string; idempotencyKey: string }[] = [];

  /** The same key twice is the same payment: the step's code may run again after a crash. */
  request(amount: unknown, token: string, idempotencyKey: string) {
    if (this.pending.some((payment) => payment.idempotencyKey === idempotencyKey)) return;
    this.pending.push({ amount, token, idempotencyKey });
  }
}

export function workflowWith(payments: PaymentService) {
  return new WorkflowDefinition({
    name: "checkout",
    steps: {
      payment: new WebhookStep({
        execute: (context, token) =>
          payments.request(context.get("amount"), token, context.idempotencyKey),
      }),
      ship: machineStep("ship", (context) => {
        context.set("shipped", context.get("payment.reference"));
      }),
      apologize: machineStep("apologize", (context) => context.set("shipped", null)),
    },
    edges: [
      new Edge("payment", "ship", { condition: "payment.paid" }),
      new Edge("payment", "apologize", { otherwise: true }),
    ],
    initialStep: "payment",
    terminalSteps: ["ship", "apologize"],
  });
}

/** @returns the instance after the callback, and the code of what a second callback gets. */
export function main(
  answer: { paid: boolean; reference?: string } = { paid: true, reference: "P-1" },
) {
  const payments = new PaymentService();
  const workflow = workflowWith(payments);
  return withEngine(async (engine) => {
    await engine.startWorkflow(workflow, { initialData: { amount: 30 } });
    const token = payments.pending[0]?.token ?? "";
    const instance = await engine.completeWebhook(token, answer);
    const again = await engine.completeWebhook(token, answer).catch((error) => error.code);
    return { workflow, instance, again };
  });
}

if (import.meta.main) {
  const { workflow, instance, again } = await main();
  printInstance(workflow, instance);
  process.stdout.write(`\nThe same token a second time: ${again}\n`);
}
