/**
 * An approval as an office does it: open to a group, claimed by one, delegated to another, whose
 * answer comes back. Whoever has it is reminded, and when it is overdue it goes to the director.
 */
import {
  Edge,
  humanStep,
  type LocalExecutionEngine,
  machineStep,
  type OpenTask,
  WorkflowDefinition,
} from "tandem-workflows";
import { VirtualClock } from "tandem-workflows/testing";
import { withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** Stands in for the mail that the hooks send. */
export const outbox: string[] = [];

const mail = (what: string, { title, assignee, candidateGroups = [] }: OpenTask) =>
  outbox.push(`${what} to ${assignee ?? candidateGroups.join(", ")}: ${title}`);

export const workflow = new WorkflowDefinition({
  name: "purchase",
  steps: {
    approve: humanStep("approve", {
      title: (context) => `Approve ${context.get("order.total")} EUR`,
      candidateGroups: ["managers"],
      excludeUsers: (context) => [String(context.user)], // nobody approves their own
      shows: ["order"],
      priority: (context) => (Number(context.get("order.total")) > 1000 ? 80 : 50),
      dueInMs: 3 * dayMs,
      reminders: [{ beforeDueMs: dayMs }],
      escalations: [{ overdueMs: 0, assignee: "dora", priority: 100 }],
      onReminder: (_context, task) => mail("reminder", task),
      onEscalation: (_context, task) => mail("escalation", task),
      formSchema: {
        type: "object",
        properties: { approved: { type: "boolean" } },
        required: ["approved"],
      },
    }),
    order: machineStep("order", (context) => context.set("ordered", true)),
  },
  edges: [new Edge("approve", "order", { condition: "approve.approved" })],
  initialStep: "approve",
  terminalSteps: ["approve", "order"],
});

async function purchase(engine: LocalExecutionEngine) {
  const initialData = { order: { total: 1200, what: "chairs" } };
  const { id } = await engine.startWorkflow(workflow, { user: "ada", initialData });
  return id;
}

/** Bob claims it, asks Cy, and decides by Cy's answer. */
export function claimAndDelegate() {
  const clock = new VirtualClock();
  return withEngine(
    async (engine) => {
      const instanceId = await purchase(engine);
      const bob = { userId: "bob", groups: ["managers"] };
      const { items } = await engine.tasks.list(bob);
      const taskId = items[0]?.id ?? "";
      await engine.tasks.claim({ taskId, ...bob });
      await engine.tasks.comment({ taskId, ...bob, text: "Cy knows the prices" });
      await engine.tasks.delegate({ taskId, ...bob, to: "cy" });
      await clock.advance(2 * dayMs);
      await engine.completeHumanTask({ taskId, userId: "cy", data: { approved: true } });
      const { proposal } = await engine.tasks.get(taskId, bob);
      const answer = proposal?.data as { approved: boolean };
      const instance = await engine.completeHumanTask({
        ...{ instanceId, stepName: "approve" },
        ...{ ...bob, data: answer },
      });
      return { instance, proposal };
    },
    { clock },
  );
}

/** Nobody answers: the director has it at last. */
export function forgotten() {
  const clock = new VirtualClock();
  return withEngine(
    async (engine) => {
      await purchase(engine);
      await clock.advance(4 * dayMs);
      return engine.tasks.list({ userId: "dora" });
    },
    { clock },
  );
}

if (import.meta.main) {
  const { instance } = await claimAndDelegate();
  printInstance(workflow, instance);
  const { items } = await forgotten();
  process.stdout.write(`\n${items.map(({ title, assignee }) => `${assignee}: ${title}`)}\n`);
  process.stdout.write(`${outbox.join("\n")}\n`);
}
