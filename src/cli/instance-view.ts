import type { Graph, GraphNode, HistoryEntry, StepExecution } from "../http/client.ts";
import type { Sight } from "./follow.ts";
import { forWhom, reasonLines, statusStyle } from "./instance-lines.ts";
import { duration, relative } from "./moments.ts";
import { columns, commandName, pad, paint, type Style, shorten, widthOf } from "./terminal.ts";
import { Timeline } from "./timeline.ts";

const marks: Readonly<Record<StepExecution["status"], readonly [mark: string, style: Style]>> = {
  succeeded: ["✓", "green"],
  failed: ["✗", "red"],
  canceled: ["⊘", "gray"],
  skipped: ["-", "gray"],
  waiting: ["…", "yellow"],
  running: ["▸", "cyan"],
  scheduled: ["↻", "yellow"],
  pending: ["·", "gray"],
};

export interface ViewOptions {
  /** Tells of which kind each step is; without it, every step is drawn as if it ran code. */
  readonly graph: Graph | undefined;
  readonly history?: readonly HistoryEntry[];
  readonly now: number;
  /** So many steps are drawn. */
  readonly mostRows: number;
}

/** An instance for the terminal: its steps as a tree, when each ran, its data. */
export function viewInstance({ instance, steps }: Sight, options: ViewOptions): string {
  const { id, workflow, version, status, startedAt, endedAt, businessKey, data } = instance;
  const now = endedAt === undefined ? options.now : Date.parse(endedAt);
  const took = `${endedAt === undefined ? "for" : "in"} ${duration(now - Date.parse(startedAt))}`;
  const stands = `${paint(statusStyle(status), status)} ${took}`;
  const head = `${paint("bold", workflow)} ${version}  ${stands}`;
  const key = businessKey === undefined ? "" : `  ${businessKey}`;
  const lines = [head, shorten(`${id}${key}`, columns()), ...reasonLines(instance)];
  lines.push("", ...stepLines(steps, options, now));
  const others = instance.stepCount - Math.min(steps.length, options.mostRows);
  if (others > 0) lines.push(`  … and ${others} more steps (--all)`);
  if (instance.tasks.length > 0) lines.push("", paint("bold", "Waits for"));
  for (const task of instance.tasks) {
    const due = task.dueAt === undefined ? "" : `, due ${relative(task.dueAt, options.now)}`;
    lines.push(shorten(`  ${task.title}: ${forWhom(task)}${due}`, columns()));
    lines.push(`    ${paint("cyan", `${commandName()} complete ${task.id}`)}`);
  }
  const entries = Object.entries(data);
  if (entries.length > 0) lines.push("", paint("bold", "Data"), ...dataLines(entries));
  if (options.history !== undefined) lines.push("", ...historyLines(options.history));
  return lines.map((line) => line.trimEnd()).join("\n");
}

// --------------------------------------------------------------------------------------- the steps

interface Row {
  readonly step: StepExecution;
  readonly label: string;
  readonly isBusy: boolean;
  readonly kind: string;
}

const timeWidth = 9;
const widestLabel = 34;

function stepLines(
  steps: readonly StepExecution[],
  { graph, mostRows }: ViewOptions,
  now: number,
): string[] {
  const kinds = kindsOf(graph);
  const rows = inTreeOrder(steps)
    .slice(0, mostRows)
    .map(({ step, label }): Row => {
      const kind =
        step.compensates === 0 ? (kinds.get(nodePath(step.path)) ?? "machine") : "machine";
      return { step, label, kind, isBusy: kind === "machine" || kind === "gateway" };
    });
  const labelWidth = Math.min(widestLabel, Math.max(0, ...rows.map(({ label }) => widthOf(label))));
  const width = columns() - 2 - labelWidth - timeWidth - 2;
  const spans = rows.map(({ step, isBusy }) => ({ ...spanOf(step, now), isBusy }));
  const timeline = new Timeline(spans, width);
  return rows.flatMap((row) => {
    const { step, label } = row;
    const name = pad(shorten(label, labelWidth), labelWidth);
    const [mark, style] = marks[step.status];
    const marked = name.replace("\u25cf", paint(style, mark));
    const time = paint("dim", timeOf(step, now).padStart(timeWidth));
    const line = `  ${marked}${time}  ${drawBar(row, timeline, now)}`;
    if (step.error === undefined) return [line];
    const indent = " ".repeat(4 + label.search(/\S/));
    const message = shorten(step.error.message, columns() - indent.length);
    return [line, indent + paint(step.status === "failed" ? "red" : "gray", message)];
  });
}

