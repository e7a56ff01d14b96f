/**
 * A limit protects something outside: the engine defines `smtp` once, steps name it, and it holds for
 * all instances of the process together. Here: two mails at a time, four in any one second.
 */
import { machineStep, WorkflowDefinition } from "tandem-workflows";
import { VirtualClock } from "tandem-workflows/testing";
import { withEngine } from "../support/run-workflow.ts";

/** For each mail the second in which it went out. */
export const sentAt: { mail: unknown; second: number }[] = [];

export const workflow = new WorkflowDefinition({
  name: "mail",
  steps: {
    send: machineStep(
      "send",
      (context) => {
        const second = (clock.now() - clockStart) / 1000;
        sentAt.push({ mail: context.get("mail"), second });
      },
      { limit: "smtp" },
    ),
  },
  initialStep: "send",
  terminalSteps: ["send"],
});

const clockStart = Date.UTC(2030, 0, 1);
let clock = new VirtualClock(clockStart);

export function main(mails = 10) {
  clock = new VirtualClock(clockStart);
  sentAt.length = 0;
  return withEngine(
    async (engine) => {
      for (let mail = 1; mail <= mails; mail++) {
        await engine.submitWorkflow(workflow, { initialData: { mail } });
      }
      await clock.advance(60_000);
      return sentAt;
    },
    { clock, limits: { smtp: { concurrent: 2, perSecond: 4 } } },
  );
}

if (import.meta.main) {
  for (const { mail, second } of await main()) {
    process.stdout.write(`${second.toFixed(3)} s  mail ${mail}\n`);
  }
}
