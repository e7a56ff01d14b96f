/** Draws an instance for the terminal: its steps as a tree, when each ran, and its data. */
import { styleText } from "node:util";
import type {
  AnyDefinition,
  MapGroup,
  ParallelGroup,
  StepExecution,
  StepStatus,
  WorkflowInstance,
  WorkflowNode,
} from "tandem-workflows";
import { Timeline } from "./timeline.ts";

type Style = Parameters<typeof styleText>[0];
type Paint = (style: Style, text: string) => string;

export interface ShowOptions {
  /** What is written behind the bar of a path, such as who decided. */
  readonly notes?: Readonly<Record<string, string>>;
  readonly columns?: number;
  /** Colours where the terminal has them and `NO_COLOR` is not set, unless told. */
  readonly colors?: boolean;
}

const marks: Readonly<Record<StepStatus, readonly [mark: string, style: Style]>> = {
  succeeded: ["✓", "green"],
  failed: ["✗", "red"],
  canceled: ["⊘", "gray"],
  skipped: ["-", "gray"],
  waiting: ["…", "yellow"],
  running: ["▸", "cyan"],
  scheduled: ["↻", "yellow"],
  pending: ["·", "gray"],
};

const statusStyles: Readonly<Record<string, Style>> = {
  completed: "green",
  failed: "red",
  waiting: "yellow",
};

export function showInstance(
  definition: AnyDefinition,
  instance: WorkflowInstance,
  { notes = {}, columns = 80, colors }: ShowOptions = {},
): string {
  const paint = painter(colors);
  const { workflow: name, version, status, steps, startedAt, endedAt } = instance;
  const end = Math.max(startedAt, ...steps.map((step) => step.endedAt ?? step.startedAt ?? 0));
  const took = endedAt === undefined ? "" : ` in ${duration(endedAt - startedAt)}`;
  const lines = [
    `${paint("bold", name)} ${version}  ${paint(statusStyles[status] ?? "gray", status)}${took}`,
  ];
  if (instance.error !== undefined) {
    for (const line of wrap(instance.error.message, columns - 2)) {
      lines.push(`  ${paint("red", line)}`);
    }
  }
  lines.push("", ...stepLines(definition, steps, { end, notes, columns, paint }));
  const data = Object.entries(instance.data);
  if (data.length > 0) lines.push("", paint("bold", "Data"), ...dataLines(data, columns, paint));
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** Writes an instance to the terminal: what the examples do when they are run. */
export function printInstance(definition: AnyDefinition, instance: WorkflowInstance): void {
  process.stdout.write(`${showInstance(definition, instance)}\n`);
}

// --------------------------------------------------------------------------------------- the steps

interface Drawing {
  /** Where the bars of what has not ended stop. */
  readonly end: number;
  readonly notes: Readonly<Record<string, string>>;
  readonly columns: number;
  readonly paint: Paint;
}

const timeWidth = 9;
const widestLabel = 34;

function stepLines(
  definition: AnyDefinition,
  steps: readonly StepExecution[],
  { end, notes, columns, paint }: Drawing,
): string[] {
  const rows = inTreeOrder(steps).map((row) => {
    const { path, compensates } = row.step;
    const kind = compensates === 0 ? kindOf(definition, path) : "machine";
    return { ...row, kind, note: notes[path] ?? "" };
  });
  const labelWidth = Math.min(widestLabel, Math.max(0, ...rows.map(({ label }) => label.length)));
  const noteWidth = Math.max(0, ...rows.map(({ note }) => note.length));
  const width = columns - 2 - 2 - labelWidth - timeWidth - 2 - (noteWidth > 0 ? noteWidth + 1 : 0);
  const timeline = new Timeline(
    rows.map(({ step, kind }) => ({
      from: step.startedAt ?? end,
      to: step.endedAt ?? end,
      busy: kind === "machine" || kind === "gateway",
    })),
    width,
  );
  return rows.flatMap(({ step, depth, kind, label, note }) => {
    const [mark, style] = marks[step.status];
    const indent = "  ".repeat(depth);
    const name = shorten(label, labelWidth).padEnd(labelWidth).slice(indent.length);
    const time = timeOf(step).padStart(timeWidth);
    const drawn = step.startedAt === undefined ? "" : bar(step, kind, timeline, end);
    const painted = paint(barStyle(kind, step.status), note === "" ? drawn : drawn.padEnd(width));
    const line = `  ${indent}${paint(style, mark)} ${name}${paint("dim", time)}  ${painted} ${note}`;
    if (step.error === undefined) return line;
    const message = shorten(step.error.message, columns - 4 - indent.length);
    return [line, `    ${indent}${paint(step.status === "failed" ? "red" : "gray", message)}`];
  });
}

interface Row {
  readonly step: StepExecution;
  readonly depth: number;
  readonly label: string;
}

/** Members stand under their group, in the order in which they were visited; what undid them last. */
function inTreeOrder(steps: readonly StepExecution[]): Row[] {
  const rows: Row[] = [];
  const add = (step: StepExecution) => {
    rows.push({ step, depth: depthOf(step.path), label: labelOf(step) });
    for (const member of steps) if (member.parent === step.id) add(member);
  };
  for (const step of steps) if (step.parent === 0 && step.compensates === 0) add(step);
  for (const step of steps) {
    if (step.compensates !== 0) rows.push({ step, depth: 0, label: `undo ${step.path}` });
  }
  return rows;
}

const depthOf = (path: string) => path.split("/").length - 1;

function labelOf({ path, iteration, attempt }: StepExecution): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const pass = iteration > 1 ? ` #${iteration}` : "";
  const tries = attempt > 1 ? ` (attempt ${attempt})` : "";
  return `${"  ".repeat(depthOf(path))}${name}${pass}${tries}`;
}

