import type { WorkflowRegistry } from "../definition/registry.ts";
import type { InstanceCount, InstanceSummary, Store } from "../store/store.ts";
import {
  openStore,
  readSchemaVersion,
  refuseMissing,
  showDatabase,
  usualDatabase,
} from "./database.ts";
import { findChangedDefinitions, findMissingDefinitions } from "./definition-checks.ts";
import { findDefinitionsFile, loadDefinitions } from "./definitions-file.ts";
import type { Finding } from "./finding.ts";
import type { CommonOptions } from "./options.ts";
import { count, judgeClock, judgeFailures, judgeMeasures } from "./server-checks.ts";
import { findAlive, lookAtWorkers } from "./signs-of-life.ts";
import { Progress } from "./terminal.ts";

/** What can be wrong with a database and the instances in it. Nothing in it is changed. */
export async function examineDatabase(options: CommonOptions): Promise<readonly Finding[]> {
  const { database = usualDatabase } = options;
  const where = showDatabase(database);
  let schema: Awaited<ReturnType<typeof readSchemaVersion>>;
  try {
    refuseMissing(database);
    schema = await readSchemaVersion(database);
  } catch (error) {
    return [unreachable(where, error)];
  }
  const reached: Finding = { check: "store", status: "well", message: `${where} answers.` };
  const findings = [reached, judgeSchema(schema)];
  // Tables of another version cannot be read.
  if (schema.found !== schema.known) return findings;
  const store = await openStore(database);
  try {
    const serverAt = "serverAt" in schema ? (schema.serverAt as number) : undefined;
    return [...findings, ...(await examineStore(store, options, serverAt))];
  } finally {
    await store.close();
  }
}

async function examineStore(
  store: Store,
  options: CommonOptions,
  serverAt: number | undefined,
): Promise<readonly Finding[]> {
  const now = Date.now();
  const counts = await store.countInstances({});
  const open = counts.filter(({ status }) => openStatuses.has(status));
  const fleet = await lookAtFleet(store);
  return [
    await judgeTime(store, serverAt, now),
    judgeWorkers(fleet, open),
    ...(await judgeRunning(store, fleet, now)),
    ...judgeMeasures(await store.measure(now), now),
    ...(await judgeSchedules(store, now)),
    ...(await judgeDefinitions(store, options, open)),
    judgeFailures(counts),
  ];
}

const openStatuses: ReadonlySet<string> = new Set(["pending", "running", "waiting", "paused"]);

function unreachable(where: string, error: unknown): Finding {
  const code: unknown = Reflect.get(Object(error), "code");
  const message = error instanceof Error ? error.message : String(error);
  return {
    check: "store",
    status: "problem",
    message: `${message}${typeof code === "string" ? ` [${code}]` : ""}`,
    advice: `Check that ${where} is what --database should name, and that it can be reached.`,
  };
}

function judgeSchema({ found, known }: { found: number; known: number }): Finding {
  const check = "schema";
  if (found === known) {
    return { check, status: "well", message: `Version ${found}, as this package needs it.` };
  }
  if (found > known) {
    return {
      ...{ check, status: "problem" },
      message: `Version ${found}, and this package knows ${known}: a newer one has been here.`,
      advice: "Upgrade tandem-workflows here too, or restore the backup from before the upgrade.",
    };
  }
  const what = found === 0 ? "There are no tables yet" : `Version ${found}`;
  return {
    ...{ check, status: "problem" },
    message: `${what}; this package needs version ${known}.`,
    advice: "`tandem migrate` brings the tables up; engines do it too when they start.",
  };
}

async function judgeTime(
  store: Store,
  serverAt: number | undefined,
  now: number,
): Promise<Finding> {
  const server = serverAt === undefined ? undefined : judgeClock(serverAt - now, "the database");
  if (server?.status === "problem") return server;
  // Whoever wrote it had another clock, or this one was set back.
  const [newest] = await store.listInstances({ newestFirst: true, limit: 1 });
  const aheadMs = newest === undefined ? 0 : newest.startedAt - now;
  if (aheadMs > 0) {
    const judged = judgeClock(aheadMs, "whoever started the newest instance");
    if (judged.status === "problem") return judged;
  }
  const message = "This clock and the moments in the database agree.";
  return server ?? { check: "clock", status: "well", message };
}

// ------------------------------------------------------------------------------------- the workers

interface Fleet {
  readonly alive: ReadonlySet<string>;
  /** Known, and without a sign of life. */
  readonly silent: readonly string[];
}

async function lookAtFleet(store: Store): Promise<Fleet> {
  const ids = (await lookAtWorkers(store)).map(({ id }) => id);
  const alive = await findAlive(store, new Set(ids));
  return { alive, silent: ids.filter((id) => !alive.has(id)) };
}

function judgeWorkers({ alive, silent }: Fleet, open: readonly InstanceCount[]): Finding {
  const check = "workers";
  const gone =
    silent.length === 0 ? "" : ` ${count(silent.length, "worker")} gave no sign of life.`;
  if (alive.size > 0) {
    return { check, status: "well", message: `${count(alive.size, "engine")} at work.${gone}` };
  }
  const total = open.reduce((sum, each) => sum + each.count, 0);
  if (total === 0)
    return { check, status: "well", message: `No engine runs, and none is needed.${gone}` };
  return {
    ...{ check, status: "note" },
    message: `No engine runs; instances that have not ended: ${total}.${gone}`,
    advice: "Timers fire and code runs only while your application or `tandem dev` does.",
  };
}

