import type { SubworkflowStep } from "../definition/wait-steps.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import { ContextView } from "../machine/context-view.ts";
import { type Command, createInstance, type ExecutionRecord } from "../machine/index.ts";
import { mapData } from "../machine/waits.ts";
import type { Clock } from "./clock.ts";
import { validInput } from "./initial-data.ts";
import { InstanceRuntime } from "./instance-runtime.ts";
import { recordError } from "./recorded-error.ts";

/** What child instances need of the driver. */
export interface ChildHost {
  readonly clock: Clock;
  readonly graphOf: (workflow: string, version: string | undefined) => WorkflowGraph;
  find(instanceId: string): Promise<InstanceRuntime | undefined>;
  known(instanceId: string): InstanceRuntime | undefined;
  begin(runtime: InstanceRuntime): void;
  /** Holds an instance in memory that had ended. */
  keep(runtime: InstanceRuntime): void;
  send(runtime: InstanceRuntime, command: Command, done?: () => void): void;
}

/** The instances that subworkflow steps run: what they are given, and what becomes of them. */
export class ChildInstances {
  readonly #host: ChildHost;

  constructor(host: ChildHost) {
    this.#host = host;
  }

  /** A subworkflow step has started; `again` when an operator retries what failed. */
  start(
    parent: InstanceRuntime,
    execution: ExecutionRecord,
    input: Readonly<Record<string, unknown>>,
    again: boolean,
  ): void {
    const start = again
      ? this.#retry(parent, execution, input)
      : this.#startNew(parent, execution, input);
    start.catch((error) => {
      const { workflow } = parent.state.node(execution).source as SubworkflowStep;
      const outcome = { status: "failed", error: recordError(error, workflow) } as const;
      this.#host.send(parent, { type: "ChildEnded", executionId: execution.id, outcome });
    });
  }

  async #startNew(
    parent: InstanceRuntime,
    execution: ExecutionRecord,
    input: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const step = parent.state.node(execution).source as SubworkflowStep;
    const { user, tenant } = parent.state.instance;
    const graph = this.#host.graphOf(step.workflow, step.version);
    const given = {
      id: childId(parent.id, execution.id, execution.attempt),
      now: this.#host.clock.now(),
      user,
      tenant,
      parent: { instanceId: parent.id, executionId: execution.id },
    };
    // A child before its input was looked at, so that nobody takes the parent for settled.
    const child = new InstanceRuntime(graph, createInstance(graph, given), 0);
    adopt(parent, child);
    try {
      const { inputSchema } = graph.definition;
      const initialData =
        inputSchema === undefined ? input : await validInput(graph.definition, input);
      child.state.instance = { ...child.state.instance, initialData };
    } catch (error) {
      parent.children?.delete(child);
      throw error;
    }
    if (parent.children?.has(child)) this.#host.begin(child);
  }

  /** The child that failed goes on where it failed: what it had done stays. */
  async #retry(
    parent: InstanceRuntime,
    execution: ExecutionRecord,
    input: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const child = await this.#find(parent, execution, execution.attempt - 1);
    if (child?.state.instance.status !== "failed") return this.#startNew(parent, execution, input);
    adopt(parent, child);
    this.#host.keep(child);
    this.#host.send(child, { type: "Retry", actor: {} });
  }

  /** After a restart: the child may not have started, may still go on, or may have ended. */
  async continue(parent: InstanceRuntime, execution: ExecutionRecord): Promise<void> {
    const child = await this.#find(parent, execution, execution.attempt);
    const since = execution.startedAt ?? 0;
    if (child === undefined || (child.isEnded && (child.state.instance.endedAt ?? 0) < since)) {
      const step = parent.state.node(execution).source as SubworkflowStep;
      const input = mapData(step.input, new ContextView(parent.graph, parent.state, execution));
      this.start(parent, execution, input, false);
    } else if (child.isEnded) {
      this.report(child, { instanceId: parent.id, executionId: execution.id });
    } else {
      adopt(parent, child);
    }
  }

  /** The child of this attempt, or of the latest one before it that had a child of its own. */
  async #find(
    parent: InstanceRuntime,
    execution: ExecutionRecord,
    attempt: number,
  ): Promise<InstanceRuntime | undefined> {
    for (let each = attempt; each > 0; each--) {
      const child = await this.#host.find(childId(parent.id, execution.id, each));
      if (child !== undefined) return child;
    }
    return undefined;
  }

  report(
    child: InstanceRuntime,
    { instanceId, executionId }: { instanceId: string; executionId: number },
  ): void {
    const parent = child.parent ?? this.#host.known(instanceId);
    if (parent === undefined || parent.isEnded) return;
    const outcome = this.#outcomeOf(child, parent, executionId);
    const command: Command = { type: "ChildEnded", executionId, outcome };
    this.#host.send(parent, command, () => {
      parent.children?.delete(child);
      child.parent = undefined;
    });
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

  /** The step was cancelled, and its child is with it. */
  cancel(parent: InstanceRuntime, executionId: number, reason: string): void {
    for (const child of parent.children ?? []) {
      if (child.state.instance.parent?.executionId !== executionId) continue;
      parent.children?.delete(child);
      if (child.isStored) this.#host.send(child, { type: "Cancel", reason, actor: {} });
    }
  }
}

function adopt(parent: InstanceRuntime, child: InstanceRuntime): void {
  parent.children ??= new Set();
  parent.children.add(child);
  child.parent = parent;
}

/** The same after a restart, another for each attempt. */
function childId(parentId: string, executionId: number, attempt: number): string {
  return `${parentId}.${executionId}${attempt === 1 ? "" : `-${attempt}`}`;
}
