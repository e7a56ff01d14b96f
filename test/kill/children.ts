/** The processes that the tests start, freeze and kill. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { resolve } from "node:path";
import type { Answer, Asked, ChildOptions, Command, Ready } from "./protocol.ts";

export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  /** It was refused, or (`LOST`) the child ended and nobody knows. */
  | { readonly ok: false; readonly code: string; readonly message: string };

const lost: Outcome = { ok: false, code: "LOST", message: "The process has ended." };
const program = resolve(import.meta.dirname, "child.ts");

export class Child {
  name = "";
  /** Settles when its engine takes part, or it has ended. */
  readonly begun: Promise<void>;
  readonly ended: Promise<void>;
  isReady = false;
  isFrozen = false;
  /** Whether its end was the parent's wish. */
  isWanted = true;
  hasEnded = false;
  /** The end of what it said. */
  said = "";
  readonly #process: ChildProcess;
  readonly #open = new Map<number, (outcome: Outcome) => void>();
  #count = 0;

  /** A process that has loaded its program, or does so now, and waits for `begin`. */
  constructor(cache: string) {
    this.#process = fork(program, {
      env: { ...process.env, NODE_COMPILE_CACHE: cache },
      execPath: process.execPath,
      execArgv: ["--conditions=tandem-source", "--disable-warning=ExperimentalWarning"],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#process.stderr?.on("data", (text) => {
      this.said = (this.said + text).slice(-10_000);
    });
    this.ended = once(this.#process, "exit").then(() => this.#end());
    this.begun = new Promise((begin) => {
      this.#process.on("message", (message: Ready | Answer) => {
        if (message.type === "ready") {
          this.isReady = true;
          begin();
        } else {
          this.#settle(message.number, message);
        }
      });
      void this.ended.then(begin);
    });
  }

  begin(options: ChildOptions): void {
    this.name = options.name;
    this.#process.send(options, () => {});
  }

  #end(): void {
    this.isReady = false;
    this.hasEnded = true;
    for (const number of this.#open.keys()) this.#settle(number, lost);
  }

  #settle(number: number, outcome: Outcome | Answer): void {
    const settle = this.#open.get(number);
    this.#open.delete(number);
    settle?.(outcome as Outcome);
  }

  ask(command: Command): Promise<Outcome> {
    if (this.hasEnded || !this.#process.connected) return Promise.resolve(lost);
    const number = ++this.#count;
    return new Promise((settle) => {
      this.#open.set(number, settle);
      const asked: Asked = { number, command };
      this.#process.send(asked, (error) => {
        if (error !== null) this.#settle(number, lost);
      });
    });
  }

  kill(): Promise<void> {
    this.isWanted = false;
    this.isReady = false;
    this.#process.kill("SIGKILL");
    return this.ended;
  }

  freeze(): void {
    this.isFrozen = true;
    this.#process.kill("SIGSTOP");
  }

  thaw(): void {
    this.isFrozen = false;
    this.#process.kill("SIGCONT");
  }

  /** Closes its engine, and lets it go. */
  async close(): Promise<Outcome> {
    this.isReady = false;
    this.isWanted = false;
    const outcome = await this.ask({ type: "close" });
    if (!this.hasEnded) this.#process.disconnect();
    await this.ended;
    return outcome;
  }
}
