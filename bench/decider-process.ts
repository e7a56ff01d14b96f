/** A process with an engine and half of the people: given tasks, it decides them, and says how many. */
import type { Approval } from "./approvals.ts";
import { approvals } from "./approvals.ts";
import { engineOn, openPostgres } from "./stores.ts";

const CLIENTS = 16;

const [connectionString = ""] = process.argv.slice(2);
// Its database goes with it: there is nothing to hand over.
process.once("disconnect", () => process.exit());
// In a terminal an interrupt reaches every process; the one that started this one ends it.
process.on("SIGINT", () => {});
const engine = engineOn(await openPostgres(connectionString), approvals());
process.on("message", (tasks) => void work(JSON.parse(String(tasks)) as Approval[]));

/** Each client takes the next task until there is none. */
async function work(tasks: Approval[]): Promise<void> {
  let counted = 0;
  const client = async () => {
    for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
      const { instanceId, approver } = task;
      const stepName = `all/${approver}`;
      const data = { approved: true };
      await engine.completeHumanTask({ instanceId, stepName, userId: approver, data });
      counted++;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, client));
  process.send?.(counted);
}
