import { compileDefinition } from "../../src/graph/compile.ts";
import type { WorkflowGraph } from "../../src/graph/workflow-graph.ts";
import {
  type Command,
  createInstance,
  type Decision,
  decide,
  type Effect,
  type ExecutionRecord,
  type InstanceRecord,
  type InstanceState,
  type MachineEvent,
  restore,
  type SignalRecord,
  type TaskRecord,
  type TimerRecord,
  upgrade,
} from "../../src/machine/index.ts";
import { buildDefinition } from "./build-definition.ts";
import type { DefinitionSpec, Json, NodeSpec } from "./definition-spec.ts";
import type { Action, ExecutionName, Snapshot } from "./naive-actions.ts";

const actor = { user: "alice" };

/** What the machine did that it must not do, whatever the model says. */
export class MachineFault extends Error {
  override readonly name = "MachineFault";
}

/** Drives the real machine by the same actions as the model, and keeps its rows as a store would. */
export class MachineDriver {
  readonly #spec: DefinitionSpec;
  #graph: WorkflowGraph;
  #state: InstanceState;
  #instance: InstanceRecord;
  readonly #executions = new Map<number, ExecutionRecord>();
  readonly #tasks = new Map<string, TaskRecord>();
  readonly #timers = new Map<string, TimerRecord>();
  readonly #signals = new Map<string, SignalRecord>();
  /** Executions whose code somebody runs now, with the attempt and phase that were asked for. */
  readonly #running = new Map<number, string>();
  #stale: Command | undefined;

