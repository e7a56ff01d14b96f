import type { FieldProblem } from "../errors.ts";
import { paintError, wrap } from "./terminal.ts";

/** What the exit code of a command says. */
export const exitCodes = {
  /** Done. */
  done: 0,
  /** Refused or failed; `doctor` found a problem; the instance of `start --wait` failed. */
  failed: 1,
  /** Wrong words or options: nothing was tried. */
  usage: 2,
  /** Ctrl-C: what was begun goes on in another engine. */
  interrupted: 130,
} as const;

/** What to do, where the message cannot know that it is read at a terminal. */
const advice: Readonly<Record<string, string>> = {
  UNKNOWN_INSTANCE: "`tandem list` shows the instances there are.",
  UNKNOWN_TASK: "`tandem tasks` shows the open tasks.",
  UNKNOWN_WORKFLOW:
    "Definitions come from the file that --workflows names; with --url, the server has its own.",
  UNAUTHENTICATED: "Give the server's token in the environment variable TANDEM_TOKEN.",
  INSTANCE_ENDED: "`tandem show` says how it ended.",
  TASK_GONE: "`tandem tasks` shows the open tasks.",
  NOT_ALLOWED: "`--as NAME` says who you are; an administrator adds --on-behalf-of NAME.",
  STORE_TOO_NEW: "Another project may use a newer version of tandem-workflows on this database.",
};

export interface FailureOptions {
  readonly isJson: boolean;
  readonly isVerbose: boolean;
}

interface Failure {
  readonly code: string;
  readonly message: string;
  readonly fields: readonly FieldProblem[];
  readonly advice: string | undefined;
}

/** Says on stderr what went wrong; gives the exit code. */
export function reportFailure(error: unknown, { isJson, isVerbose }: FailureOptions): number {
  const failure = failureOf(error);
  const { code, message, fields } = failure;
  if (isJson) {
    const told = { code, message, ...(fields.length > 0 && { fields }) };
    process.stderr.write(`${JSON.stringify({ error: told })}\n`);
  } else {
    process.stderr.write(`${describe(failure)}\n`);
  }
  if (isVerbose && error instanceof Error) process.stderr.write(`\n${traceOf(error)}\n`);
  return code === "USAGE" ? exitCodes.usage : exitCodes.failed;
}

function failureOf(error: unknown): Failure {
  const code: unknown = Reflect.get(Object(error), "code");
  const fields: unknown = Reflect.get(Object(error), "fields");
  const isKnown = typeof code === "string";
  return {
    code: isKnown ? code : "UNEXPECTED",
    message: error instanceof Error ? error.message : String(error),
    fields: Array.isArray(fields) ? (fields as FieldProblem[]) : [],
    advice: isKnown ? advice[code] : "This may be a defect; --verbose shows where it comes from.",
  };
}

function describe({ code, message, fields, advice: next }: Failure): string {
  const lines = [`${paintError("red", "error")} ${code}`];
  for (const line of message.split("\n")) lines.push(...wrap(line, "  "));
  // Most messages name them already.
  const untold = fields.filter(({ message: problem }) => !message.includes(problem));
  for (const { field, message: problem } of untold) {
    lines.push(...wrap(`${field === "" ? "the data" : field}: ${problem}`, "    "));
  }
  if (next !== undefined) lines.push(...wrap(next, "  "));
  return lines.join("\n");
}

function traceOf(error: Error): string {
  const { cause } = error;
  const below = cause instanceof Error ? `\nCaused by: ${traceOf(cause)}` : "";
  return `${error.stack ?? String(error)}${below}`;
}
