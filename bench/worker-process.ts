/** A process with an engine on a Postgres database: asked to, it works, and says steps a second. */
import { DURABLE_SAMPLE_MS } from "./bare-loop.ts";
import { piecesPerSecond } from "./figure.ts";
import { STEPS_IN_SEQUENCE, WORKFLOWS_AT_ONCE } from "./handwritten.ts";
import { engineOn, openPostgres, runToEnd } from "./stores.ts";
import { chain } from "./workflows.ts";

const [connectionString = ""] = process.argv.slice(2);
// Its database goes with it: there is nothing to hand over.
process.once("disconnect", () => process.exit());
// In a terminal an interrupt reaches every process; the one that started this one ends it.
process.on("SIGINT", () => {});
const engine = engineOn(await openPostgres(connectionString), chain(STEPS_IN_SEQUENCE));
process.on("message", () => void work());

async function work(): Promise<void> {
  const steps = WORKFLOWS_AT_ONCE * STEPS_IN_SEQUENCE;
  const rate = await piecesPerSecond(DURABLE_SAMPLE_MS, steps, async () => {
    const runs = Array.from({ length: WORKFLOWS_AT_ONCE }, () => runToEnd(engine, "chain"));
    await Promise.all(runs);
  });
  process.send?.(rate);
}