  constructor(spec: DefinitionSpec) {
    this.#spec = spec;
    this.#graph = compileDefinition(buildDefinition(spec));
    this.#state = createInstance(this.#graph, {
      id: "i",
      now: 0,
      initialData: spec.initialData,
    });
    this.#instance = this.#state.instance;
  }

  perform(action: Action, now: number): void {
    const command = this.#commandFor(action);
    const decision = decide(this.#graph, this.#state, command, now);
    if (!decision.ok) {
      const { code, message } = decision.rejection;
      throw new MachineFault(`The machine refused what the model accepts: ${code}: ${message}`);
    }
    if (isReport(command) || command.type === "StepInterrupted") {
      this.#running.delete(command.executionId);
    }
    for (const event of decision.events) this.#keep(event);
    for (const effect of decision.effects) this.#follow(effect);
    this.#checkWhatRuns();
    this.#checkRows();
    if (command.type !== "Start") this.#stale = command;
  }

  /** Says the last command once more: nothing that ended is changed by late messages. */
  repeatLastReport(now: number): void {
    const stale = this.#stale;
    if (!stale || !isReport(stale)) return;
    const before = JSON.stringify(this.snapshot());
    const decision = decide(this.#graph, this.#state, stale, now);
    if (before !== JSON.stringify(this.snapshot()) || hasConsequences(decision)) {
      throw new MachineFault(`A late ${stale.type} changed something.`);
    }
  }

  /** Goes on with what a process would find that loads the instance from its rows. */
  restart(): void {
    const rows = JSON.parse(
      JSON.stringify({
        instance: this.#instance,
        executions: [...this.#executions.values()].sort((a, b) => a.id - b.id),
        tasks: [...this.#tasks.values()],
        timers: [...this.#timers.values()],
        signals: [...this.#signals.values()],
      }),
    );
    this.#state = restore(this.#graph, rows);
    this.#instance = rows.instance;
    for (const execution of rows.executions) this.#executions.set(execution.id, execution);
    for (const task of rows.tasks) this.#tasks.set(task.id, task);
    for (const timer of rows.timers) this.#timers.set(timer.id, timer);
  }

  /**
   * Goes on in another version that does the same: with `extended`, one in which every node and
   * edge has another place.
   */
  upgrade(now: number, extended: boolean): void {
    const { instance, executions } = this.#state;
    const version = `1.0.${Number(instance.version.split(".")[2]) + 1}`;
    const spec = extended ? withStepInFront(this.#spec) : this.#spec;
    const after = compileDefinition(buildDefinition(spec, version));
    const before = JSON.stringify(this.snapshot());
    const command = { type: "Upgrade", version, steps: {}, actor } as const;
    const decision = upgrade(this.#graph, this.#state, after, command, now);
    const isAtRest =
      ["waiting", "paused", "running", "failed"].includes(instance.status) &&
      executions.every(({ status, compensates }) => status !== "running" && compensates === 0);
    if (decision.ok !== isAtRest) {
      const found = decision.ok ? "accepted" : decision.rejection.message;
      throw new MachineFault(`An upgrade was not judged by what runs: ${found}`);
    }
    if (before !== JSON.stringify(this.snapshot())) {
      throw new MachineFault("An upgrade changed the state that it was given.");
    }
    if (!decision.ok) return;
    if (decision.effects.length > 0) throw new MachineFault("An upgrade set something going.");
    this.#graph = after;
    this.#state = decision.state;
    for (const event of decision.events) this.#keep(event);
    this.#checkRows();
  }

  snapshot(): Snapshot {
    const { instance, executions, tasks, timers, data } = this.#state;
    const named = (id: number) => nameOf(this.#executionById(id));
    const results = executions
      .filter(({ status, result }) => status === "succeeded" && (result ?? null) !== null)
      .map((one) => [nameOf(one), codesOnly(one.result)]);
    return {
      status: instance.status,
      error: instance.error?.code,
      executions: executions.map(describe).sort(),
      data: data.toObject() as Json,
      tasks: [...(tasks?.values() ?? [])]
        .filter(({ status }) => status === "open")
        .map(({ executionId }) => named(executionId))
        .sort(),
      timers: [...(timers?.values() ?? [])]
        .map(({ kind, executionId, fireAt }) => `${kind} ${named(executionId)} at ${fireAt}`)
        .sort(),
      results: Object.fromEntries(results),
    };
  }

  #commandFor(action: Action): Command {
    switch (action.do) {
      case "start":
        return { type: "Start" };
      case "succeed": {
        const { result, writes, targets } = action;
        return { type: "StepSucceeded", ...this.#attemptAt(action.at), result, writes, targets };
      }
      case "fail": {
        const error = { code: "STEP_FAILED", message: "It failed." };
        const { retryable, random } = action;
        return { type: "StepFailed", ...this.#attemptAt(action.at), error, retryable, random };
      }
      case "skip":
        return { type: "StepSkipped", ...this.#attemptAt(action.at) };
      case "ready":
        return { type: "StepReady", ...this.#attemptAt(action.at) };
      case "interrupt":
        return { type: "StepInterrupted", executionId: this.#find(action.at).id };
      case "complete task":
        return { type: "TaskCompleted", taskId: this.#taskAt(action.at), data: action.data, actor };
      case "fire":
        return { type: "TimerFired", timerId: this.#timerAt(action.at, action.timer) };
      case "call back": {
        const { payload } = action;
        return { type: "WebhookArrived", executionId: this.#find(action.at).id, payload };
      }
      case "signal":
        return { type: "SignalArrived", name: action.name, data: action.data, id: action.id };
      case "add item":
        return { type: "ItemAdded", path: action.path, item: action.item };
      case "close map":
        return { type: "MapClosed", path: action.path };
      case "cancel step":
        return { type: "CancelStep", path: action.path, actor };
      case "cancel":
        return { type: "Cancel", reason: undefined, actor };
      case "pause":
        return { type: "Pause", actor };
      case "resume":
        return { type: "Resume", actor };
      case "retry":
        return { type: "Retry", from: action.from, actor };
    }
  }

  #find(name: ExecutionName): ExecutionRecord {
    const { executions } = this.#state;
    const found = executions.filter((one) => nameOf(one) === name).at(-1);
    if (!found) throw new MachineFault(`The machine has no execution ${name}.`);
    return found;
  }

  #executionById(id: number): ExecutionRecord {
    const found = this.#state.executions[id - 1];
    if (found?.id !== id) throw new MachineFault(`executions[${id - 1}] has not the id ${id}.`);
    return found;
  }

  #attemptAt(name: ExecutionName) {
    const { id, attempt } = this.#find(name);
    return { executionId: id, attempt };
  }

  #taskAt(name: ExecutionName): string {
    const { id } = this.#find(name);
    const open = [...(this.#state.tasks?.values() ?? [])].find(
      ({ executionId, status }) => executionId === id && status === "open",
    );
    if (!open) throw new MachineFault(`The machine has no open task for ${name}.`);
    return open.id;
  }

  #timerAt(name: ExecutionName, kind: string): string {
    const { id } = this.#find(name);
    const timers = [...(this.#state.timers?.values() ?? [])];
    const found = timers.find((timer) => timer.executionId === id && timer.kind === kind);
    if (!found) throw new MachineFault(`The machine has no ${kind} timer for ${name}.`);
    return found.id;
  }

  #keep(event: MachineEvent): void {
    if ("instance" in event) this.#instance = event.instance;
    else if ("execution" in event) this.#executions.set(event.execution.id, event.execution);
    else if ("task" in event) this.#tasks.set(event.task.id, event.task);
    else if ("signal" in event) this.#signals.set(event.signal.id, event.signal);
    else if (event.type === "TimerSet") this.#timers.set(event.timer.id, event.timer);
    else if (event.type === "TimerCleared") this.#timers.delete(event.timer.id);
  }

  #follow(effect: Effect): void {
    if (effect.type === "RunStep") {
      const { id, attempt } = effect.execution;
      const work = `${effect.phase}, attempt ${attempt}`;
      if (this.#running.has(id)) {
        throw new MachineFault(`RunStep (${work}) for ${id}, whose code runs already.`);
      }
      this.#running.set(id, work);
    }
    if (effect.type === "AbortStep") this.#running.delete(effect.executionId);
  }

  /** Code runs exactly for the executions that say so. */
  #checkWhatRuns(): void {
    const { executions } = this.#state;
    for (const execution of executions) {
      const work = this.#running.get(execution.id);
      const name = nameOf(execution);
      if (execution.status === "running" && !work?.endsWith(`attempt ${execution.attempt}`)) {
        throw new MachineFault(`${name} is running, but its code is not: no RunStep was given.`);
      }
      if (execution.status !== "running" && work) {
        throw new MachineFault(`${name} is ${execution.status}, but its code was not aborted.`);
      }
    }
  }

  /** Every change was told by an event. */
  #checkRows(): void {
    const { instance, executions, tasks, timers } = this.#state;
    const isKnown = (row: unknown, kept: unknown) =>
      row === kept || JSON.stringify(row) === JSON.stringify(kept);
    const isKept =
      isKnown(this.#instance, instance) &&
      executions.every((one) => isKnown(this.#executions.get(one.id), one)) &&
      [...(tasks?.values() ?? [])].every((one) => isKnown(this.#tasks.get(one.id), one)) &&
      [...(timers?.values() ?? [])].every((one) => isKnown(this.#timers.get(one.id), one));
    if (!isKept) throw new MachineFault("The state has records that no event told of.");
  }
}

type Report = Extract<
  Command,
  { readonly type: "StepSucceeded" | "StepFailed" | "StepSkipped" | "StepReady" }
>;

const isReport = (command: Command): command is Report =>
  ["StepSucceeded", "StepFailed", "StepSkipped", "StepReady"].includes(command.type);

const hasConsequences = (decision: Decision): boolean =>
  decision.ok && decision.events.length + decision.effects.length > 0;

const nameOf = ({ compensates, path, iteration }: ExecutionRecord): ExecutionName =>
  `${compensates > 0 ? "undo " : ""}${path}#${iteration}`;

function describe(execution: ExecutionRecord): string {
  const { attempt, status, error } = execution;
  const code = status === "failed" && error ? ` ${error.code}` : "";
  return `${nameOf(execution)} attempt ${attempt} ${status}${code}`;
}

/** Errors by their code: the model knows no messages. */
function codesOnly(value: unknown): Json {
  if (Array.isArray(value)) return value.map(codesOnly);
  if (typeof value !== "object" || value === null) return (value ?? null) as Json;
  if ("code" in value && "message" in value) return String(value.code);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, codesOnly(inner)]));
}

/** With a step that is never reached, by an edge that is never taken, before all others. */
function withStepInFront(spec: DefinitionSpec): DefinitionSpec {
  const leaves = ({ name, kind }: NodeSpec) =>
    kind !== "gateway" && spec.edges.some(({ source, on }) => source === name && on === undefined);
  const source = spec.nodes.find(leaves)?.name;
  if (source === undefined) return spec;
  const added = { kind: "machine", name: "added" } as const;
  const edge = { source, target: "added", when: { key: "never", equals: true } };
  return {
    ...spec,
    nodes: [added, ...spec.nodes],
    edges: [edge, ...spec.edges],
    terminals: [...spec.terminals, { step: "added" }],
  };
}
