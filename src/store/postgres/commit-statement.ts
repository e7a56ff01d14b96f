import type {
  ActRecord,
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TaskRecord,
  TimerRecord,
} from "../../machine/index.ts";
import type { Answer, Change, Commit, Handover, Message } from "../store.ts";
import { audienceOf } from "../task-audience.ts";
import { ArrayWriter } from "./array-writer.ts";
import type { KnownExecutions } from "./known-executions.ts";

/** A prepared statement: connections know it by its name once they have seen it. */
export interface CommitStatement {
  readonly name: string;
  readonly text: string;
  readonly values: readonly Buffer[];
  /** The ids of the instances that it changes, in the order of the places that it answers with. */
  readonly instanceIds: readonly string[];
}

/** A record, and the place of the change that it belongs to: 0 for none, otherwise from 1. */
interface Placed<Row> {
  readonly place: number;
  readonly instanceId: string;
  readonly row: Row;
}

/** The parts that a commit may have, each with a function of its own, in their order. */
const parts = [
  ...(["lateAnswers", "starts", "replacements", "advances"] as const),
  ...(["plainExecutions", "executions", "tasks", "timers", "signals", "acts", "mail"] as const),
] as const;
type Part = (typeof parts)[number];

/**
 * Makes a commit one statement: calls of the functions of `sql/0002.sql` that it has rows for.
 * Which ones these are makes the name of the statement; in practice a handful of combinations.
 */
export class CommitStatements {
  readonly #writer = new ArrayWriter();
  readonly #known: KnownExecutions;
  readonly #texts = new Map<string, string>();

  constructor(known: KnownExecutions) {
    this.#known = known;
  }

