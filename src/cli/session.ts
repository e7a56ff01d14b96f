import { userInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { WorkflowRegistry } from "../definition/registry.ts";
import type { EngineOptions } from "../engine/engine-options.ts";
import type { LocalExecutionEngine } from "../engine/local-execution-engine.ts";
import { RequestFailedError, UsageError } from "../errors.ts";
import { type Client, createClient } from "../http/client.ts";
import type { Store } from "../store/store.ts";
import {
  databaseExists,
  openStore,
  refuseMissing,
  showDatabase,
  usualDatabase,
} from "./database.ts";
import { findDefinitionsFile, loadDefinitions, noDefinitionsFile } from "./definitions-file.ts";
import { exitCodes } from "./failure.ts";
import { StderrLogger } from "./logger.ts";
import { type CommonOptions, serverOf } from "./options.ts";
import { findAlive } from "./signs-of-life.ts";
import { Progress, tell } from "./terminal.ts";

/** A connection to a server, or to a local database by way of an engine in this process. */
export interface Session {
  readonly client: Client;
  readonly isLocal: boolean;
  /** What messages call it. */
  readonly where: string;
  /** Waits for what was set going in this process; what another process runs is not waited for. */
  finish(): Promise<void>;
  close(): Promise<void>;
}

export interface SessionNeeds {
  /** What becomes of a local database that does not exist; it is refused unless told. */
  readonly missing?: "made" | "empty";
  /** What a local database is read with; definitions that are found unless told. */
  readonly definitions?: "required" | "none";
  /** Instances that are to be changed: if their engine is gone, this process takes them over. */
  readonly about?: readonly string[];
  /** Whether the process runs workflows like any other, and does not only do what it is told. */
  readonly isWorker?: boolean;
}

/** For so long a server is given time to say what became of a change. */
export const waitSeconds = 2;

/** Opens a session, does the work, and closes it. */
export async function withSession<Result>(
  options: CommonOptions,
  needs: SessionNeeds,
  work: (session: Session) => Promise<Result>,
): Promise<Result> {
  const server = serverOf(options);
  const session =
    server === undefined ? await openLocal(options, needs) : openRemote(server, options);
  const interrupt = () => void leave(session);
  process.once("SIGINT", interrupt);
  process.once("SIGTERM", interrupt);
  try {
    return await work(session);
  } finally {
    process.removeListener("SIGINT", interrupt);
    process.removeListener("SIGTERM", interrupt);
    await session.close();
  }
}

/** What runs here is left to others, which go on with it. */
async function leave(session: Session): Promise<void> {
  await session.close().catch(() => {});
  tell("");
  process.exit(exitCodes.interrupted);
}

// ------------------------------------------------------------------------------------- over HTTP

function openRemote(url: string, options: CommonOptions): Session {
  if (!/^https?:\/\//.test(url) || !URL.canParse(url)) {
    throw new UsageError(
      `--url is ${JSON.stringify(url)}; it is the address of an API, such as ` +
        "http://localhost:4680/api.",
    );
  }
  if (options.as !== undefined && options.as !== process.env.TANDEM_USER) {
    throw new UsageError("--as is for a local database; over HTTP the server knows who you are.");
  }
  const token = process.env.TANDEM_TOKEN;
  const client = createClient({
    baseUrl: url,
    fetch: reach(url),
    ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
  });
  const nothing = async () => {};
  return { client, isLocal: false, where: url, finish: nothing, close: nothing };
}

function reach(url: string): typeof fetch {
  return async (input, init) => {
    try {
      return await fetch(input, init);
    } catch (error) {
      if (init?.signal?.aborted === true) throw error;
      const { cause } = error as { cause?: { message?: string; code?: string } };
      const reason = cause?.message || cause?.code || String(error);
      throw new RequestFailedError(`No server answers at ${url}: ${reason}.`, {});
    }
  };
}

// --------------------------------------------------------------------------------- in this process

async function openLocal(options: CommonOptions, needs: SessionNeeds): Promise<Session> {
  const database = options.database ?? usualDatabase;
  const isVerbose = options.verbose === true;
  const { definitions } = needs;
  const file = definitions === "none" ? undefined : findDefinitionsFile(options.workflows);
  if (file === undefined && definitions === "required") throw noDefinitionsFile();
  if (needs.missing === undefined) refuseMissing(database);
  const loaded = file === undefined ? undefined : await loadDefinitions(file);
  if (isVerbose && loaded !== undefined) tell(`definitions: ${loaded.file}`);
  const registry = loaded?.registry ?? new WorkflowRegistry();
  const isEmpty = needs.missing === "empty" && !databaseExists(database);
  const store = await openStore(isEmpty ? ":memory:" : database);
  const left = await findLeft(store, needs.about ?? []);
  const isWorker = needs.isWorker === true || left.size > 0;
  if (left.size > 0 && isVerbose) {
    tell("The engine that ran it is gone; this command takes over what it left.");
  }
  const { LocalExecutionEngine } = await import("../engine/local-execution-engine.ts");
  const logger = new StderrLogger(isVerbose);
  const engine = new LocalExecutionEngine(registry, {
    ...(isWorker ? {} : guestOptions),
    ...loaded?.engineOptions,
    logger: loaded?.engineOptions.logger ?? logger,
    store,
  });
  if (isWorker) await engine.recover();
  const client = await clientOf(engine, options, logger);
  return {
    client,
    isLocal: true,
    where: showDatabase(database),
    finish: () => finish(engine, store, left),
    close: () => engine.close(),
  };
}

/** What other processes answer is looked for more often than a server has to. */
const guestOptions: EngineOptions = { isGuest: true, pollIntervalMs: 250 };

/** Of these instances, those whose engine gives no sign of life, and which engine that is. */
async function findLeft(
  store: Store,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const owned = new Map<string, string>();
  for (const { owner, rows } of await store.load(ids)) {
    if (owner !== undefined) owned.set(rows.instance.id, owner);
  }
  const alive = await findAlive(store, new Set(owned.values()));
  return new Map([...owned].filter(([, owner]) => !alive.has(owner)));
}

async function clientOf(
  engine: LocalExecutionEngine,
  options: CommonOptions,
  logger: StderrLogger,
): Promise<Client> {
  const { createHttpHandler } = await import("../http/http-handler.ts");
  const user = options.as ?? loginName();
  const faults: unknown[] = [];
  const handler = createHttpHandler(engine, {
    authenticate: () => ({ ...(user !== undefined && { user }), roles: ["admin"] }),
    through: "cli",
    maxBodyBytes: 64 * 1024 * 1024,
    logger: {
      ...silent,
      error: (_message, { error }: { error?: unknown } = {}) => faults.push(error),
    },
  });
  return createClient({
    baseUrl: "http://localhost/api",
    fetch: async (input, init) => {
      const response = await handler(new Request(input, init));
      // A server hides from strangers what is wrong with it.
      const fault = response.status >= 500 ? faults.pop() : undefined;
      if (fault === undefined) return response;
      logger.debug("The handler failed", { error: fault });
      throw fault;
    },
  });
}

const silent = { debug: () => {}, info: () => {}, warn: () => {} };

function loginName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    // A container may have no name for its user.
    return undefined;
  }
}

