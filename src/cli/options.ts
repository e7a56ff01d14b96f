import { type Command, Option } from "commander";
import { UsageError } from "../errors.ts";

/** Options of every command that reads or changes instances. */
export interface CommonOptions {
  readonly url?: string;
  readonly database?: string;
  readonly workflows?: string;
  readonly as?: string;
  readonly json?: true;
  readonly verbose?: true;
}

/**
 * The server that is meant, or undefined for a database. What was typed counts more than what the
 * environment says.
 *
 * @throws UsageError
 */
export function serverOf({ url: given, database: where }: CommonOptions): string | undefined {
  if (given === undefined || where === undefined) return given;
  const isUrlTyped = given !== process.env.TANDEM_URL;
  const isDatabaseTyped = where !== process.env.TANDEM_DATABASE;
  if (isUrlTyped && isDatabaseTyped) {
    throw new UsageError("--url and --database are two places; give one of them.");
  }
  return isDatabaseTyped ? undefined : given;
}

const url = () =>
  new Option("--url <address>", "a running server's API; its token is in TANDEM_TOKEN").env(
    "TANDEM_URL",
  );

const database = () =>
  new Option("--database <where>", "an SQLite file (tandem.db unless told) or postgres://…").env(
    "TANDEM_DATABASE",
  );

const workflows = () =>
  new Option("--workflows <file>", "the file that exports the definitions").env("TANDEM_WORKFLOWS");

const as = () =>
  new Option("--as <name>", "who acts, on a local database (your login name unless told)").env(
    "TANDEM_USER",
  );

/** Says what every command understands. */
export function addOutputOptions(command: Command): Command {
  return command
    .optionsGroup("Output:")
    .option("--json", "print JSON")
    .option("--verbose", "say more on stderr, such as where an error comes from");
}

/** For commands that need the database itself. */
export function addLocalOptions(command: Command): Command {
  command.optionsGroup("Where:").addOption(database()).addOption(workflows());
  return addOutputOptions(command);
}

export function addCommonOptions(command: Command): Command {
  command
    .optionsGroup("Where:")
    .addOption(url())
    .addOption(database())
    .addOption(workflows())
    .addOption(as());
  return addOutputOptions(command);
}
