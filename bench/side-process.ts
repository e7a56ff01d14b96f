/** Further processes that a figure needs. They end with it. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Afterwards } from "./figure.ts";

export interface SideProcess {
  /** Asks for a number and gives it, or what the process says by itself. */
  ask(question?: string): Promise<number>;
  /** Settles when it has ended. */
  end(): Promise<void>;
}

/** Runs a file of this folder. It says numbers, and ends when it is disconnected. */
export function startProcess(
  file: string,
  args: readonly string[],
  afterwards: Afterwards,
): SideProcess {
  const child = fork(join(import.meta.dirname, file), args);
  const ended = once(child, "exit");
  const side: SideProcess = {
    async ask(question) {
      const answer = once(child, "message");
      if (question !== undefined) child.send(question);
      const message = await Promise.race([answer, ended.then(() => undefined)]);
      if (message === undefined) throw new Error(`"${file}" ended without an answer.`);
      return Number(message[0]);
    },
    async end() {
      if (child.connected) child.disconnect();
      await ended;
    },
  };
  afterwards(side.end);
  return side;
}
