import { Command, InvalidArgumentError, Option } from "commander";
import { packageVersion } from "../http/package-version.ts";
import { parseMoment } from "./moments.ts";
import { addCommonOptions, addLocalOptions, addOutputOptions } from "./options.ts";

/**
 * The commands, their words and options. What carries them out is imported when it is needed, so
 * that help comes at once.
 */
export function createProgram(): Command {
  const program = new Command("tandem")
    .configureHelp({ subcommandTerm: (command) => termOf(command) })
    .helpCommand(false)
    .description("Workflows of people and machines, at the terminal.")
    .version(packageVersion())
    .exitOverride()
    .showSuggestionAfterError()
    // What was wrong is said like every other error.
    .configureOutput({ outputError: () => {} })
    .addHelpText("after", afterHelp);
  program.commandsGroup("Begin:");
  addBeginning(program);
  program.commandsGroup("Instances:");
  addInstances(program);
  program.commandsGroup("Tasks:");
  addTasks(program);
  program.commandsGroup("Look after it:");
  addCare(program);
  return program;
}

/** Every command has options; that is not said with each. */
function termOf(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "…" : ""}`;
    return argument.required ? `<${name}>` : `[${name}]`;
  });
  return [command.name(), ...words].join(" ");
}

const afterHelp = `
Commands work on the database in this folder (tandem.db, or --database), or with
--url on a running server. "tandem start --help" says what a command takes.
Exit codes: 0 done, 1 refused or failed, 2 wrong words or options.`;

function addBeginning(program: Command): void {
  addOutputOptions(
    program
      .command("init")
      .argument("[folder]", "where; this folder unless told", ".")
      .description("Make a small project that runs")
      .option("--javascript", "write JavaScript instead of TypeScript"),
  ).action(async (folder: string, options) => {
    const { init } = await import("./commands/init.ts");
    init(folder, options);
  });
  addLocalOptions(
    program
      .command("dev")
      .argument("[file]", "the file that exports the definitions, as --workflows")
      .description("Run engine, API and dashboard, anew when files change")
      .option(
        "--port <number>",
        "where the API listens (4680, or the next that is free)",
        wholeNumber,
      )
      .option("--no-watch", "leave it as it is when files change"),
  ).action(async (file: string | undefined, options) => {
    const { dev } = await import("./commands/dev.ts");
    await dev(file, options);
  });
  addLocalOptions(
    program
      .command("migrate")
      .description("Bring the database up to this version")
      .option("--check", "change nothing; exit with 1 if there is something to do"),
  ).action(async (options) => {
    const { migrate } = await import("./commands/migrate.ts");
    await migrate(options);
  });
}

function addInstances(program: Command): void {
  addCommonOptions(
    program
      .command("start")
      .argument("<workflow>", "the name of a definition")
      .description("Start an instance")
      .option("--data <json>", "its initial data: JSON, @file, or - for stdin")
      .option("--workflow-version <version>", "another version than the latest")
      .option("--key <key>", "starting again with the same key gives the same instance")
      .option("--business-key <key>", "what your application knows it by")
      .option("--tag <tag>", "a word to find it by (repeatable)", gather)
      .option("--wait", "wait until it has ended; exit with 1 unless it completed"),
  ).action(async (workflow: string, options) => {
    const { start } = await import("./commands/start.ts");
    await start(workflow, options);
  });
  addCommonOptions(
    addFilter(program.command("list").description("List instances, newest first"))
      .option("--oldest", "oldest first")
      .option("--limit <number>", "how many at most (20 unless told)", wholeNumber)
      .option("--cursor <cursor>", "go on where a list ended")
      .option("--all", "all that fit, however many"),
  ).action(async (options) => {
    const { list } = await import("./commands/list.ts");
    await list(options);
  });
  addCommonOptions(
    program
      .command("show")
      .argument("<instance>", "its id")
      .description("Show its steps as a tree, when each ran, and its data")
      .option("--follow", "go on until it has ended")
      .option("--history", "also who did what")
      .option("--all", "all of its steps, however many"),
  ).action(async (instance: string, options) => {
    const { show } = await import("./commands/show.ts");
    await show(instance, options);
  });
  addCommonOptions(
    program
      .command("graph")
      .argument("<name>", "a workflow, or the id of an instance")
      .description("Draw a workflow, or where an instance stands")
      .option("--mermaid", "as the text of a Mermaid flowchart")
      .option("--direction <way>", "of the flowchart: TB or LR", "TB")
      .option("--workflow-version <version>", "another version than the latest"),
  ).action(async (name: string, options) => {
    const { graph } = await import("./commands/graph.ts");
    await graph(name, options);
  });
  addChange(program, "cancel", "Cancel: stop what runs, withdraw tasks")
    .option("--reason <text>", "why, for the history")
    .action((instances: string[], options) => changeInstances("cancel", instances, options));
  addChange(program, "pause", "Pause: what runs ends, nothing new starts").action(
    (instances: string[], options) => changeInstances("pause", instances, options),
  );
  addChange(program, "resume", "Go on with paused instances").action(
    (instances: string[], options) => changeInstances("resume", instances, options),
  );
  addChange(program, "retry", "Go on with failed instances at what failed")
    .option("--from <step>", "at this step instead")
    .action((instances: string[], options) => changeInstances("retry", instances, options));
}

function addTasks(program: Command): void {
  addCommonOptions(
    program
      .command("tasks")
      .description("List tasks of people, oldest first")
      .option("--user <name>", "only what this person can do")
      .option("--group <name>", "or members of this group (repeatable)", gather)
      .option("--assignee <name>", "only what belongs to this person")
      .option("--workflow <name>", "only tasks of this workflow")
      .option("--instance <id>", "only tasks of this instance")
      .option("--overdue", "only what is overdue")
      .addOption(
        new Option("--status <status>", "open unless told").choices([
          "open",
          "completed",
          "withdrawn",
        ]),
      )
      .option("--limit <number>", "how many at most (20 unless told)", wholeNumber)
      .option("--cursor <cursor>", "go on where a list ended"),
  ).action(async (options) => {
    const { tasks } = await import("./commands/tasks.ts");
    await tasks(options);
  });
  addCommonOptions(
    program
      .command("complete")
      .argument("<task>", "its id, or the id of an instance with one open task")
      .description("Complete a task; asks for its form without --data")
      .option("--data <json>", "what the form asks for: JSON, @file, or - for stdin")
      .option("--step <path>", "which task of the instance")
      .option("--on-behalf-of <name>", "for whom, as an administrator"),
  ).action(async (task: string, options) => {
    const { complete } = await import("./commands/complete.ts");
    await complete(task, options);
  });
}

function addCare(program: Command): void {
  const doctor = addCommonOptions(
    program.command("doctor").description("Look for what is wrong, and say what to do"),
  );
  doctor.action(async (options) => {
    const { doctor: examine } = await import("./commands/doctor.ts");
    await examine(options);
  });
  program
    .command("completion")
    .argument("<shell>", "bash, zsh or fish")
    .description("Print a script that completes words in a shell")
    .action(async (shell: string) => {
      const { completion } = await import("./commands/completion.ts");
      completion(shell, program);
    });
}

// ----------------------------------------------------------------------------------------- words

function addFilter(command: Command): Command {
  return command
    .option("--workflow <name>", "only instances of this workflow")
    .option("--workflow-version <version>", "only of this version")
    .addOption(new Option("--status <status>", "only in this state (repeatable)").argParser(status))
    .option("--business-key <key>", "only with this key")
    .option("--tag <tag>", "only with this tag (repeatable)", gather)
    .option("--started-by <name>", "only those that this person started")
    .option("--since <when>", "only started since then: 2h, 7d, 2026-11-25", moment)
    .option("--before <when>", "only started before then", moment);
}

function addChange(program: Command, name: string, description: string): Command {
  return addCommonOptions(
    program.command(name).argument("<instance...>", "their ids").description(description),
  );
}

async function changeInstances(
  action: "cancel" | "pause" | "resume" | "retry",
  instances: readonly string[],
  options: object,
): Promise<void> {
  const { change } = await import("./commands/change.ts");
  await change(action, instances, options);
}

function gather(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

const statuses = ["pending", "running", "waiting", "paused", "completed", "failed", "canceled"];

function status(value: string, before: readonly string[] = []): readonly string[] {
  if (statuses.includes(value)) return [...before, value];
  throw new InvalidArgumentError(`It is one of ${statuses.join(", ")}.`);
}

function wholeNumber(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1) return number;
  throw new InvalidArgumentError("It is a whole number of at least 1.");
}

function moment(value: string): string {
  const parsed = parseMoment(value, Date.now());
  if (parsed !== undefined) return parsed;
  throw new InvalidArgumentError("It is a date (2026-11-25) or how long ago (30min, 2h, 7d).");
}