/** Members stand under their group, in the order of their visits; what undid them comes last. */
function inTreeOrder(steps: readonly StepExecution[]): { step: StepExecution; label: string }[] {
  const members = Map.groupBy(steps, ({ parent, compensates }) =>
    compensates === 0 ? parent : -1,
  );
  const rows: { step: StepExecution; label: string }[] = [];
  const add = (step: StepExecution, depth: number) => {
    const { path, iteration, attempt } = step;
    const name = path.slice(path.lastIndexOf("/") + 1);
    const pass = iteration > 1 ? ` #${iteration}` : "";
    const tries = attempt > 1 ? ` (attempt ${attempt})` : "";
    // A sign that no path has stands where the mark will be.
    rows.push({ step, label: `${"  ".repeat(depth)}\u25cf ${name}${pass}${tries}` });
    for (const member of members.get(step.id) ?? []) add(member, depth + 1);
  };
  for (const step of members.get(0) ?? []) add(step, 0);
  for (const step of members.get(-1) ?? []) rows.push({ step, label: `\u25cf undo ${step.path}` });
  return rows;
}

/** The path of an execution's node: `send[3]` is the `send[]` of its map. */
function nodePath(path: string): string {
  return path.replace(/\[\d+\]/g, "[]").replace(/@[^/]*$/, "");
}

function kindsOf(graph: Graph | undefined): ReadonlyMap<string, string> {
  const kinds = new Map<string, string>();
  const add = (node: GraphNode) => {
    kinds.set(node.path, node.kind);
    for (const member of [...node.members, ...(node.callback ? [node.callback] : [])]) add(member);
  };
  for (const node of graph?.nodes ?? []) add(node);
  return kinds;
}

function spanOf({ startedAt, endedAt }: StepExecution, now: number) {
  const from = startedAt === undefined ? now : Date.parse(startedAt);
  return { from, to: Math.max(from, endedAt === undefined ? now : Date.parse(endedAt)) };
}

function timeOf(step: StepExecution, now: number): string {
  if (step.startedAt === undefined || step.endedAt === undefined) return step.status;
  const { from, to } = spanOf(step, now);
  return duration(to - from);
}

const waitingKinds: ReadonlySet<string> = new Set([
  ...["human", "timer", "signal", "webhook", "subworkflow"],
]);

function drawBar({ step, kind, isBusy }: Row, timeline: Timeline, now: number): string {
  if (step.startedAt === undefined) return "";
  const span = spanOf(step, now);
  const [from, to] = [Math.round(timeline.at(span.from)), Math.round(timeline.at(span.to))];
  const length = to - from;
  const isPoint = isBusy || waitingKinds.has(kind);
  const offset = " ".repeat(length === 0 && isPoint && from > 0 ? from - 1 : from);
  const point = from > 0 ? "▕" : "▏";
  return offset + paint(barStyle(kind, isBusy, step.status), barOf(length, kind, isBusy, point));
}

function barOf(length: number, kind: string, isBusy: boolean, point: string): string {
  if (isBusy) return length === 0 ? point : "█".repeat(length);
  if (waitingKinds.has(kind)) return length === 0 ? point : "░".repeat(length);
  return length < 2 ? "╶".repeat(length) : `├${"─".repeat(length - 2)}┤`;
}

function barStyle(kind: string, isBusy: boolean, status: StepExecution["status"]): Style {
  if (status === "failed") return "red";
  if (status === "canceled") return "gray";
  if (isBusy) return "cyan";
  return kind === "human" ? "yellow" : "gray";
}

// ------------------------------------------------------------------------------ data and history

function dataLines(entries: readonly (readonly [string, unknown])[]): string[] {
  const width = Math.min(28, Math.max(...entries.map(([key]) => widthOf(key))));
  return entries.map(([key, value]) => {
    const shown = shorten(JSON.stringify(value), columns() - width - 4);
    return `  ${paint("dim", pad(shorten(key, width), width))}  ${shown}`;
  });
}

function historyLines(history: readonly HistoryEntry[]): string[] {
  const lines = [paint("bold", "History")];
  if (history.length === 0) lines.push("  nobody has done anything yet");
  for (const { at, type, user, onBehalfOf, through, path, details } of history) {
    const who = user === undefined ? "" : ` by ${user}`;
    const whose = onBehalfOf === undefined ? "" : ` for ${onBehalfOf}`;
    const way = through === undefined ? "" : ` (${through})`;
    const what = path === undefined ? type : `${type} ${path}`;
    const more = details === undefined ? "" : ` ${JSON.stringify(details)}`;
    const when = at.replace("T", " ").slice(0, 19);
    lines.push(shorten(`  ${when}  ${what}${who}${whose}${way}${more}`, columns()));
  }
  return lines;
}