async function finish(
  engine: LocalExecutionEngine,
  store: Store,
  left: ReadonlyMap<string, string>,
): Promise<void> {
  const progress = new Progress();
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    if (!engine.isBusy && !(await isLeft(store, left)) && !(await runsHere(engine, store))) break;
    const { runningSteps } = engine.load;
    progress.show(`Running steps: ${runningSteps} … (Ctrl-C to leave them to others)`);
    await sleep(pauseMs);
  }
  progress.end();
}

/** Whether an instance still belongs to the engine that has left it. */
async function isLeft(store: Store, left: ReadonlyMap<string, string>): Promise<boolean> {
  const stored = await store.load([...left.keys()]);
  return stored.some(
    ({ owner, rows }) => owner !== undefined && left.get(rows.instance.id) === owner,
  );
}

/** Whether code runs here, or is about to; a step that waits for its next attempt does not. */
async function runsHere(engine: LocalExecutionEngine, store: Store): Promise<boolean> {
  const { id } = engine.load;
  if ((await store.receive(id)).messages.length > 0) return true;
  for (const instanceId of await store.owned(id)) {
    const { status, steps } = await engine.getInstance(instanceId);
    if (status === "waiting") continue;
    const groups = new Set(steps.map(({ parent }) => parent));
    if (steps.some((step) => step.status === "running" && !groups.has(step.id))) return true;
  }
  return false;
}
