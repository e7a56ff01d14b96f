/** The engine on `PostgresStore`. */
import { setImmediate, setTimeout } from "node:timers/promises";
import type { LocalExecutionEngine } from "tandem-workflows";
import { durableFigures, sequentialFigure } from "./durable.ts";
import { type Afterwards, figure, percentile, type Round } from "./figure.ts";
import { startProcess } from "./side-process.ts";
import { createPostgres, type Database, engineOn, startPostgres } from "./stores.ts";
import { decision, TASK_GROUPS } from "./waiting.ts";

const DECISIONS = 1000;
const DECISIONS_PER_SECOND = 100;

durableFigures("postgres", createPostgres);
sequentialFigure("postgres.sequential.500", { limit: "postgres.bare.500" }, 500, createPostgres);

for (const [name, limit, fraction] of [
  ["postgres.decision", "postgres.commit.single", 0.5],
  ["postgres.decision.p99", "postgres.commit.single.p99", 0.99],
] as const) {
  figure(name, { unit: "ms", limit, rounds: 3, warmups: 1 }, async (afterwards) =>
    decisionRound(await createPostgres(afterwards), fraction, afterwards),
  );
}

for (const [name, count] of [
  ["postgres.one-process", 1],
  ["postgres.two-processes", 2],
] as const) {
  const limit = count === 1 ? {} : { limit: "postgres.one-process" };
  figure(name, { unit: "steps/s", ...limit }, async (afterwards) => {
    const connectionString = await startPostgres(afterwards);
    const processes = Array.from({ length: count }, () =>
      startProcess("worker-process.ts", [connectionString], afterwards),
    );
    return async () => {
      const rates = await Promise.all(processes.map((side) => side.ask("work")));
      return rates.reduce((sum, rate) => sum + rate, 0);
    };
  });
}

/**
 * Decisions come one every ten milliseconds, however long the ones before take. The instances were
 * started by an engine that has gone: the one that decides has none of them in memory.
 */
async function decisionRound(
  database: Database,
  fraction: number,
  afterwards: Afterwards,
): Promise<Round> {
  const decidedAt = new Map<string, number>();
  const definition = decision((instanceId) => decidedAt.set(instanceId, performance.now()));
  const engine = engineOn(await database.open(), definition);
  afterwards(() => engine.close());
  return async () => {
    const instanceIds = await startWaiting(database);
    const dueAt = performance.now() + 100;
    const dues = instanceIds.map((_, index) => dueAt + (index * 1000) / DECISIONS_PER_SECOND);
    const decisions: Promise<void>[] = [];
    for (const [index, due] of dues.entries()) {
      await reach(due);
      decisions.push(decide(engine, instanceIds[index] ?? ""));
    }
    await Promise.all(decisions);
    const times = instanceIds.map((id, index) => (decidedAt.get(id) ?? 0) - (dues[index] ?? 0));
    decidedAt.clear();
    return percentile(times, fraction);
  };
}

async function startWaiting(database: Database): Promise<string[]> {
  const engine = engineOn(await database.open(), decision());
  const starts = Array.from({ length: DECISIONS }, (_, index) =>
    engine.startWorkflow("decision", { initialData: { group: index % TASK_GROUPS } }),
  );
  const instances = await Promise.all(starts);
  await engine.close();
  return instances.map(({ id }) => id);
}

async function decide(engine: LocalExecutionEngine, instanceId: string): Promise<void> {
  const instance = await engine.completeHumanTask({
    instanceId,
    stepName: "decide",
    userId: "ada",
    groups: Array.from({ length: TASK_GROUPS }, (_, index) => `group_${index}`),
    data: { approved: true },
  });
  if (instance.status !== "completed") throw new Error(`A decision left ${instance.status}.`);
}

/** A timer is coarse; the last of the time passes in turns of the event loop. */
async function reach(moment: number): Promise<void> {
  const coarse = moment - performance.now() - 2;
  if (coarse > 0) await setTimeout(coarse);
  while (performance.now() < moment) await setImmediate();
}
