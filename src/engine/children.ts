import type { SubworkflowStep } from "../definition/wait-steps.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import { ContextView } from "../machine/context-view.ts";
import {
  type Command,
  createInstance,
  type EpochMs,
  type ExecutionRecord,
} from "../machine/index.ts";
import { mapData } from "../machine/waits.ts";
import type { Message } from "../store/store.ts";
import type { Definitions } from "./definitions.ts";
import { validInput } from "./initial-data.ts";
import { InstanceRuntime } from "./instance-runtime.ts";
import type { Letter } from "./letters.ts";
import { recordError } from "./recorded-error.ts";

/** What child instances need of the engine. */
export interface ChildHost {
  readonly isShared: boolean;
  readonly definitions: Definitions;
  now(): EpochMs;
  find(instanceId: string): Promise<InstanceRuntime | undefined>;
  /** The instance, if it is in memory. */
  known(instanceId: string): InstanceRuntime | undefined;
  /** Makes a new instance with its first command, which carries out the message. */
  begin(runtime: InstanceRuntime, message: Message, command: Command): void;
  send(runtime: InstanceRuntime, command: Command, message: Message): void;
  /** There is nothing to do about the message any more. */
  drop(message: Message): void;
  /** The message is left where it is, to be received again. */
  putDown(message: Message): void;
}

type StartLetter = Extract<Letter, { type: "StartChild" }>;
type TellLetter = Extract<Letter, { type: "TellChild" }>;
type EndLetter = Extract<Letter, { type: "ChildEnded" }>;

/** The instances that subworkflow steps run: what they are given, and what becomes of them. */
export class ChildInstances {
  readonly #host: ChildHost;

  constructor(host: ChildHost) {
    this.#host = host;
  }

  /** A subworkflow step has begun to wait. `parent` is a child's parent before it is looked at. */
  async start(parent: InstanceRuntime, letter: StartLetter, message: Message): Promise<void> {
    const execution = parent.state.executions[letter.executionId - 1];
    const isWanted = execution?.status === "waiting" && execution.attempt === letter.attempt;
    if (execution === undefined || !isWanted || parent.isEnded) return this.#host.drop(message);
    try {
      if (letter.isRetry) await this.#retry(parent, execution, letter, message);
      else await this.#startNew(parent, execution, letter, message);
    } catch (error) {
      const { workflow } = parent.state.node(execution).source as SubworkflowStep;
      const outcome = { status: "failed", error: recordError(error, workflow) } as const;
      const command: Command = { type: "ChildEnded", executionId: execution.id, outcome };
      this.#host.send(parent, command, message);
    }
  }

