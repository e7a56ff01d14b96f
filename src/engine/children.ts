import type { SubworkflowStep } from "../definition/wait-steps.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import { ContextView } from "../machine/context-view.ts";
import { type Command, createInstance, type ExecutionRecord } from "../machine/index.ts";
import { mapData } from "../machine/waits.ts";
import type { Clock } from "./clock.ts";
import { InstanceRuntime } from "./instance-runtime.ts";
import { recordError } from "./recorded-error.ts";

/** What child instances need of the driver. */
export interface ChildHost {
  readonly clock: Clock;
  readonly graphOf: (workflow: string, version: string | undefined) => WorkflowGraph;
  find(instanceId: string): Promise<InstanceRuntime | undefined>;
  known(instanceId: string): InstanceRuntime | undefined;
  begin(runtime: InstanceRuntime): void;
  send(runtime: InstanceRuntime, command: Command, done?: () => void): void;
}

/** The instances that subworkflow steps run: what they are given, and what becomes of them. */
export class ChildInstances {
  readonly #host: ChildHost;

  constructor(host: ChildHost) {
    this.#host = host;
  }

  start(
    parent: InstanceRuntime,
    execution: ExecutionRecord,
    input: Readonly<Record<string, unknown>>,
  ): void {
    const step = parent.state.node(execution).source as SubworkflowStep;
    const { user, tenant } = parent.state.instance;
    let child: InstanceRuntime;
    try {
      const graph = this.#host.graphOf(step.workflow, step.version);
      const state = createInstance(graph, {
        id: childId(parent.id, execution),
        initialData: input,
        now: this.#host.clock.now(),
        user,
        tenant,
        parent: { instanceId: parent.id, executionId: execution.id },
      });
      child = new InstanceRuntime(graph, state, 0);
    } catch (error) {
      const recorded = recordError(error, step.workflow);
      const outcome = { status: "failed", error: recorded } as const;
      this.#host.send(parent, { type: "ChildEnded", executionId: execution.id, outcome });
      return;
    }
    adopt(parent, child);
    this.#host.begin(child);
  }

  /** After a restart: the child may not have started, may still go on, or may have ended. */
  async continue(parent: InstanceRuntime, execution: ExecutionRecord): Promise<void> {
    const child = await this.#host.find(childId(parent.id, execution));
    if (child === undefined) {
      const step = parent.state.node(execution).source as SubworkflowStep;
      const input = mapData(step.input, new ContextView(parent.graph, parent.state, execution));
      this.start(parent, execution, input);
    } else if (child.isEnded) {
      this.report(child, { instanceId: parent.id, executionId: execution.id });
    } else {
      adopt(parent, child);
    }
  }

  #find(parent: InstanceRuntime, executionId: number): InstanceRuntime | undefined {
    return this.#host.known(childId(parent.id, parent.state.execution(executionId)));
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
    const child = this.#find(parent, executionId);
    if (child === undefined) return;
    parent.children?.delete(child);
    this.#host.send(child, { type: "Cancel", reason, actor: {} });
  }
}

function adopt(parent: InstanceRuntime, child: InstanceRuntime): void {
  parent.children ??= new Set();
  parent.children.add(child);
  child.parent = parent;
}

/** The same after a restart, another for each attempt. */
function childId(parentId: string, { id, attempt }: ExecutionRecord): string {
  return `${parentId}.${id}${attempt === 1 ? "" : `-${attempt}`}`;
}
