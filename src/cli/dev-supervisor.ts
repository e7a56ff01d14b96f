import { type ChildProcess, fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { fileURLToPath } from "node:url";
import type { DevSettings, DevWorkflow, FromChild, ToChild } from "./dev-messages.ts";
import { FileWatcher } from "./file-watcher.ts";

export interface DevReport {
  /** It runs; the first time, or anew. */
  listening: [port: number, hasDashboard: boolean, workflows: readonly DevWorkflow[]];
  /** What is wrong with the definitions; what ran before goes on. */
  failed: [message: string];
  /** Instances wait for definitions that are not exported. */
  missing: [names: readonly string[]];
  /** It cannot run at all. */
  refused: [message: string];
  /** The process ended by itself. */
  ended: [code: number | null];
}

/** After so long, a process that does not stop is ended. */
const stopPatienceMs = 5000;

/**
 * Keeps one process running that has the engine. When files change, a second one loads them; only
 * if they are right does it take the place of the first.
 */
export class DevSupervisor extends EventEmitter<DevReport> {
  readonly #settings: DevSettings;
  readonly #watcher: FileWatcher | undefined;
  #port: number;
  #isPortGiven: boolean;
  #running: ChildProcess | undefined;
  #candidate: ChildProcess | undefined;
  #isClosed = false;

  constructor(
    settings: DevSettings,
    options: { readonly port: number; readonly isPortGiven: boolean; readonly isWatching: boolean },
  ) {
    super();
    this.#settings = settings;
    this.#port = options.port;
    this.#isPortGiven = options.isPortGiven;
    this.#watcher = options.isWatching ? new FileWatcher(() => this.load()) : undefined;
  }

  /** Loads the definitions anew. */
  load(): void {
    if (this.#isClosed) return;
    this.#candidate?.kill("SIGKILL");
    const isTypeScript = import.meta.url.endsWith(".ts");
    const script = new URL(isTypeScript ? "./dev-main.ts" : "./dev-main.js", import.meta.url);
    const child = fork(fileURLToPath(script), [JSON.stringify(this.#settings)], {
      stdio: ["ignore", "inherit", "inherit", "ipc"],
    });
    this.#candidate = child;
    child.on("message", (message: FromChild) => this.#receive(child, message));
    child.on("exit", (code) => this.#ended(child, code));
  }

  #receive(child: ChildProcess, message: FromChild): void {
    if (this.#isClosed) return;
    switch (message.type) {
      case "failed":
        this.#watcher?.watch(message.files);
        this.emit("failed", message.message);
        break;
      case "loaded":
        this.#watcher?.watch(message.files);
        void this.#replace(child, message);
        break;
      case "refused":
        this.emit("refused", message.message);
        break;
      default:
    }
  }

  async #replace(
    child: ChildProcess,
    { workflows, changed, missing }: Extract<FromChild, { type: "loaded" }>,
  ): Promise<void> {
    const before = this.#running;
    for (const message of changed) this.emit("failed", message);
    if (changed.length > 0 && before !== undefined) {
      child.kill("SIGKILL");
      return;
    }
    if (before !== undefined) await stop(before);
    if (this.#candidate !== child || this.#isClosed) return;
    this.#candidate = undefined;
    this.#running = child;
    child.on("message", (message: FromChild) => {
      if (message.type !== "listening") return;
      // Where it was the first time, it stays.
      this.#port = message.port;
      this.#isPortGiven = true;
      this.emit("listening", message.port, message.hasDashboard, workflows);
      if (missing.length > 0) this.emit("missing", missing);
    });
    tell(child, { type: "run", port: this.#port, isPortGiven: this.#isPortGiven });
  }

  #ended(child: ChildProcess, code: number | null): void {
    if (child === this.#candidate) this.#candidate = undefined;
    if (child !== this.#running) return;
    this.#running = undefined;
    if (!this.#isClosed && code !== 0) this.emit("ended", code);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#watcher?.close();
    this.#candidate?.kill("SIGKILL");
    if (this.#running !== undefined) await stop(this.#running);
  }
}

function tell(child: ChildProcess, message: ToChild): void {
  if (child.connected) child.send(message, () => {});
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  const timer = setTimeout(() => child.kill("SIGKILL"), stopPatienceMs);
  tell(child, { type: "stop" });
  await ended;
  clearTimeout(timer);
}
