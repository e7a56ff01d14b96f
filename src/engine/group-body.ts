import type { WorkflowContext } from "../definition/context.ts";
import type { GroupEngine, WorkflowNode } from "../definition/group.ts";
import type { SignalStep } from "../definition/wait-steps.ts";
import { WorkflowDefinition } from "../definition/workflow-definition.ts";
import { ContextClosedError, InvalidArgumentError, type RecordedError } from "../errors.ts";
import { compileMember, unboundStep } from "../graph/compile.ts";
import type { GraphNode } from "../graph/workflow-graph.ts";
import { groupOf } from "../machine/apply.ts";
import { ScopeLog } from "../machine/context-data.ts";
import type { Command, ExecutionRecord } from "../machine/index.ts";
import { isLive } from "../machine/index.ts";
import { addSignalWaiter } from "../machine/waits.ts";
import { writesOf } from "../machine/writes.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import { StepFailedError } from "./recorded-error.ts";
import type { StepContext } from "./step-context.ts";

interface Caller {
  readonly step: WorkflowNode;
  /** The place of the call among the group's members, if it is a new one. */
  readonly position: number | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** What a body needs of the engine. */
interface BodyHost {
  send(command: Command): void;
  resume(execution: ExecutionRecord): void;
}

/**
 * One run of the body of a user's own group. Each `executeStep` is recorded under the step's name
 * and the number of that name's calls; a body that runs again is given what was recorded.
 */
export class GroupBody implements GroupEngine {
  readonly log = new ScopeLog();
  readonly #runtime: InstanceRuntime;
  readonly #group: ExecutionRecord;
  readonly #context: StepContext;
  readonly #host: BodyHost;
  readonly #known = new Map<string, number>();
  readonly #calls = new Map<string, number>();
  readonly #callers = new Map<string, Caller>();
  #nextPosition: number;

  constructor(runtime: InstanceRuntime, context: StepContext, host: BodyHost) {
    const group = context.execution;
    this.#runtime = runtime;
    this.#group = group;
    this.#context = context;
    this.#host = host;
    const members = groupOf(runtime.state, group.id);
    members.log = this.log;
    for (const id of members.members) {
      if (id !== undefined) this.#known.set(runtime.state.execution(id).path, id);
    }
    this.#nextPosition = members.members.length;
  }

