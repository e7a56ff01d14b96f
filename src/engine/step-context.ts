import type { AnyData, ExecutionSummary, Logger, WorkflowContext } from "../definition/context.ts";
import { ContextClosedError, InvalidArgumentError } from "../errors.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import { toJson } from "../json.ts";
import type { ScopeLog } from "../machine/context-data.ts";
import { ContextView } from "../machine/context-view.ts";
import { resultsOf } from "../machine/groups.ts";
import type { ExecutionRecord, InstanceState, Writes } from "../machine/index.ts";

type Write = [key: string, value: unknown];

/** Up to this many keys are looked through; more are looked up. */
const fewKeys = 8;

/** What the code of a step works with during one attempt. */
export class StepContext extends ContextView implements WorkflowContext<AnyData> {
  readonly execution: ExecutionRecord;
  readonly logger: Logger;
  readonly reader: number;
  /** Its neighbours among the attempts that run (`RunningAttempts`). */
  before: StepContext | undefined = undefined;
  after: StepContext | undefined = undefined;
  #writes: Write[] | undefined;
  #byKey: Map<string, Write> | undefined;
  #abort: AbortController | undefined;
  #abortReason: unknown;
  #isAborted = false;
  #log: ScopeLog | undefined;
  #isClosed = false;

  constructor(
    graph: WorkflowGraph,
    state: InstanceState,
    execution: ExecutionRecord,
    logger: Logger,
  ) {
    const reader = state.data.openReader();
    const undone = execution.compensates;
    super(graph, state, undone === 0 ? execution : state.execution(undone), reader);
    this.execution = execution;
    this.logger = logger;
    this.reader = reader;
  }

  get stepName(): string {
    return this.execution.path;
  }

  get attempt(): number {
    return this.execution.attempt;
  }

  get iteration(): number {
    return this.execution.iteration;
  }

  get idempotencyKey(): string {
    return `${this.instanceId}:${this.execution.id}`;
  }

  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#isAborted) this.#abort.abort(this.#abortReason);
    }
    return this.#abort.signal;
  }

  get results(): readonly unknown[] {
    const { parent, position } = this.execution;
    if (parent === 0 || position >= 0) return [];
    return resultsOf(this.state, this.state.execution(parent));
  }

  get history(): readonly ExecutionSummary[] {
    return this.state.executions.map(summarize);
  }

  override set(key: string, value: unknown): void {
    if (this.#isClosed) {
      throw new ContextClosedError(
        `context.set("${key}") in "${this.stepName}" came after the attempt had ended; ` +
          "nothing more can be written. Await everything that the step starts.",
      );
    }
    if (typeof key !== "string" || key === "") {
      throw new InvalidArgumentError(
        `context.set in "${this.stepName}" needs a non-empty string as key; found ${String(key)}.`,
      );
    }
    const json = toJson(value, `context.set("${key}") in "${this.stepName}"`);
    this.write(key, json);
  }

  protected write(key: string, value: unknown): void {
    if (this.#log !== undefined) {
      this.#log.add(key, value);
      return;
    }
    const known = this.#find(key);
    if (known !== undefined) {
      known[1] = value;
      return;
    }
    const write: Write = [key, value];
    if (this.#writes === undefined) {
      this.#writes = [write];
      return;
    }
    this.#writes.push(write);
    if (this.#writes.length > fewKeys) {
      this.#byKey ??= new Map(this.#writes.map((each) => [each[0], each]));
      this.#byKey.set(key, write);
    }
  }

  #find(key: string): Write | undefined {
    if (this.#writes === undefined) return undefined;
    if (this.#byKey !== undefined) return this.#byKey.get(key);
    for (const write of this.#writes) if (write[0] === key) return write;
    return undefined;
  }

  protected override valueOf(key: string): unknown {
    if (this.#log !== undefined) {
      return this.valueIn(key, [{ log: this.#log, length: this.#log.length }, ...this.scopes]);
    }
    const own = this.#find(key);
    return own === undefined ? super.valueOf(key) : own[1];
  }

  /** In the body of a user's own group: its writes and its members' stand in one log. */
  useLog(log: ScopeLog): void {
    this.#log = log;
  }

  writes(): Writes | undefined {
    return this.#log === undefined ? this.#writes : this.#log.entries();
  }

  /** The attempt is over: what its code still does has no effect. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.state.data.closeReader(this.reader);
  }

  abort(reason: unknown): void {
    this.close();
    this.#isAborted = true;
    this.#abortReason = reason;
    this.#abort?.abort(reason);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }
}

export function summarize(execution: ExecutionRecord): ExecutionSummary {
  const { path, status, attempt, iteration, startedAt, endedAt } = execution;
  return { path, status, attempt, iteration, startedAt, endedAt };
}
