/** `@dbos-inc/dbos-sdk` on Postgres, called directly, with the settings that it has by itself. */
import { startPostgres } from "../stores.ts";
import { peerFigures } from "./work.ts";

peerFigures("dbos.postgres", { besides: "tandem.postgres" }, async (work, afterwards) => {
  const systemDatabaseUrl = await startPostgres(afterwards);
  const { DBOS } = await import("@dbos-inc/dbos-sdk");
  DBOS.setConfig({ name: "bench", systemDatabaseUrl, logLevel: "error" });
  const step = (index: number) => DBOS.runStep(async () => 1, { name: `step_${index}` });
  const sequence = async (steps: number) => {
    for (let index = 0; index < steps; index += 1) await step(index);
  };
  const group = async (size: number) => {
    await step(0);
    await Promise.all(Array.from({ length: size }, (_, index) => step(index + 1)));
    await step(size + 1);
  };
  const workflow = DBOS.registerWorkflow(work.type === "group" ? group : sequence, {
    name: work.type,
  });
  await DBOS.launch();
  afterwards(() => DBOS.shutdown());
  const size = work.type === "group" ? work.size : work.steps;
  return async () => {
    await Promise.all(Array.from({ length: work.atOnce }, () => workflow(size)));
  };
});
