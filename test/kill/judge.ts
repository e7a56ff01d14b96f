/**
 * Says what went wrong, from the ledger and the rows alone. It knows the workflows and nothing of the
 * engine, and shares no code with it.
 */
import type { Database, ExecutionRow, InstanceRow } from "./database.ts";
import { expectationOf } from "./expectations.ts";
import type { LedgerLine } from "./ledger.ts";

export interface Evidence {
  readonly seed: number;
  readonly lines: readonly LedgerLine[];
  readonly database: Database;
  /**
   * Whether a process may be taken for gone while it lives, so that it still runs code of before: of
   * an attempt that does not count any more.
   */
  readonly mayOverlap: boolean;
  /** Whether the processes' clocks differ. */
  readonly clocksDiffer?: boolean;
}

export interface Judgement {
  readonly instances: number;
  readonly executions: number;
  readonly runs: number;
  /** Starts, decisions, calls, signals and cancellations that somebody was told of. */
  readonly acknowledged: number;
  /** Runs of attempts that did not count any more. */
  readonly overtaken: number;
  /** Each with everything that is known of its instance. */
  readonly violations: readonly string[];
}

export function judge(evidence: Evidence): Judgement {
  const { database, lines } = evidence;
  const judging = new Judging(evidence);
  const of = Map.groupBy(lines, ({ words }) => words[0] ?? "-");
  for (const [id, told] of of) {
    if (id !== "-" && !database.instances.has(id)) judging.missing(id, told);
  }
  for (const instance of database.instances.values()) {
    judging.instance(instance, of.get(instance.id) ?? []);
  }
  judging.keys();
  if (database.messages > 0) judging.say(undefined, `${database.messages} messages are left`);
  const all = [...database.instances.values()];
  return {
    instances: all.length,
    executions: all.reduce((sum, { executions }) => sum + executions.length, 0),
    runs: lines.filter(({ what }) => what === "run").length,
    acknowledged: lines.filter(({ what }) => acknowledgements.has(what)).length,
    overtaken: judging.overtaken,
    violations: judging.violations,
  };
}

const acknowledgements = new Set(["started", "completed", "called", "signalled", "cancelled"]);
const ended = new Set(["succeeded", "failed", "canceled", "skipped"]);

class Judging {
  readonly violations: string[] = [];
  overtaken = 0;
  readonly #evidence: Evidence;
  readonly #of: ReadonlyMap<string, readonly LedgerLine[]>;

  constructor(evidence: Evidence) {
    this.#evidence = evidence;
    this.#of = Map.groupBy(evidence.lines, ({ words }) => words[0] ?? "-");
  }

