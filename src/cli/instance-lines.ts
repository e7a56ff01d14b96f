import type { Instance, InstanceSummary, TaskSummary } from "../http/client-types.ts";
import { type CommonOptions, serverOf } from "./options.ts";
import { commandName, paint, type Style, wrap } from "./terminal.ts";

const statusStyles: Readonly<Record<string, Style>> = {
  completed: "green",
  failed: "red",
  waiting: "yellow",
  running: "cyan",
  paused: "magenta",
};

export function statusStyle(status: string): Style {
  return statusStyles[status] ?? "gray";
}

/** Where an instance stands, and what can be done next. */
export function describeInstance(instance: Instance, options: CommonOptions): string {
  const { id, workflow, version, status } = instance;
  const head = `${paint("bold", workflow)} ${version}  ${paint(statusStyle(status), status)}`;
  return [head, `  ${id}`, ...reasonLines(instance), ...nextLines(instance, options)].join("\n");
}

export function reasonLines({ error, reason }: InstanceSummary): string[] {
  const lines: string[] = [];
  if (error !== undefined) {
    const place = error.path === undefined ? "" : `${error.path}: `;
    for (const line of wrap(`${place}${error.message} [${error.code}]`, "  ")) {
      lines.push(paint("red", line));
    }
  }
  if (reason !== undefined) lines.push(...wrap(`because: ${reason}`, "  "));
  return lines;
}

/** So many tasks are named with their command. */
const mostNamed = 5;

function nextLines(instance: Instance, options: CommonOptions): string[] {
  const { id, tasks, status } = instance;
  const where = whereWords(options);
  if (status === "failed") return next("retry it", `${commandName()} retry ${id}${where}`);
  if (status === "paused") return next("go on with it", `${commandName()} resume ${id}${where}`);
  if (tasks.length === 0) {
    return status === "waiting"
      ? next("see what it waits for", `${commandName()} show ${id}${where}`)
      : [];
  }
  const lines = tasks.slice(0, mostNamed).flatMap((task) => taskLines(task, where));
  const others = tasks.length - mostNamed;
  return others > 0 ? [...lines, `  and ${others} more tasks`] : lines;
}

function next(what: string, command: string): string[] {
  return [`  ${what}:`, `    ${paint("cyan", command)}`];
}

function taskLines(task: TaskSummary, where: string): string[] {
  const { id, title, path } = task;
  return [
    ...wrap(`waits for ${forWhom(task)}: ${title} (${path})`, "  "),
    `    ${paint("cyan", `${commandName()} complete ${id}${where}`)}`,
  ];
}

/** Whose a task is, or could be. */
export function forWhom({
  assignee,
  candidateUsers = [],
  candidateGroups = [],
}: TaskSummary): string {
  if (assignee !== undefined) return assignee;
  const candidates = [...candidateUsers, ...candidateGroups.map((group) => `${group} (group)`)];
  return candidates.length === 0 ? "anybody" : candidates.join(", ");
}

/** Options that the next command needs too. */
function whereWords(options: CommonOptions): string {
  const server = serverOf(options);
  const { database, workflows } = options;
  const words: string[] = [];
  const add = (option: string, name: string, value: string | undefined) => {
    if (value !== undefined && process.env[name] !== value) words.push(` ${option} ${value}`);
  };
  if (server !== undefined) {
    add("--url", "TANDEM_URL", server);
  } else {
    add("--database", "TANDEM_DATABASE", database);
    add("--workflows", "TANDEM_WORKFLOWS", workflows);
  }
  return words.join("");
}
