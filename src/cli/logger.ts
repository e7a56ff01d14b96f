import type { Logger } from "../definition/context.ts";
import { paintError, tell } from "./terminal.ts";

/** Writes what engines and steps log to stderr: warnings and errors, or everything. */
export class StderrLogger implements Logger {
  readonly #isVerbose: boolean;

  constructor(isVerbose: boolean) {
    this.#isVerbose = isVerbose;
  }

  debug(message: string, details?: object): void {
    if (this.#isVerbose) tell(paintError("dim", line("debug", message, details)));
  }

  info(message: string, details?: object): void {
    if (this.#isVerbose) tell(line("info", message, details));
  }

  warn(message: string, details?: object): void {
    tell(paintError("yellow", line("warning", message, details)));
  }

  error(message: string, details?: object): void {
    tell(paintError("red", line("error", message, details)));
  }
}

function line(level: string, message: string, details: object = {}): string {
  const told = Object.entries(details).map(([name, value]) =>
    name === "error" ? `: ${messageOf(value)}` : ` ${name}=${JSON.stringify(value)}`,
  );
  return `${level} ${message}${told.join("")}`;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
