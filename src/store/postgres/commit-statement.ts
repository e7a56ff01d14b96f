import type {
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TaskRecord,
  TimerRecord,
} from "../../machine/index.ts";
import type { Answer, Change, Commit, Message } from "../store.ts";
import { audienceOf } from "../task-audience.ts";
import type { ArrayWriter } from "./array-writer.ts";

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

/** The parts that a commit may have, and how many arrays the function of each takes. */
const parts = {
  starts: 18,
  replacements: 18,
  advances: 4,
  executions: 23,
  tasks: 18,
  timers: 9,
  signals: 6,
  mail: 13,
} as const;

type Part = keyof typeof parts;
const partNames = Object.keys(parts) as Part[];

/**
 * Makes a commit one statement: calls of the functions of `sql/0002.sql` that it has rows for.
 * Which ones these are makes the name of the statement; in practice a handful of combinations.
 */
export class CommitStatements {
  readonly #writer: ArrayWriter;
  readonly #texts = new Map<string, string>();

  constructor(writer: ArrayWriter) {
    this.#writer = writer;
  }

  /** Undefined if the commit has nothing in it. */
  write(commit: Commit): CommitStatement | undefined {
    const rows = new CommitRows(commit);
    const used = partNames.filter((part) => rows.has(part));
    if (used.length === 0) return undefined;
    for (const part of used) rows.write(part, this.#writer);
    // Short: of longer names the server would keep 63 characters.
    const name = `tandem_commit_${used.map((part) => part.slice(0, 2)).join("")}`;
    let text = this.#texts.get(name);
    if (text === undefined) {
      text = textOf(used);
      this.#texts.set(name, text);
    }
    return { name, text, values: this.#writer.take(), instanceIds: rows.instanceIds };
  }
}

/** Functions of parts that give the numbers of the instances that are changed, or nulls. */
const changing: Partial<Record<Part, string>> = {
  starts: "tandem_start_instances",
  replacements: "tandem_replace_instances",
  advances: "tandem_advance_instances",
};

function textOf(used: readonly Part[]): string {
  let parameters = 0;
  const call = (name: string, part: Part, first: readonly string[]) => {
    const arrays = Array.from({ length: parts[part] }, () => `$${++parameters}`);
    return `${name}(${[...first, ...arrays].join(", ")})`;
  };
  const kept: string[] = [];
  const rest: string[] = [];
  for (const part of used) {
    const name = changing[part];
    if (name === undefined) rest.push(call(`tandem_keep_${part}`, part, ["c.kept"]));
    else kept.push(call(name, part, []));
  }
  const numbers = kept.length === 0 ? "'{}'::bigint[]" : kept.join(" || ");
  const refused = "CASE WHEN array_position(c.kept, NULL) IS NOT NULL THEN c.kept END";
  // OFFSET keeps the planner from calling the functions in each place that names their result.
  return `SELECT ${[refused, ...rest].join(", ")} FROM (SELECT ${numbers} AS kept OFFSET 0) AS c`;
}

/** The rows of a commit by the tables that they belong to. */
class CommitRows {
  /** New instances, changes with the record of their instance, and others: places count them all. */
  readonly #starts: Change[] = [];
  readonly #replacements: Change[] = [];
  readonly #advances: Change[] = [];
  readonly #executions: ExecutionRecord[] = [];
  readonly #executionPlaces: number[] = [];
  readonly #tasks: Placed<TaskRecord>[] = [];
  readonly #timers: Placed<TimerRecord>[] = [];
  readonly #cleared: Placed<string>[] = [];
  readonly #signals: Placed<SignalRecord>[] = [];
  readonly #sent: Placed<Message>[] = [];
  readonly #answers: Placed<Answer>[] = [];
  readonly #dismissed: readonly string[];

  constructor({ changes, sent, answers, dismissed }: Commit) {
    for (const change of changes) this.#listOf(change).push(change);
    let place = 0;
    for (const list of [this.#starts, this.#replacements, this.#advances]) {
      // In one order in all processes, so that two commits do not wait for each other.
      list.sort(byInstance);
      for (const change of list) this.#add(change, ++place);
    }
    this.#addMail(sent, answers, 0, "");
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

  #add(change: Change, place: number): void {
    const { instanceId, executions, tasks, timers, clearedTimers, signals } = change;
    for (const execution of executions) {
      this.#executions.push(execution);
      this.#executionPlaces.push(place);
    }
    for (const row of tasks) this.#tasks.push({ place, instanceId, row });
    for (const row of timers) this.#timers.push({ place, instanceId, row });
    for (const row of clearedTimers) this.#cleared.push({ place, instanceId, row });
    for (const row of signals) this.#signals.push({ place, instanceId, row });
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
      case "starts":
        return this.#starts.length > 0;
      case "replacements":
        return this.#replacements.length > 0;
      case "advances":
        return this.#advances.length > 0;
      case "executions":
        return this.#executions.length > 0;
      case "tasks":
        return this.#tasks.length > 0;
      case "timers":
        return this.#timers.length + this.#cleared.length > 0;
      case "signals":
        return this.#signals.length > 0;
      case "mail":
        return this.#sent.length + this.#answers.length + this.#dismissed.length > 0;
    }
  }

  write(part: Part, writer: ArrayWriter): void {
    switch (part) {
      case "starts":
        return writeInstances(writer, this.#starts);
      case "replacements":
        return writeInstances(writer, this.#replacements);
      case "advances":
        return writeAdvances(writer, this.#advances);
      case "executions":
        writer.integer(this.#executionPlaces, same);
        return writeExecutions(writer, this.#executions);
      case "tasks":
        return writeTasks(writer, this.#tasks);
      case "timers":
        return writeTimers(writer, this.#timers, this.#cleared);
      case "signals":
        return writeSignals(writer, this.#signals);
      case "mail":
        writeMessages(writer, this.#sent);
        writeAnswers(writer, this.#answers);
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
}

function writeExecutions(writer: ArrayWriter, executions: readonly ExecutionRecord[]): void {
  writer.integer(executions, (row) => row.id);
  writer.integer(executions, (row) => row.node);
  writer.text(executions, (row) => row.path);
  writer.text(executions, (row) => row.status);
  writer.integer(executions, (row) => row.attempt);
  writer.bigint(executions, (row) => row.lastAttempt);
  writer.integer(executions, (row) => row.iteration);
  writer.integer(executions, (row) => (row.parent === 0 ? undefined : row.parent));
  writer.integer(executions, (row) => row.position);
  writer.json(executions, (row) => (row.arrivals.length === 0 ? undefined : list(row.arrivals)));
  writer.json(executions, (row) => (row.taken === undefined ? undefined : list(row.taken)));
  writer.bigint(executions, (row) => row.startedAt);
  writer.bigint(executions, (row) => row.endedAt);
  writer.integer(executions, (row) => row.order);
  writer.json(executions, (row) => toJsonText(row.result));
  writer.json(executions, (row) => toJsonText(row.writes));
  writer.json(executions, (row) => toJsonText(row.error));
  writer.boolean(executions, (row) => row.roundOpen);
  writer.json(executions, (row) => toJsonText(row.map));
  writer.text(executions, (row) => row.vote);
  writer.json(executions, (row) => toJsonText(row.reduced));
  writer.integer(executions, (row) => (row.compensates === 0 ? undefined : row.compensates));
}

function writeTasks(writer: ArrayWriter, tasks: readonly Placed<TaskRecord>[]): void {
  writePlaces(writer, tasks);
  writer.text(tasks, ({ row }) => row.id);
  writer.integer(tasks, ({ row }) => row.executionId);
  writer.text(tasks, ({ row }) => row.path);
  writer.text(tasks, ({ row }) => row.status);
  writer.text(tasks, ({ row }) => row.title);
  writer.text(tasks, ({ row }) => row.description);
  writer.text(tasks, ({ row }) => row.assignee);
  writer.json(tasks, ({ row }) => names(row.candidateUsers));
  writer.json(tasks, ({ row }) => names(row.candidateGroups));
  writer.json(tasks, ({ row }) => names(row.excludeUsers));
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

function writeMessages(writer: ArrayWriter, sent: readonly Placed<Message>[]): void {
  const messages = sent
    .map(({ place, row }, turn) => ({ place, turn, row }))
    .sort((a, b) => compareTexts(a.row.id, b.row.id));
  writer.integer(messages, ({ place }) => place);
  writer.text(messages, ({ row }) => row.id);
  writer.integer(messages, ({ turn }) => turn);
  writer.text(messages, ({ row }) => row.instanceId);
  writer.text(messages, ({ row }) => row.to);
  writer.text(messages, ({ row }) => row.from);
  writer.bigint(messages, ({ row }) => row.at);
  writer.json(messages, ({ row }) => JSON.stringify(row.command));
}

function writeAnswers(writer: ArrayWriter, given: readonly Placed<Answer>[]): void {
  const answers = [...given].sort((a, b) => compareTexts(a.row.messageId, b.row.messageId));
  writer.integer(answers, ({ place }) => place);
  writer.text(answers, ({ row }) => row.messageId);
  writer.text(answers, ({ row }) => row.from);
  writer.json(answers, ({ row }) => JSON.stringify(row.outcome));
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
