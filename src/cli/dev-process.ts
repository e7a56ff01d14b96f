/** The process in which `tandem dev` runs the engine: it is replaced when definitions change. */
import { createServer, type Server } from "node:http";
import { registerHooks } from "node:module";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { LocalExecutionEngine } from "../engine/local-execution-engine.ts";
import { createHttpHandler, type HttpHandler } from "../http/http-handler.ts";
import { toNodeHandler } from "../http/node-handler.ts";
import { databaseExists, openStore, readSchemaVersion } from "./database.ts";
import { findChangedDefinitions, findMissingDefinitions } from "./definition-checks.ts";
import { type LoadedDefinitions, loadDefinitions } from "./definitions-file.ts";
import type { DevSettings, DevWorkflow, FromChild, ToChild } from "./dev-messages.ts";
import { StderrLogger } from "./logger.ts";

const files = new Set<string>();

/** Remembers which files of the project are loaded: changes of these count. */
function noteLoadedFiles(): void {
  registerHooks({
    load(url, context, nextLoad) {
      if (url.startsWith("file:") && !url.includes("/node_modules/")) {
        files.add(fileURLToPath(url.replace(/[?#].*$/, "")));
      }
      return nextLoad(url, context);
    },
  });
}

function send(message: FromChild): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, () => resolve());
  });
}

async function load({ file, database }: DevSettings): Promise<LoadedDefinitions | undefined> {
  try {
    files.add(file);
    noteLoadedFiles();
    const loaded = await loadDefinitions(file);
    const fit = await compare(loaded, database);
    const workflows = loaded.registry.listDefinitions().map(
      ({ name, version, inputSchema }): DevWorkflow => ({
        name,
        version,
        sample: sampleOf(inputSchema),
      }),
    );
    await send({ type: "loaded", files: [...files], workflows, ...fit });
    return loaded;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    await send({ type: "failed", files: [...files], message });
    return undefined;
  }
}

/** How they fit what is in the database. */
async function compare({ registry }: LoadedDefinitions, database: string) {
  const nothing = { changed: [], missing: [] };
  if (!databaseExists(database)) return nothing;
  const { found, known } = await readSchemaVersion(database);
  if (found !== known) return nothing;
  const store = await openStore(database);
  try {
    const counts = await store.countInstances({});
    const changed = await findChangedDefinitions(registry, store, counts);
    const missing = [...findMissingDefinitions(registry, counts)];
    return {
      changed: changed.map(({ message }) => message),
      missing: missing.map(([name, count]) => `${name} (${count})`),
    };
  } finally {
    await store.close();
  }
}

/** What to start it with, where its schema says what is needed. */
function sampleOf(schema: unknown): DevWorkflow["sample"] {
  const { properties, required } = Object(schema) as { properties?: object; required?: unknown };
  if (!Array.isArray(required) || required.length === 0) return undefined;
  const entries = required.map((name: string) => [
    name,
    sampleValue(Reflect.get(properties ?? {}, name)),
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function sampleValue(schema: unknown): unknown {
  const { type, enum: values, default: preset, examples, minimum } = Object(schema);
  const [example = preset] = [...(examples ?? []), ...(values ?? [])];
  if (example !== undefined) return example;
  if (type === "number" || type === "integer") return minimum ?? 1;
  if (type === "boolean") return true;
  if (type === "array") return [];
  return type === "object" ? {} : "…";
}

// ----------------------------------------------------------------------------------------- running

/** So many ports after the usual one are tried. */
const triedPorts = 20;

async function run(
  { registry, engineOptions }: LoadedDefinitions,
  { database, isVerbose }: DevSettings,
  { port, isPortGiven }: Extract<ToChild, { type: "run" }>,
): Promise<() => Promise<void>> {
  const logger = engineOptions.logger ?? new StderrLogger(isVerbose);
  const store = await openStore(database);
  const engine = new LocalExecutionEngine(registry, { ...engineOptions, logger, store });
  await engine.recover();
  const { handler, hasDashboard } = makeHandler(engine, logger);
  const listener = toNodeHandler(handler);
  const home = hasDashboard ? "/api/dashboard/" : "/api/docs";
  const server = createServer((incoming, outgoing) => {
    if (incoming.url === "/") outgoing.writeHead(302, { location: home }).end();
    else void listener(incoming, outgoing);
  });
  const bound = await listen(server, port, isPortGiven ? 1 : triedPorts);
  await send({ type: "listening", port: bound, hasDashboard });
  return async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await engine.close();
  };
}

function makeHandler(
  engine: LocalExecutionEngine,
  logger: StderrLogger | NonNullable<LoadedDefinitions["engineOptions"]["logger"]>,
): { handler: HttpHandler; hasDashboard: boolean } {
  // That everybody on this machine may do everything is what `tandem dev` is for.
  const quiet = {
    debug: () => {},
    info: () => {},
    warn: () => {},
    error: (message: string, details?: object) => logger.error(message, details),
  };
  const options = { development: true, logger: quiet };
  try {
    const handler = createHttpHandler(engine, { ...options, dashboard: true });
    return { handler, hasDashboard: true };
  } catch {
    // In a checkout of the sources it may not have been built.
    return { handler: createHttpHandler(engine, options), hasDashboard: false };
  }
}

async function listen(server: Server, port: number, tries: number): Promise<number> {
  for (let attempt = 0; ; attempt++) {
    try {
      await new Promise<void>((resolve, reject) => {
        server.once("error", reject);
        server.listen(port + attempt, "127.0.0.1", () => {
          server.removeListener("error", reject);
          resolve();
        });
      });
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const isTaken = Reflect.get(Object(error), "code") === "EADDRINUSE";
      if (!isTaken || attempt + 1 >= tries) throw error;
    }
  }
}

/** Runs what the settings name, as the parent tells it to, until it is told to stop. */
export async function serve(settings: DevSettings): Promise<void> {
  let stop = async () => {};
  let isStopping = false;
  const end = async () => {
    if (isStopping) return;
    isStopping = true;
    await stop().catch(() => {});
    process.exit(0);
  };
  // Ctrl-C reaches this process too; the parent says when to stop.
  process.on("SIGINT", () => {});
  process.on("disconnect", () => void end());
  const loaded = await load(settings);
  if (loaded === undefined) return void end();
  process.on("message", (message: ToChild) => {
    if (message.type === "stop") return void end();
    run(loaded, settings, message).then(
      (stopIt) => {
        stop = stopIt;
        if (isStopping) void stop();
      },
      async (error: unknown) => {
        await send({ type: "refused", message: reasonOf(error, message.port) });
        process.exit(1);
      },
    );
  });
}

function reasonOf(error: unknown, port: number): string {
  const code: unknown = Reflect.get(Object(error), "code");
  if (code === "EADDRINUSE") return `Port ${port} is taken; --port names another.`;
  return error instanceof Error ? error.message : String(error);
}
