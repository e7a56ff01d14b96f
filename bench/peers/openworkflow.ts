/**
 * `openworkflow` on SQLite and on Postgres. Its worker asks the database for runs every 100 ms or less
 * often, and its client for results every second. Both are left out: the worker is told to look when
 * there is something, and a run has ended when its end is in the database.
 */
import { join } from "node:path";
import type { OpenWorkflowOptions } from "openworkflow";
import { temporaryFolder } from "../disk.ts";
import type { Afterwards } from "../figure.ts";
import { startPostgres } from "../stores.ts";
import { type Prepare, peerFigures } from "./work.ts";

type Backend = OpenWorkflowOptions["backend"];

/** It refuses a workflow of more than 1,000 steps: two of them stand around the group. */
const GROUP_SIZE = 998;

function prepareOn(connect: (afterwards: Afterwards) => Promise<Backend>): Prepare {
  return async (work, afterwards) => {
    const { OpenWorkflow } = await import("openworkflow");
    const backend = await connect(afterwards);
    afterwards(() => backend.stop());
    const endOf = watchEnds(backend);
    const client = new OpenWorkflow({ backend });
    const workflow = client.defineWorkflow({ name: "bench" }, async ({ step }) => {
      const run = (index: number) => step.run({ name: `step_${index}` }, async () => 1);
      if (work.type === "sequence") {
        for (let index = 0; index < work.steps; index += 1) await run(index);
        return;
      }
      await run(0);
      await Promise.all(Array.from({ length: work.size }, (_, index) => run(index + 1)));
      await run(work.size + 1);
    });
    const worker = client.newWorker({ concurrency: work.atOnce });
    return async () => {
      const handles = await Promise.all(Array.from({ length: work.atOnce }, () => workflow.run()));
      const ends = handles.map(({ workflowRun }) => endOf(workflowRun.id));
      for (let claimed = 0; claimed < work.atOnce; ) claimed += await worker.tick();
      await Promise.all(ends);
    };
  };
}

/** Gives a function that tells when the end of a run has been recorded. */
function watchEnds(backend: Backend): (runId: string) => Promise<void> {
  const waiting = new Map<string, { resolve(): void; reject(error: Error): void }>();
  const { completeWorkflowRun, failWorkflowRun } = backend;
  backend.completeWorkflowRun = async (params) => {
    const run = await completeWorkflowRun.call(backend, params);
    waiting.get(run.id)?.resolve();
    waiting.delete(run.id);
    return run;
  };
  backend.failWorkflowRun = async (params) => {
    const run = await failWorkflowRun.call(backend, params);
    waiting.get(run.id)?.reject(new Error(`A run failed: ${JSON.stringify(run.error)}`));
    return run;
  };
  return (runId) =>
    new Promise((resolve, reject) => {
      waiting.set(runId, { resolve, reject });
    });
}

peerFigures(
  "openworkflow.sqlite",
  { besides: "tandem.sqlite", groupSize: GROUP_SIZE },
  prepareOn(async (afterwards) => {
    // It opens files with WAL and leaves `synchronous` at SQLite's own FULL.
    const { BackendSqlite } = await import("openworkflow/sqlite");
    return BackendSqlite.connect(join(temporaryFolder(afterwards), "bench.db"));
  }),
);

peerFigures(
  "openworkflow.postgres",
  { besides: "tandem.postgres", groupSize: GROUP_SIZE },
  prepareOn(async (afterwards) => {
    const { BackendPostgres } = await import("openworkflow/postgres");
    return BackendPostgres.connect(await startPostgres(afterwards));
  }),
);