  say(instance: InstanceRow | undefined, what: string, lines: readonly LedgerLine[] = []): void {
    const { seed } = this.#evidence;
    const told = instance === undefined ? lines : (this.#of.get(instance.id) ?? []);
    this.violations.push(
      [
        `Seed ${seed}, ${instance?.id ?? "no instance"}: ${what}`,
        ...told.map(({ text }) => `  ${text}`),
        ...(instance === undefined ? [] : rowsOf(instance)),
      ].join("\n"),
    );
  }

  missing(id: string, told: readonly LedgerLine[]): void {
    // What only was asked for need not be there.
    const known = told.find(({ what }) => !what.endsWith("ing"));
    if (known !== undefined) this.say(undefined, `"${id}" is not kept: ${known.text}`, told);
  }

  /** Whoever starts with the same key gets the same instance. */
  keys(): void {
    const ids = new Map<string, string>();
    for (const { what, words, text } of this.#evidence.lines) {
      if (what !== "started") continue;
      const [id = "", reference = ""] = words;
      const before = ids.get(reference) ?? id;
      ids.set(reference, before);
      if (before !== id) this.say(undefined, `"${reference}" was started twice: ${text}`);
      const { key } = this.#evidence.database.instances.get(id) ?? {};
      const isKept = id === reference || key === reference;
      if (!isKept) this.say(undefined, `"${reference}" is not the key of ${text}`);
    }
  }

  instance(instance: InstanceRow, told: readonly LedgerLine[]): void {
    const problems: string[] = [];
    const found = (problem: string) => void problems.push(problem);
    this.#runs(instance, told, found);
    checkEnd(instance, told, found);
    checkTasks(instance, told, found);
    checkCalls(instance, told, found);
    checkSignals(instance, told, found);
    if (this.#evidence.clocksDiffer !== true) checkTimes(instance, found);
    for (const problem of expectationOf(instance)) found(problem);
    if (problems.length > 0) this.say(instance, problems.join("; "));
  }

  /** What ran, and when it was recorded. */
  #runs(
    instance: InstanceRow,
    told: readonly LedgerLine[],
    found: (problem: string) => void,
  ): void {
    const ran = new Set<string>();
    const recorded = new Map<string, number>();
    const rows = new Map<string, ExecutionRow>();
    for (const row of instance.executions) {
      const execution = `${row.path} ${row.iteration}`;
      if (rows.has(execution)) found(`${execution} stands there twice`);
      rows.set(execution, row);
    }
    for (const { what, words, text } of told) {
      const [, path, iteration, count] = words;
      const execution = `${path} ${iteration}`;
      const attempt = Number(count);
      const row = rows.get(execution);
      if (what === "recorded") {
        if (recorded.has(execution)) found(`recorded twice: ${text}`);
        recorded.set(execution, attempt);
        if (row?.status !== "succeeded") found(`not kept: ${text}`);
        else if (row.attempt !== attempt) found(`another attempt is kept: ${text}`);
      } else if (what === "run") {
        if (ran.has(`${execution} ${attempt}`)) found(`the same attempt ran twice: ${text}`);
        ran.add(`${execution} ${attempt}`);
        if (row === undefined) found(`not known: ${text}`);
        else if (row.status === "succeeded" && row.attempt < attempt) found(`ran again: ${text}`);
        const last = recorded.get(execution);
        if (last === undefined) continue;
        if (this.#evidence.mayOverlap && attempt < last) this.overtaken++;
        else found(`ran after it was recorded: ${text}`);
      }
    }
    for (const { path, iteration, status, attempt, result } of instance.executions) {
      const isCode = isObject(result) && "path" in result;
      if (status !== "succeeded" || !isCode) continue;
      const key = `${path} ${iteration}`;
      if (!ran.has(`${key} ${attempt}`)) found(`${key} is kept and did not run`);
      if (result.attempt !== attempt) found(`the result of ${key} is of another attempt`);
    }
  }
}

type Found = (problem: string) => void;

function checkEnd(instance: InstanceRow, told: readonly LedgerLine[], found: Found): void {
  const { status, executions, tasks, timers, owner } = instance;
  if (!["completed", "failed", "canceled"].includes(status)) found(`it has not ended: ${status}`);
  for (const each of executions) {
    if (!ended.has(each.status)) found(`${each.path} has not ended: ${each.status}`);
  }
  for (const task of tasks) if (task.status === "open") found(`task ${task.id} is open`);
  if (timers > 0) found(`${timers} timers are set`);
  if (owner !== undefined) found(`it has ended and is owned by ${owner}`);
  const isCancelled = told.some(({ what }) => what === "cancelled");
  if (isCancelled && status !== "canceled") found("its cancellation was acknowledged");
}

/** A task is completed by one person, and only this one was told so. */
function checkTasks({ tasks, executions }: InstanceRow, told: readonly LedgerLine[], found: Found) {
  const asked = new Set<string>();
  const acknowledged = new Map<string, string>();
  for (const { what, words, text } of told) {
    const [, task = "", by = ""] = words;
    if (what === "completing") asked.add(`${task} ${by}`);
    if (what !== "completed") continue;
    if (acknowledged.has(task)) found(`acknowledged twice: ${text}`);
    acknowledged.set(task, by);
    if (tasks.every(({ id }) => id !== task)) found(`not kept: ${text}`);
  }
  for (const { id, status, execution, endedBy, path } of tasks) {
    const by = acknowledged.get(id);
    if (by !== undefined && (status !== "completed" || endedBy !== by)) {
      found(`${by} completed task ${id}; it is ${status} by ${endedBy}`);
    }
    if (status !== "completed") continue;
    if (!asked.has(`${id} ${endedBy}`)) found(`nobody completed task ${id} as ${endedBy}`);
    const row = executions.find(({ number }) => number === execution);
    const data = row?.result as { by?: string } | undefined;
    const isKept = row?.path === path && row.status === "succeeded" && data?.by === endedBy;
    if (!isKept) found(`task ${id} and the result of ${path} differ`);
  }
}

/** A token works once. */
function checkCalls({ executions }: InstanceRow, told: readonly LedgerLine[], found: Found): void {
  const asked = new Set<string>();
  const tokens = new Map<string, string>();
  let acknowledged: string | undefined;
  for (const { what, words, text } of told) {
    const [, path = "", by = "", token = ""] = words;
    if (what === "calling") asked.add(by);
    if (what === "token") {
      const before = tokens.get(`${path} ${by}`) ?? token;
      if (before !== token) found(`another token for the same execution: ${text}`);
      tokens.set(`${path} ${by}`, before);
    }
    if (what !== "called") continue;
    if (acknowledged !== undefined) found(`acknowledged twice: ${text}`);
    acknowledged = by;
  }
  const rows = executions.filter(({ path }) => path === "ask");
  const kept = rows.map(({ result }) => (result as { by?: string } | undefined)?.by);
  if (acknowledged !== undefined && kept.join() !== acknowledged) {
    found(`${acknowledged} called back; kept is what ${kept.join() || "nobody"} said`);
  }
  for (const by of kept) if (by !== undefined && !asked.has(by)) found(`${by} did not call back`);
}

/** What was acknowledged is kept once, what was not at most once, and each is used once. */
function checkSignals(instance: InstanceRow, told: readonly LedgerLine[], found: Found): void {
  const kept = Map.groupBy(instance.signals, ({ by }) => by);
  const asked = new Set<string>();
  for (const { what, words, text } of told) {
    const [, , by = ""] = words;
    if (what === "signalling") asked.add(by);
    if (what === "signalled" && !kept.has(by)) found(`not kept: ${text}`);
  }
  for (const [by, rows] of kept) {
    if (rows.length > 1) found(`signal ${by} is kept ${rows.length} times`);
    if (!asked.has(by)) found(`nobody sent signal ${by}`);
  }
  const used = instance.signals.flatMap(({ usedBy }) => usedBy ?? []);
  if (new Set(used).size < used.length) found("two signals were used by one execution");
}

const timers: Readonly<Record<string, (n: number) => number>> = {
  pause: (n) => 20 + (n % 60),
  breath: () => 10,
  "race/limit": (n) => 20 + ((7 * n) % 200),
};

/** No timer passes early. */
function checkTimes({ executions, n }: InstanceRow, found: Found): void {
  for (const { path, status, startedAt, endedAt } of executions) {
    const durationMs = timers[path]?.(n);
    if (durationMs === undefined || status !== "succeeded") continue;
    const tookMs = (endedAt ?? 0) - (startedAt ?? 0);
    if (tookMs < durationMs) found(`${path} took ${tookMs} ms instead of ${durationMs}`);
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function rowsOf({ executions, tasks, signals, ...instance }: InstanceRow): string[] {
  return [instance, ...executions, ...tasks, ...signals].map((row) => `  ${JSON.stringify(row)}`);
}