  async executeStep(step: WorkflowNode, _context: WorkflowContext): Promise<unknown> {
    if (this.#context.isClosed) {
      throw new ContextClosedError(
        `executeStep in "${this.#group.path}" came after the group had ended; ` +
          "await every step before `execute` returns.",
      );
    }
    const path = this.#pathOfCall(step);
    checkStep(step, this.#group.path);
    const known = this.#known.get(path);
    return new Promise((resolve, reject) => {
      if (known === undefined) {
        const position = this.#nextPosition++;
        this.#callers.set(path, { step, position, resolve, reject });
        this.#call(this.#nodeFor(step, path), path, position);
        return;
      }
      const { state } = this.#runtime;
      const member = state.execution(known);
      const isNew = this.#bind(member, step, path);
      if (isLive(member.status)) {
        this.#callers.set(path, { step, position: undefined, resolve, reject });
        if (isNew) this.#resume(member);
        if (member.status === "pending") this.#call(member.node, path, member.position);
        return;
      }
      if (member.status === "succeeded") {
        for (const [key, value] of writesOf(state, member)) this.log.add(key, value);
      }
      answer({ step, position: undefined, resolve, reject }, member);
    });
  }

  /**
   * The instance was loaded anew while the body runs: it goes on. What it waits for may have ended
   * meanwhile, and what it called may not have been kept.
   */
  reloaded(): void {
    const { state } = this.#runtime;
    const members = groupOf(state, this.#group.id);
    members.log = this.log;
    const ids = new Map<string, number>();
    for (const id of members.members) {
      if (id !== undefined) ids.set(state.execution(id).path, id);
    }
    for (const [path, { step, position }] of [...this.#callers]) {
      const id = ids.get(path);
      if (id === undefined) {
        if (position !== undefined) this.#call(this.#nodeFor(step, path), path, position);
        continue;
      }
      const member = state.execution(id);
      this.#bind(member, step, path);
      this.log.removeOf(id);
      if (member.status === "pending") this.#call(member.node, path, member.position);
      else if (!isLive(member.status)) this.#returnLate(member);
    }
  }

  /** A member has ended, and nobody told the body. */
  #returnLate(member: ExecutionRecord): void {
    if (member.status === "succeeded") {
      const writes = writesOf(this.#runtime.state, member);
      for (const [key, value] of writes) this.log.add(key, value, member.id);
    }
    this.memberEnded(member);
  }

  /** A member has ended, and that is durable. */
  memberEnded(member: ExecutionRecord): void {
    const caller = this.#callers.get(member.path);
    this.#callers.delete(member.path);
    if (caller !== undefined) answer(caller, member);
  }

  #pathOfCall(step: WorkflowNode): string {
    const name: unknown = step?.name;
    if (typeof name !== "string" || !/^[\p{L}\p{N}_-]+$/u.test(name)) {
      throw new InvalidArgumentError(
        `executeStep in "${this.#group.path}" needs a step named with letters, digits, _ and -; ` +
          `found ${JSON.stringify(name)}.`,
      );
    }
    const call = this.#calls.get(name) ?? 0;
    this.#calls.set(name, call + 1);
    return `${this.#group.path}/${name}${call === 0 ? "" : `[${call}]`}`;
  }

  #call(node: number, path: string, position: number): void {
    this.#host.send({ type: "MemberCalled", groupId: this.#group.id, node, path, call: position });
  }

  /** The declared member that this step is, or else the step compiled for this call. */
  #nodeFor(step: WorkflowNode, path: string): number {
    const { state } = this.#runtime;
    const parent = state.node(this.#group);
    const declared = parent.members.find((index) => state.nodes[index]?.source === step);
    if (declared !== undefined) return declared;
    const nodes = compileMember(step, path, parent, state.nodes.length);
    state.nodes = [...state.nodes, ...nodes];
    return (nodes[0] as GraphNode).index;
  }

  /** After a restart, tells the state what a member is that only the body knows. */
  #bind(member: ExecutionRecord, step: WorkflowNode, path: string): boolean {
    const { state } = this.#runtime;
    if (state.node(member).source !== unboundStep) return false;
    const compiled = compileMember(step, path, state.node(this.#group), state.nodes.length);
    const byPath = new Map(compiled.map((node) => [node.path, node]));
    const nodes = [...state.nodes, ...compiled];
    for (const [index, node] of state.nodes.entries()) {
      if (node.source !== unboundStep || !node.path.startsWith(path)) continue;
      // Below the step itself, a number in a path is that of a map's item.
      const rest = node.path.slice(path.length).replace(/\[\d+\]/g, "[]");
      const known = byPath.get(`${path}${rest}`);
      if (known !== undefined) nodes[index] = { ...known, index };
    }
    state.nodes = nodes;
    this.#bindSignals(path);
    return true;
  }

  /** What a step waits for is known only now. */
  #bindSignals(path: string): void {
    const { state } = this.#runtime;
    for (const execution of state.executions) {
      if (execution.status !== "waiting" || !execution.path.startsWith(path)) continue;
      const { kind, source } = state.node(execution);
      if (kind === "signal") addSignalWaiter(state, (source as SignalStep).signal, execution.id);
    }
  }

  /** The member, and what is below it, goes on as after any restart. */
  #resume(member: ExecutionRecord): void {
    const { state } = this.#runtime;
    if (!isLive(member.status)) return;
    this.#host.resume(member);
    const below = state.groups?.get(member.id);
    for (const id of [...(below?.members ?? []), below?.callback]) {
      if (id) this.#resume(state.execution(id));
    }
  }
}

const checked = new WeakSet<object>();

/** @throws InvalidDefinitionError naming what is wrong with the step. */
function checkStep(step: WorkflowNode, group: string): void {
  if (typeof step === "object" && step !== null && checked.has(step)) return;
  const name = String(step?.name);
  new WorkflowDefinition({
    name: `a step that "${group}" runs`.replace(/[^\p{L}\p{N}_-]+/gu, "_"),
    steps: { [name]: step },
    initialStep: name,
    terminalSteps: [name],
  });
  checked.add(step);
}

function answer(caller: Caller, member: ExecutionRecord): void {
  if (member.status === "succeeded" || member.status === "skipped") {
    caller.resolve(member.result ?? null);
  } else {
    const unknown: RecordedError = { code: "CANCELED", message: "cancelled", path: member.path };
    caller.reject(new StepFailedError(member.error ?? unknown));
  }
}