  async #startNew(
    parent: InstanceRuntime,
    execution: ExecutionRecord,
    { input }: StartLetter,
    message: Message,
  ): Promise<void> {
    const step = parent.state.node(execution).source as SubworkflowStep;
    const graph = this.#host.definitions.graphOf(step.workflow, step.version);
    const given = {
      ...inherited(parent),
      id: childId(parent.id, execution.id, execution.attempt),
      now: this.#host.now(),
      parent: { instanceId: parent.id, executionId: execution.id },
    };
    const before = this.#host.known(given.id);
    if (before !== undefined) {
      this.adopt(parent, before);
      // Its start may not have been kept.
      return before.isStored ? this.#host.drop(message) : this.#host.putDown(message);
    }
    // A child before its input was looked at, so that nobody takes the parent for settled.
    const child = new InstanceRuntime(graph, createInstance(graph, given), 0);
    this.adopt(parent, child);
    try {
      const checked = this.#host.definitions.shapes.check(graph);
      if (checked instanceof Promise) await checked;
      const { inputSchema } = graph.definition;
      const initialData =
        inputSchema === undefined ? input : await validInput(graph.definition, input);
      child.state.instance = { ...child.state.instance, initialData };
    } catch (error) {
      parent.children?.delete(child);
      throw error;
    }
    if (parent.children?.has(child)) this.#host.begin(child, message, { type: "Start" });
    else this.#host.drop(message);
  }

  /** The child that failed goes on where it failed: what it had done stays. */
  async #retry(
    parent: InstanceRuntime,
    execution: ExecutionRecord,
    letter: StartLetter,
    message: Message,
  ): Promise<void> {
    const child = await this.#find(parent.id, execution.id, execution.attempt - 1);
    if (child?.state.instance.status !== "failed") {
      return this.#startNew(parent, execution, letter, message);
    }
    this.adopt(parent, child);
    this.#host.send(child, { type: "Retry", actor: { through: "parent" } }, message);
  }

  /** The child of this attempt, or of the latest one before it that had a child of its own. */
  async #find(
    parentId: string,
    executionId: number,
    attempt: number,
  ): Promise<InstanceRuntime | undefined> {
    for (let each = attempt; each > 0; each--) {
      const child = await this.#host.find(childId(parentId, executionId, each));
      if (child !== undefined) return child;
    }
    return undefined;
  }

  adopt(parent: InstanceRuntime, child: InstanceRuntime): void {
    parent.children ??= new Set();
    parent.children.add(child);
    child.parent = parent;
  }

  /** What happens to a subworkflow step happens to its child: it is cancelled, paused, resumed. */
  async tell(parent: InstanceRuntime, letter: TellLetter, message: Message): Promise<void> {
    const { executionId, attempt, command } = letter;
    for (const child of parent.children ?? []) {
      if (child.state.instance.parent?.executionId !== executionId) continue;
      if (command.type === "Cancel") abandon(child);
      // One that has not begun will not begin.
      if (this.#host.known(child.id) !== child) return this.#host.drop(message);
      return this.#host.send(child, command, message);
    }
    const child = await this.#find(parent.id, executionId, attempt);
    const hasBegun = child?.id === childId(parent.id, executionId, attempt);
    const mayBegin = !hasBegun && (child === undefined || child.isEnded);
    if (command.type === "Cancel" && mayBegin && this.#host.isShared) {
      this.#forestall(parent, letter, message);
    } else if (child === undefined) {
      this.#host.drop(message);
    } else {
      this.#host.send(child, command, message);
    }
  }

  /**
   * The child is to be cancelled and has not begun; its start may be on its way. If it is kept as
   * cancelled, it cannot begin any more.
   */
  #forestall(parent: InstanceRuntime, letter: TellLetter, message: Message): void {
    const { executionId, attempt, command } = letter;
    const id = childId(parent.id, executionId, attempt);
    const known = this.#host.known(id);
    if (known !== undefined) return this.#host.send(known, command, message);
    const graph = this.#graphFor(parent, executionId);
    if (graph === undefined) return this.#host.drop(message);
    const given = { parent: { instanceId: parent.id, executionId }, now: this.#host.now() };
    const child = createInstance(graph, { id, ...inherited(parent), ...given });
    this.#host.begin(new InstanceRuntime(graph, child, 0), message, command);
  }

  #graphFor(parent: InstanceRuntime, executionId: number): WorkflowGraph | undefined {
    const { workflow, version } = parent.state.node(parent.state.execution(executionId))
      .source as SubworkflowStep;
    try {
      return this.#host.definitions.graphOf(workflow, version);
    } catch {
      // Nobody could have begun it.
      return undefined;
    }
  }

  /** The parent learns what became of its child. */
  async ended(parent: InstanceRuntime, letter: EndLetter, message: Message): Promise<void> {
    const { executionId, childId: id } = letter;
    const { attempt } = parent.state.execution(executionId);
    // A child of an earlier attempt counts only if an operator's retry let it go on.
    if (id !== childId(parent.id, executionId, attempt)) {
      const latest = await this.#find(parent.id, executionId, attempt);
      if (latest?.id !== id) return this.#host.drop(message);
    }
    const inMemory = [...(parent.children ?? [])].find((each) => each.id === id);
    const child = inMemory?.isEnded ? inMemory : await this.#host.find(id);
    // One that goes on was retried, also meanwhile, and tells of its end again.
    if (!child?.isEnded) return this.#host.drop(message);
    const outcome = this.#outcomeOf(child, parent, executionId);
    this.#host.send(parent, { type: "ChildEnded", executionId, outcome }, message);
  }

  #outcomeOf(child: InstanceRuntime, parent: InstanceRuntime, executionId: number) {
    const { status, error, reason } = child.state.instance;
    if (status === "failed") return { status, error } as const;
    if (status === "canceled") return { status, reason } as const;
    const execution = parent.state.execution(executionId);
    const step = parent.state.node(execution).source as SubworkflowStep;
    try {
      const output = mapData(step.output, new ContextView(child.graph, child.state));
      return { status: "completed", output } as const;
    } catch (thrown) {
      const message = `The output mapping of "${execution.path}" threw: ${String(thrown)}`;
      return {
        status: "failed",
        error: { code: "FUNCTION_FAILED", message, path: execution.path },
      } as const;
    }
  }
}

/** What a child has of its parent. */
function inherited({ state }: InstanceRuntime) {
  const { user, tenant, businessKey, traceparent } = state.instance;
  return { user, tenant, businessKey, traceparent };
}

/** Nobody waits for this child any more. */
export function abandon(child: InstanceRuntime): void {
  child.parent?.children?.delete(child);
  child.parent = undefined;
}

/** The same after a restart, another for each attempt. */
function childId(parentId: string, executionId: number, attempt: number): string {
  return `${parentId}.${executionId}${attempt === 1 ? "" : `-${attempt}`}`;
}