/** The kind of the step or group at a path; members that only a group's body knows run code. */
function kindOf(definition: AnyDefinition, path: string): string {
  const [first = "", ...rest] = path.replace(/\[\d+\]/g, "").split("/");
  let node: WorkflowNode | undefined = definition.steps[first];
  for (const name of rest) node = node && memberOf(node, name);
  return node?.kind ?? "machine";
}

function memberOf(group: WorkflowNode, name: string): WorkflowNode | undefined {
  if ("branches" in group) return (group.branches as Record<string, WorkflowNode>)[name];
  const { member, members = [], callback } = group as Partial<MapGroup> & Partial<ParallelGroup>;
  const nodes: (WorkflowNode | undefined)[] = [member, ...members, callback];
  return nodes.find((each) => each?.name === name);
}

function timeOf({ startedAt, endedAt, status }: StepExecution): string {
  if (startedAt === undefined || endedAt === undefined) return status;
  return duration(endedAt - startedAt);
}

function bar(step: StepExecution, kind: string, timeline: Timeline, end: number): string {
  const from = Math.round(timeline.at(step.startedAt ?? end));
  const to = Math.round(timeline.at(step.endedAt ?? end));
  const length = to - from;
  const offset = " ".repeat(length === 0 && from > 0 ? from - 1 : from);
  switch (kind) {
    case "machine":
    case "gateway":
      return offset + (length === 0 ? (from > 0 ? "▕" : "▏") : "█".repeat(length));
    case "human":
    case "timer":
    case "signal":
    case "webhook":
    case "subworkflow":
      return offset + (length === 0 ? (from > 0 ? "▕" : "▏") : "░".repeat(length));
    default:
      return offset + (length < 2 ? "╶".repeat(length) : `├${"─".repeat(length - 2)}┤`);
  }
}

function barStyle(kind: string, status: StepStatus): Style {
  if (status === "failed") return "red";
  if (status === "canceled") return "gray";
  if (kind === "machine" || kind === "gateway") return "cyan";
  return kind === "human" ? "yellow" : "gray";
}

// ---------------------------------------------------------------------------------------- the data

function dataLines(
  data: readonly (readonly [string, unknown])[],
  columns: number,
  paint: Paint,
): string[] {
  const width = Math.min(28, Math.max(...data.map(([key]) => key.length)));
  return data.map(([key, value]) => {
    const shown = shorten(JSON.stringify(value), columns - width - 4);
    return `  ${paint("dim", shorten(key, width).padEnd(width))}  ${shown}`;
  });
}

// ---------------------------------------------------------------------------------------- the text

const units: readonly (readonly [name: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

/** `104 ms`, `2.5 s`, `3 d`. */
export function duration(ms: number): string {
  for (const [name, length] of units) {
    if (ms >= length) return `${Math.round((ms / length) * 10) / 10} ${name}`;
  }
  return `${Math.round(ms)} ms`;
}

/** Breaks a text between words. */
function wrap(text: string, width: number): string[] {
  const pattern = new RegExp(`.{1,${width}}(?:\\s|$)|\\S{${width}}`, "g");
  return (text.match(pattern) ?? [shorten(text, width)]).map((line) => line.trimEnd());
}

function shorten(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

function painter(colors: boolean | undefined): Paint {
  if (colors === false) return (_style, text) => text;
  if (colors === true) return (style, text) => styleText(style, text, { validateStream: false });
  return (style, text) => styleText(style, text, { stream: process.stdout });
}
