import { CommanderError } from "commander";
import { UsageError } from "../errors.ts";
import { exitCodes, reportFailure } from "./failure.ts";
import { createProgram } from "./program.ts";

/** Runs the command that the words name, and ends the process with its exit code. */
export async function main(words: readonly string[]): Promise<void> {
  hideExperimentalWarnings();
  forgetEmptySettings();
  leaveWithoutReaders();
  process.exitCode = await run(words);
  // What users' definitions keep open (a pool, a timer) must not keep the command.
  process.stderr.write("", () => process.stdout.write("", () => process.exit()));
}

async function run(words: readonly string[]): Promise<number> {
  const isJson = words.includes("--json");
  const isVerbose = words.includes("--verbose");
  try {
    await createProgram().parseAsync(words, { from: "user" });
    return Number(process.exitCode ?? exitCodes.done);
  } catch (error) {
    if (error instanceof CommanderError) {
      // Help and the version are no failures; help without words stands there already.
      if (error.exitCode === 0) return exitCodes.done;
      if (error.code === "commander.help") return exitCodes.usage;
      const usage = new UsageError(error.message.replace(/^error: /, ""));
      return reportFailure(usage, { isJson, isVerbose });
    }
    return reportFailure(error, { isJson, isVerbose });
  }
}

/** `node:sqlite` and TypeScript files are used on purpose. */
export function hideExperimentalWarnings(): void {
  process.removeAllListeners("warning");
  process.on("warning", (warning) => {
    if (warning.name !== "ExperimentalWarning") process.stderr.write(`${String(warning)}\n`);
  });
}

/** A variable that is set to nothing says nothing. */
function forgetEmptySettings(): void {
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith("TANDEM_") && value === "") delete process.env[name];
  }
}

/** `tandem list | head`: who reads no further has seen enough. */
function leaveWithoutReaders(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    process.exit(error.code === "EPIPE" ? exitCodes.done : exitCodes.failed);
  });
}