  /** Undefined if the commit has nothing in it. */
  write(commit: Commit): CommitStatement | undefined {
    const rows = new CommitRows(commit, this.#known);
    const used = parts.filter((part) => rows.has(part));
    if (used.length === 0) return undefined;
    // There may be something left of a commit that could not be written.
    this.#writer.clear();
    const ends = used.map((part) => {
      rows.write(part, this.#writer);
      return this.#writer.amount;
    });
    // Short: of longer names the server would keep 63 characters.
    const name = `tandem_commit_${used.map((part) => part.slice(0, 2)).join("")}`;
    let text = this.#texts.get(name);
    if (text === undefined) {
      text = textOf(used, ends);
      this.#texts.set(name, text);
    }
    return { name, text, values: this.#writer.take(), instanceIds: rows.instanceIds };
  }
}

/** Functions that give the numbers of the instances that are changed, or nulls. */
const changing: Partial<Record<Part, string>> = {
  starts: "tandem_start_instances",
  replacements: "tandem_replace_instances",
  advances: "tandem_advance_instances",
};
const keeping: Partial<Record<Part, string>> = {
  plainExecutions: "tandem_keep_plain_executions",
  executions: "tandem_keep_executions",
  tasks: "tandem_keep_tasks",
  timers: "tandem_keep_timers",
  signals: "tandem_keep_signals",
  acts: "tandem_keep_acts",
  mail: "tandem_keep_mail",
};

/** @param ends for each part, how many arrays there are up to its last. */
function textOf(used: readonly Part[], ends: readonly number[]): string {
  const kept: string[] = [];
  const rest: string[] = [];
  const amounts: string[] = [];
  let from = "";
  for (const [index, part] of used.entries()) {
    const start = ends[index - 1] ?? 0;
    const amount = (ends[index] ?? start) - start;
    const arrays = Array.from({ length: amount }, (_, place) => `$${start + place + 1}`);
    const [first = "", second = "", ...others] = arrays;
    const name = changing[part];
    if (part === "lateAnswers") {
      const call = `tandem_find_late_answers(${[first, second, ...others].join(", ")})`;
      from = ` FROM (SELECT ${call} AS places OFFSET 0) AS late`;
    } else if (name === undefined) {
      rest.push(`${keeping[part]}(${["c.kept", first, second, ...others].join(", ")})`);
    } else {
      // Refused changes have no version, and so not the one that is kept.
      const before = ["0", ...amounts].join(" + ");
      const versions = from === "" ? second : `tandem_bar(${second}, ${before}, late.places)`;
      kept.push(`${name}(${[first, versions, ...others].join(", ")})`);
      amounts.push(`cardinality(${first}::text[])`);
    }
  }
  const numbers = kept.length === 0 ? "'{}'::bigint[]" : kept.join(" || ");
  const refused = "CASE WHEN array_position(c.kept, NULL) IS NOT NULL THEN c.kept END";
  // OFFSET keeps the planner from calling functions in each place that names their result.
  const given = `SELECT ${numbers} AS kept${from} OFFSET 0`;
  return `SELECT ${[refused, ...rest].join(", ")} FROM (${given}) AS c`;
}

/**
 * The commit as commits that have to be kept one after the other. Mostly it is one; but of changes
 * that answer the same message the first that is not refused counts, so each has to wait for what
 * becomes of the one before.
 */
export function inTurns(commit: Commit): readonly Commit[] {
  const answered = new Set<string>();
  const later = new Set<Change>();
  for (const change of commit.changes) {
    const { answers } = change;
    if (answers.length === 0) continue;
    if (answers.some(({ messageId }) => answered.has(messageId))) later.add(change);
    for (const { messageId } of answers) answered.add(messageId);
  }
  if (later.size === 0) return [commit];
  const changes = commit.changes.filter((change) => !later.has(change));
  const first = { changes, sent: [], answers: [], handedOn: [], dismissed: [] };
  return [first, ...inTurns({ ...commit, changes: [...later] })];
}

/** Executions with the places of their changes. */
class ExecutionRows {
  readonly records: ExecutionRecord[] = [];
  readonly places: number[] = [];
  readonly isNew: boolean[] = [];

  add(record: ExecutionRecord, place: number, isNew: boolean): void {
    this.records.push(record);
    this.places.push(place);
    this.isNew.push(isNew);
  }
}

/** The rows of a commit by the tables that they belong to. */
class CommitRows {
  /** New instances, changes with their instance's record, and others: places count them all. */
  readonly #starts: Change[] = [];
  readonly #replacements: Change[] = [];
  readonly #advances: Change[] = [];
  readonly #plainExecutions = new ExecutionRows();
  readonly #executions = new ExecutionRows();
  readonly #tasks: Placed<TaskRecord>[] = [];
  readonly #timers: Placed<TimerRecord>[] = [];
  readonly #cleared: Placed<string>[] = [];
  readonly #signals: Placed<SignalRecord>[] = [];
  readonly #acts: Placed<ActRecord>[] = [];
  readonly #sent: Placed<Message>[] = [];
  readonly #answers: Placed<Answer>[] = [];
  readonly #handedOn: readonly Handover[];
  readonly #dismissed: readonly string[];

  constructor({ changes, sent, answers, handedOn, dismissed }: Commit, known: KnownExecutions) {
    for (const change of changes) this.#listOf(change).push(change);
    let place = 0;
    for (const list of [this.#starts, this.#replacements, this.#advances]) {
      // In one order in all processes, so that two commits do not wait for each other.
      list.sort(byInstance);
      for (const change of list) this.#add(change, ++place, known.firstNewId(change));
    }
    // Of an answer of a change and another to the same message, that of the change comes first.
    this.#addMail(sent, answers, 0, "");
    this.#answers.sort((a, b) => compareTexts(a.row.messageId, b.row.messageId));
    this.#handedOn = [...handedOn].sort((a, b) => compareTexts(a.messageId, b.messageId));
    this.#dismissed = dismissed.length === 0 ? dismissed : [...dismissed].sort();
  }

  get instanceIds(): readonly string[] {
    const changes = [...this.#starts, ...this.#replacements, ...this.#advances];
    return changes.map(({ instanceId }) => instanceId);
  }

  #listOf({ expectedVersion, instance }: Change): Change[] {
    if (instance === undefined) return this.#advances;
    return expectedVersion === 0 ? this.#starts : this.#replacements;
  }

  #add(change: Change, place: number, firstNewId: number): void {
    const { instanceId, executions, tasks, timers, clearedTimers, signals, acts } = change;
    for (const execution of executions) {
      const rows = isPlain(execution) ? this.#plainExecutions : this.#executions;
      rows.add(execution, place, execution.id >= firstNewId);
    }
    for (const row of tasks) this.#tasks.push({ place, instanceId, row });
    for (const row of timers) this.#timers.push({ place, instanceId, row });
    for (const row of clearedTimers) this.#cleared.push({ place, instanceId, row });
    for (const row of signals) this.#signals.push({ place, instanceId, row });
    for (const row of acts) this.#acts.push({ place, instanceId, row });
    this.#addMail(change.sent, change.answers, place, instanceId);
  }

  #addMail(
    sent: readonly Message[],
    answers: readonly Answer[],
    place: number,
    instanceId: string,
  ): void {
    for (const row of sent) this.#sent.push({ place, instanceId, row });
    for (const row of answers) this.#answers.push({ place, instanceId, row });
  }

  has(part: Part): boolean {
    switch (part) {
      case "lateAnswers":
        return this.#answers.some(({ place }) => place > 0);
      case "starts":
        return this.#starts.length > 0;
      case "replacements":
        return this.#replacements.length > 0;
      case "advances":
        return this.#advances.length > 0;
      case "plainExecutions":
        return this.#plainExecutions.records.length > 0;
      case "executions":
        return this.#executions.records.length > 0;
      case "tasks":
        return this.#tasks.length > 0;
      case "timers":
        return this.#timers.length + this.#cleared.length > 0;
      case "signals":
        return this.#signals.length > 0;
      case "acts":
        return this.#acts.length > 0;
      case "mail":
        return [this.#sent, this.#answers, this.#handedOn, this.#dismissed].some(
          ({ length }) => length > 0,
        );
    }
  }

  write(part: Part, writer: ArrayWriter): void {
    switch (part) {
      case "lateAnswers":
        return writeAnswerers(
          writer,
          this.#answers.filter(({ place }) => place > 0),
        );
      case "starts":
        return writeInstances(writer, this.#starts);
      case "replacements":
        return writeInstances(writer, this.#replacements);
      case "advances":
        return writeAdvances(writer, this.#advances);
      case "plainExecutions":
        return writePlainExecutions(writer, this.#plainExecutions);
      case "executions":
        writePlainExecutions(writer, this.#executions);
        return writeRareColumns(writer, this.#executions.records);
      case "tasks":
        return writeTasks(writer, this.#tasks);
      case "timers":
        return writeTimers(writer, this.#timers, this.#cleared);
      case "signals":
        return writeSignals(writer, this.#signals);
      case "acts":
        return writeActs(writer, this.#acts);
      case "mail":
        writeMessages(writer, this.#sent);
        writeAnswerers(writer, this.#answers);
        writer.text(this.#answers, ({ row }) => row.from);
        writer.json(this.#answers, ({ row }) => JSON.stringify(row.outcome));
        writer.text(this.#handedOn, ({ messageId }) => messageId);
        writer.text(this.#handedOn, ({ by }) => by);
        writer.text(this.#handedOn, ({ to }) => to);
        return writer.text(this.#dismissed, same);
    }
  }
}

// Each of these writes the arrays that a function of `sql/0002.sql` takes, in their order.

function writeAdvances(writer: ArrayWriter, changes: readonly Change[]): void {
  writer.text(changes, (change) => change.instanceId);
  writer.bigint(changes, (change) => change.expectedVersion);
  writer.text(changes, (change) => change.owner);
  writer.bigint(changes, (change) => change.at);
}

function writeInstances(writer: ArrayWriter, changes: readonly Change[]): void {
  writeAdvances(writer, changes);
  const instances = changes.map(({ instance }) => instance as InstanceRecord);
  writer.text(instances, (row) => row.workflow);
  writer.text(instances, (row) => row.version);
  writer.text(instances, (row) => row.status);
  writer.bigint(instances, (row) => row.startedAt);
  writer.bigint(instances, (row) => row.endedAt);
  writer.text(instances, (row) => row.user);
  writer.text(instances, (row) => row.tenant);
  writer.text(instances, (row) => row.idempotencyKey);
  writer.json(instances, (row) => JSON.stringify(row.initialData));
  writer.json(instances, (row) => toJsonText(row.error));
  writer.text(instances, (row) => row.reason);
  writer.text(instances, (row) => row.compensating);
  writer.text(instances, (row) => row.parent?.instanceId);
  writer.integer(instances, (row) => row.parent?.executionId);
  writer.text(instances, (row) => row.businessKey);
  writer.json(instances, (row) => (row.tags.length === 0 ? undefined : names(row.tags)));
  writer.text(instances, (row) => row.traceparent);
}

function writePlainExecutions(
  writer: ArrayWriter,
  { records, places, isNew }: ExecutionRows,
): void {
  writer.integer(places, same);
  writer.boolean(isNew, same);
  writer.integer(records, (row) => row.id);
  writer.integer(records, (row) => row.node);
  writer.text(records, (row) => row.path);
  writer.text(records, (row) => row.status);
  writer.integer(records, (row) => row.attempt);
  writer.bigint(records, (row) => row.lastAttempt);
  writer.integer(records, (row) => row.iteration);
  writer.integer(records, (row) => (row.parent === 0 ? undefined : row.parent));
  writer.integer(records, (row) => row.position);
  writer.json(records, (row) => (row.arrivals.length === 0 ? undefined : list(row.arrivals)));
  writer.json(records, (row) => (row.taken === undefined ? undefined : list(row.taken)));
  writer.bigint(records, (row) => row.startedAt);
  writer.bigint(records, (row) => row.endedAt);
  writer.integer(records, (row) => row.order);
  writer.json(records, (row) => toJsonText(row.result));
  writer.json(records, (row) => toJsonText(row.writes));
}

function writeRareColumns(writer: ArrayWriter, records: readonly ExecutionRecord[]): void {
  writer.json(records, (row) => toJsonText(row.error));
  writer.boolean(records, (row) => row.roundOpen);
  writer.json(records, (row) => toJsonText(row.map));
  writer.text(records, (row) => row.vote);
  writer.json(records, (row) => toJsonText(row.reduced));
  writer.integer(records, (row) => (row.compensates === 0 ? undefined : row.compensates));
}

/** Whether nothing is set of what `writeRareColumns` writes. */
function isPlain({ error, roundOpen, map, vote, reduced, compensates }: ExecutionRecord): boolean {
  return (
    error === undefined &&
    !roundOpen &&
    map === undefined &&
    vote === undefined &&
    reduced === undefined &&
    compensates === 0
  );
}

function writeTasks(writer: ArrayWriter, tasks: readonly Placed<TaskRecord>[]): void {
  writePlaces(writer, tasks);
  writer.text(tasks, ({ row }) => row.id);
  writer.integer(tasks, ({ row }) => row.executionId);
  writer.text(tasks, ({ row }) => row.path);
  writer.text(tasks, ({ row }) => row.status);
  writer.text(tasks, ({ row }) => row.title);
  writer.text(tasks, ({ row }) => row.description);
  writer.json(tasks, ({ row }) => toJsonText(row.shown));
  writer.integer(tasks, ({ row }) => row.priority);
  writer.bigint(tasks, ({ row }) => row.dueAt);
  writer.text(tasks, ({ row }) => row.assignee);
  writer.bigint(tasks, ({ row }) => row.claimedAt);
  writer.text(tasks, ({ row }) => row.owner);
  writer.json(tasks, ({ row }) => toJsonText(row.proposal));
  writer.json(tasks, ({ row }) => names(row.candidateUsers));
  writer.json(tasks, ({ row }) => names(row.candidateGroups));
  writer.json(tasks, ({ row }) => names(row.excludeUsers));
  writer.integer(tasks, ({ row }) => row.reminded);
  writer.integer(tasks, ({ row }) => row.escalated);
  writer.bigint(tasks, ({ row }) => row.createdAt);
  writer.bigint(tasks, ({ row }) => row.endedAt);
  writer.text(tasks, ({ row }) => row.endedBy);
  writer.text(tasks, ({ row }) => row.reason);
  const audience = tasks.flatMap(({ row }, index) =>
    row.status === "open" ? audienceOf(row).map((name) => ({ name, task: index + 1 })) : [],
  );
  writer.integer(audience, ({ task }) => task);
  writer.text(audience, ({ name }) => name);
}

function writeTimers(
  writer: ArrayWriter,
  timers: readonly Placed<TimerRecord>[],
  cleared: readonly Placed<string>[],
): void {
  writePlaces(writer, cleared);
  writer.text(cleared, ({ row }) => row);
  writePlaces(writer, timers);
  writer.text(timers, ({ row }) => row.id);
  writer.text(timers, ({ row }) => row.kind);
  writer.integer(timers, ({ row }) => row.executionId);
  writer.bigint(timers, ({ row }) => row.fireAt);
}

function writeSignals(writer: ArrayWriter, signals: readonly Placed<SignalRecord>[]): void {
  writePlaces(writer, signals);
  writer.text(signals, ({ row }) => row.id);
  writer.text(signals, ({ row }) => row.name);
  writer.json(signals, ({ row }) => JSON.stringify(row.data));
  writer.integer(signals, ({ row }) => (row.usedBy === 0 ? undefined : row.usedBy));
}

function writeActs(writer: ArrayWriter, acts: readonly Placed<ActRecord>[]): void {
  writePlaces(writer, acts);
  writer.text(acts, ({ row }) => row.type);
  writer.bigint(acts, ({ row }) => row.at);
  writer.text(acts, ({ row }) => row.user);
  writer.text(acts, ({ row }) => row.onBehalfOf);
  writer.text(acts, ({ row }) => row.through);
  writer.text(acts, ({ row }) => row.path);
  writer.text(acts, ({ row }) => row.taskId);
  writer.json(acts, ({ row }) => toJsonText(row.details));
}

function writeMessages(writer: ArrayWriter, messages: readonly Placed<Message>[]): void {
  writer.integer(messages, ({ place }) => place);
  writer.text(messages, ({ row }) => row.id);
  writer.text(messages, ({ row }) => row.instanceId);
  writer.text(messages, ({ row }) => row.to);
  writer.text(messages, ({ row }) => row.from);
  writer.bigint(messages, ({ row }) => row.at);
  writer.json(messages, ({ row }) => JSON.stringify(row.command));
}

function writeAnswerers(writer: ArrayWriter, answers: readonly Placed<Answer>[]): void {
  writer.integer(answers, ({ place }) => place);
  writer.text(answers, ({ row }) => row.messageId);
  writer.text(answers, ({ row }) => row.by);
}

function writePlaces(writer: ArrayWriter, rows: readonly Placed<unknown>[]): void {
  writer.integer(rows, ({ place }) => place);
  writer.text(rows, ({ instanceId }) => instanceId);
}

function toJsonText(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/** Searching the names reads them as text, which has no lone surrogates. */
function names(list: readonly string[] | undefined): string | undefined {
  return list === undefined ? undefined : JSON.stringify(list.map((name) => name.toWellFormed()));
}

function list(numbers: readonly number[]): string {
  return numbers.length === 1 ? `[${numbers[0]}]` : JSON.stringify(numbers);
}

function same<Value>(value: Value): Value {
  return value;
}

function byInstance(a: Change, b: Change): number {
  return compareTexts(a.instanceId, b.instanceId);
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