// ----------------------------------------------------------------------------------- the instances

/** So many running instances are looked at. */
const mostRunning = 10_000;
const pageSize = 500;
/** What is begun is taken up at once; for so long it may be on its way. */
const stuckMs = 60_000;
const mostExamples = 5;

async function judgeRunning(store: Store, fleet: Fleet, now: number): Promise<Finding[]> {
  const orphaned: string[] = [];
  const stuck: string[] = [];
  let looked = 0;
  let after: { startedAt: number; instanceId: string } | undefined;
  const progress = new Progress();
  for (;;) {
    const statuses = ["pending", "running", "paused"] as const;
    const query = { statuses, newestFirst: false, limit: pageSize, after };
    const page: readonly InstanceSummary[] = await store.listInstances(query);
    for (const { owner, rows } of await store.load(page.map(({ id }) => id))) {
      const { id, startedAt, status } = rows.instance;
      if (owner !== undefined && !fleet.alive.has(owner)) orphaned.push(id);
      const isOpen = status === "pending" || status === "running";
      if (owner === undefined && isOpen && now - startedAt > stuckMs) stuck.push(id);
    }
    looked += page.length;
    const last = page.at(-1);
    if (last === undefined || page.length < pageSize || looked >= mostRunning) break;
    after = { startedAt: last.startedAt, instanceId: last.id };
    progress.show(`${looked} running instances …`);
  }
  progress.end();
  return [judgeOrphaned(orphaned), judgeStuck(stuck)];
}

function judgeOrphaned(ids: readonly string[]): Finding {
  const check = "orphaned";
  if (ids.length === 0)
    return { check, status: "well", message: "No instance was left by its engine." };
  return {
    ...{ check, status: "problem" },
    message: `${count(ids.length, "instance")} ran in an engine that gives no sign of life.`,
    advice: "Start your application, or `tandem dev`: it takes them over and goes on with them.",
    examples: ids.slice(0, mostExamples),
  };
}

function judgeStuck(ids: readonly string[]): Finding {
  const check = "stuck";
  if (ids.length === 0) return { check, status: "well", message: "No instance is stuck." };
  return {
    ...{ check, status: "problem" },
    message: `No engine runs what should run: ${count(ids.length, "instance")}.`,
    advice:
      "`tandem show ID` says where one stands; `tandem pause ID` and `tandem resume ID` set it " +
      "going again. Please report it with what `show --json` says.",
    examples: ids.slice(0, mostExamples),
  };
}

// ----------------------------------------------------------------------- schedules and definitions

const lateScheduleMs = 60_000;

async function judgeSchedules(store: Store, now: number): Promise<Finding[]> {
  const all = await store.listSchedules({ limit: 1000 });
  if (all.length === 0) return [];
  const late = await store.listSchedules({ dueBefore: now - lateScheduleMs, limit: 1000 });
  const check = "schedules";
  if (late.length === 0) return [{ check, status: "well", message: "No schedule is late." }];
  return [
    {
      ...{ check, status: "problem" },
      message: `${count(late.length, "schedule")} should have started an instance and did not.`,
      advice: "Start your application, or `tandem dev`; its log says why one cannot start.",
      examples: late.slice(0, mostExamples).map(({ id, workflow }) => `${id} (${workflow})`),
    },
  ];
}

async function judgeDefinitions(
  store: Store,
  options: CommonOptions,
  open: readonly InstanceCount[],
): Promise<Finding[]> {
  const check = "definitions";
  let registry: WorkflowRegistry;
  try {
    const file = findDefinitionsFile(options.workflows);
    if (file === undefined) {
      const message = "No file with definitions was found here, so they were not compared.";
      return [{ check, status: "note", message, advice: "--workflows names the file." }];
    }
    registry = (await loadDefinitions(file)).registry;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return [{ check, status: "problem", message, advice: "Mend the file." }];
  }
  const findings = [judgeMissing(registry, open), ...(await judgeChanged(registry, store, open))];
  const problems = findings.filter(({ status }) => status === "problem");
  return problems.length > 0 ? problems : findings.slice(0, 1);
}

function judgeMissing(registry: WorkflowRegistry, open: readonly InstanceCount[]): Finding {
  const missing = findMissingDefinitions(registry, open);
  const check = "definitions";
  if (missing.size === 0) {
    return {
      check,
      status: "well",
      message: "Every instance that has not ended has its definition.",
    };
  }
  return {
    ...{ check, status: "problem" },
    message: "Instances have not ended whose definitions are missing.",
    advice: "Export them again, or move the instances to a version that is there (upgrade).",
    examples: [...missing].map(([name, number]) => `${name}: ${count(number, "instance")}`),
  };
}

async function judgeChanged(
  registry: WorkflowRegistry,
  store: Store,
  open: readonly InstanceCount[],
): Promise<Finding[]> {
  const changed = await findChangedDefinitions(registry, store, open);
  return changed.map(({ message: told }) => {
    const [message = "", ...rest] = told.split("\n");
    const examples = rest.slice(0, -1).map((line) => line.trim());
    return {
      check: "definitions",
      status: "problem",
      message,
      advice: rest.at(-1) ?? "",
      examples,
    };
  });
}
