/** Many people decide at once, in two processes on one database. */
import { APPROVALS, type Approval, approvals } from "./approvals.ts";
import { type Afterwards, figure, type Round } from "./figure.ts";
import { startProcess } from "./side-process.ts";
import { engineOn, openPostgres, startPostgres } from "./stores.ts";

const PROCESSES = 2;
const INSTANCES = 1000;

figure(
  "postgres.decisions",
  { unit: "decisions/s", limit: "postgres.bare.50", rounds: 3, warmups: 1 },
  async (afterwards) => decisionsRound(await startPostgres(afterwards), afterwards),
);

/** Each process decides half of the tasks, in an order of its own: most instances meet both. */
async function decisionsRound(connectionString: string, afterwards: Afterwards): Promise<Round> {
  const processes = Array.from({ length: PROCESSES }, () =>
    startProcess("decider-process.ts", [connectionString], afterwards),
  );
  return async () => {
    const engine = engineOn(await openPostgres(connectionString), approvals());
    const starts = Array.from({ length: INSTANCES }, () => engine.startWorkflow("approvals"));
    const instanceIds = (await Promise.all(starts)).map(({ id }) => id);
    const all = shuffled(instanceIds.flatMap(approvalsOf));
    const half = all.length / PROCESSES;
    const begin = performance.now();
    const counts = await Promise.all(
      processes.map((side, index) =>
        side.ask(JSON.stringify(all.slice(index * half, (index + 1) * half))),
      ),
    );
    const seconds = (performance.now() - begin) / 1000;
    const counted = counts.reduce((sum, count) => sum + count, 0);
    if (counted !== all.length) throw new Error(`${counted} of ${all.length} decisions counted.`);
    for (const instanceId of instanceIds) {
      const { status, steps } = await engine.getInstance(instanceId);
      if (status !== "completed") throw new Error(`Instance "${instanceId}" is ${status}.`);
      if (steps.length !== APPROVALS + 1) throw new Error(`${steps.length} executions.`);
    }
    await engine.close();
    return counted / seconds;
  };
}

function approvalsOf(instanceId: string): Approval[] {
  return Array.from({ length: APPROVALS }, (_, index) => ({
    instanceId,
    approver: `approver_${index}`,
  }));
}

function shuffled<Item>(items: readonly Item[]): Item[] {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(Math.random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other] as Item, mixed[last] as Item];
  }
  return mixed;
}
