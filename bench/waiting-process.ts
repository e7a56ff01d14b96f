/**
 * A process with instances that wait: `FILE COUNT` starts so many more in the SQLite file, lists the
 * first page of an inbox, says how many megabytes the process has, and ends when it is disconnected.
 */
import { once } from "node:events";
import { engineOn, openSqlite } from "./stores.ts";
import { decision, TASK_GROUPS, TASK_PAGE } from "./waiting.ts";

const STARTED_AT_ONCE = 500;

const [file = "", count = "0"] = process.argv.slice(2);
const abandon = () => process.exit(1);
process.once("disconnect", abandon);
// In a terminal an interrupt reaches every process; the one that started this one ends it.
process.on("SIGINT", () => {});
const engine = engineOn(await openSqlite(file), decision());
await engine.recover();
for (let started = 0; started < Number(count); started += STARTED_AT_ONCE) {
  const starts = Array.from({ length: STARTED_AT_ONCE }, (_, index) =>
    engine.startWorkflow("decision", { initialData: { group: index % TASK_GROUPS } }),
  );
  await Promise.all(starts);
}
await engine.tasks.list({ groups: ["group_1"], limit: TASK_PAGE });
process.off("disconnect", abandon);
process.send?.(process.memoryUsage.rss() / 1e6);
if (process.connected) await once(process, "disconnect");
await engine.close();
process.exit();
