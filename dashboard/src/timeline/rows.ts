import type { StepExecution } from "tandem-workflows/client";

/** One bar: an execution, at its depth among the groups, with what is folded into it. */
export interface TimelineRow {
  readonly step: StepExecution;
  readonly depth: number;
  readonly start: number;
  /** Undefined while it goes on. */
  readonly end: number | undefined;
  readonly memberCount: number;
  readonly isOpen: boolean;
}

/** A group of more members is closed until somebody opens it. */
const mostOpen = 20;

/** Executions in the order in which they started, members below their group. */
export function timelineRows(
  steps: readonly StepExecution[],
  toggled: ReadonlySet<number>,
): TimelineRow[] {
  const members = new Map<number, StepExecution[]>();
  for (const step of steps) {
    const list = members.get(step.parent);
    if (list === undefined) members.set(step.parent, [step]);
    else list.push(step);
  }
  const rows: TimelineRow[] = [];
  const add = (step: StepExecution, depth: number) => {
    const inside = members.get(step.id) ?? [];
    const isOpen = inside.length > 0 && inside.length <= mostOpen !== toggled.has(step.id);
    const start = startOf(step, inside);
    if (start === undefined) return;
    const end = step.endedAt === undefined ? undefined : Date.parse(step.endedAt);
    rows.push({ step, depth, start, end, memberCount: inside.length, isOpen });
    if (isOpen) for (const member of inside) add(member, depth + 1);
  };
  for (const step of members.get(0) ?? []) add(step, 0);
  return rows;
}

/** A group has waited since its first member began. */
function startOf(step: StepExecution, inside: readonly StepExecution[]): number | undefined {
  const moments = [step, ...inside]
    .map(({ startedAt, endedAt }) => startedAt ?? endedAt)
    .filter((at) => at !== undefined)
    .map((at) => Date.parse(at));
  return moments.length === 0 ? undefined : moments.reduce((a, b) => Math.min(a, b));
}

/** Round steps of time, so that between five and twelve of them fill the axis. */
export function ticksOf(from: number, to: number): number[] {
  const span = Math.max(1, to - from);
  const step = roundSteps.find((size) => span / size <= 8) ?? span / 8;
  const ticks: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) ticks.push(at);
  return ticks;
}

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const roundSteps = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12].map((count) => count * hour),
  ...[1, 2, 7, 14, 30, 90, 365].map((count) => count * day),
];
