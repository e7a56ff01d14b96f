import type { AnyData, ReadonlyContext } from "../definition/context.ts";
import { ContextClosedError, type RecordedError } from "../errors.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import type { ScopeLog } from "./context-data.ts";
import type { InstanceState } from "./instance-state.ts";
import { isLive } from "./lifecycle.ts";
import type { ExecutionRecord } from "./state.ts";
import { combine, ReducerFailure } from "./writes.ts";

/** What a group's log held at a moment. */
export interface Scope {
  readonly log: ScopeLog;
  readonly length: number;
}

const noScopes: readonly Scope[] = [];

/**
 * The context as one execution sees it: the committed data of the moment when the view was made,
 * and over it what earlier members of its groups wrote. Without an execution: the committed data
 * alone.
 */
export class ContextView implements ReadonlyContext<AnyData> {
  protected readonly graph: WorkflowGraph;
  protected readonly state: InstanceState;
  /** The execution that looks; for a compensation, the one that it undoes. */
  protected readonly subject: ExecutionRecord | undefined;
  readonly #version: number;
  readonly #order: number;
  protected readonly scopes: readonly Scope[];

  constructor(
    graph: WorkflowGraph,
    state: InstanceState,
    subject?: ExecutionRecord,
    version = state.data.version,
  ) {
    this.graph = graph;
    this.state = state;
    this.subject = subject;
    this.#version = version;
    this.#order = state.order;
    this.scopes = subject === undefined || subject.parent === 0 ? noScopes : this.#findScopes();
  }

  get instanceId(): string {
    return this.state.instance.id;
  }

  get workflow(): string {
    return this.state.instance.workflow;
  }

  get version(): string {
    return this.state.instance.version;
  }

  get user(): string | undefined {
    return this.state.instance.user;
  }

  get tenant(): string | undefined {
    return this.state.instance.tenant;
  }

  get startedAt(): number {
    return this.state.instance.startedAt;
  }

  get item(): unknown {
    const member = this.#mapMember();
    return member && this.state.execution(member.parent).map?.items[member.position];
  }

  get index(): number | undefined {
    return this.#mapMember()?.position;
  }

  get(path: string, fallback?: unknown): unknown {
    const exact = this.valueOf(path);
    if (exact !== undefined) return exact;
    const dot = path.indexOf(".");
    if (dot < 0) return fallback;
    let value = this.valueOf(path.slice(0, dot));
    for (const key of path.slice(dot + 1).split(".")) {
      if (typeof value !== "object" || value === null || !Object.hasOwn(value, key))
        return fallback;
      value = (value as Record<string, unknown>)[key];
    }
    return value === undefined ? fallback : value;
  }

  result(path: string): unknown {
    const [first = "", ...rest] = path.split("/");
    const node = this.graph.nodeByPath.get(first);
    if (node === undefined || node >= this.graph.topLevel) return undefined;
    const own = this.#ancestors().at(-1);
    if (own?.node === node && rest.length > 0) {
      const inside = this.#memberOf(own, rest, true);
      if (inside !== undefined) return inside.result;
    }
    const latest = this.#latestSuccess(node);
    if (latest === undefined || rest.length === 0) return latest?.result;
    return this.#memberOf(latest, rest, false)?.result;
  }

  error(path?: string): RecordedError | undefined {
    if (path !== undefined) return this.#latestOf(path)?.error;
    // The condition of an edge looks from the step that it leaves.
    if (this.subject?.status === "failed") return this.subject.error;
    const visit = this.#ancestors().at(-1);
    for (const edge of visit?.arrivals ?? []) {
      const source = this.#sourceOf(edge, visit as ExecutionRecord);
      if (source?.status === "failed") return source.error;
    }
    return undefined;
  }

  /** The execution whose arrival by this edge the visit used: first come, first served. */
  #sourceOf(edge: number, visit: ExecutionRecord): ExecutionRecord | undefined {
    const { executions } = this.state;
    const used = executions.filter(({ id, arrivals }) => id < visit.id && arrivals.includes(edge));
    const taken = executions.filter((execution) => execution.taken?.includes(edge));
    return taken.sort((a, b) => a.order - b.order)[used.length];
  }

  /** Refuses: only a step that runs may write. */
  set(key: string, _value: unknown): void {
    throw new ContextClosedError(
      `context.set("${key}") in a function that may only read: conditions, predicates, hooks and ` +
        "the like are called for their answer; let a step write.",
    );
  }

  /** The value under a key; subclasses look at an execution's own writes first. */
  protected valueOf(key: string): unknown {
    return this.scopes.length === 0
      ? this.state.data.get(key, this.#version)
      : this.valueIn(key, this.scopes);
  }

  /** The value as it is over the committed data when these scopes, innermost first, lie on it. */
  protected valueIn(key: string, scopes: readonly Scope[]): unknown {
    const reducer = this.graph.reducers.get(key);
    if (reducer === undefined) {
      for (const { log, length } of scopes) {
        const found = log.latest(key, length);
        if (found !== undefined) return found.value;
      }
      return this.state.data.get(key, this.#version);
    }
    let value = this.state.data.get(key, this.#version);
    for (const { log, length } of [...scopes].reverse()) {
      for (const written of log.valuesOf(key, length)) {
        const combined = combine(reducer, key, value, written);
        if (!(combined instanceof ReducerFailure)) value = Object.freeze(combined);
      }
    }
    return value;
  }

  /** The execution itself and the groups around it, innermost first. */
  #ancestors(): ExecutionRecord[] {
    const ancestors: ExecutionRecord[] = [];
    let execution = this.subject;
    while (execution !== undefined) {
      ancestors.push(execution);
      execution = execution.parent === 0 ? undefined : this.state.execution(execution.parent);
    }
    return ancestors;
  }

  #findScopes(): readonly Scope[] {
    let scopes = noScopes;
    let execution = this.subject;
    while (execution !== undefined && execution.parent !== 0) {
      const group = this.state.groups?.get(execution.parent);
      const parent = this.state.execution(execution.parent);
      // A compensation looks from a group that has ended: what it wrote is committed, or void.
      const log = isLive(parent.status) ? group?.log : undefined;
      // What a callback sees is not for the members that run again after it failed.
      const isShown = execution.position < 0 || group?.callback === 0;
      if (log !== undefined && isShown) scopes = [...scopes, { log, length: log.length }];
      execution = parent;
    }
    return scopes;
  }

  /** The member of a map that the execution is, or is inside. */
  #mapMember(): ExecutionRecord | undefined {
    let execution = this.subject;
    while (execution !== undefined && execution.parent !== 0) {
      const group = this.state.execution(execution.parent);
      if (execution.position >= 0 && this.state.node(group).kind === "map") return execution;
      execution = group;
    }
    return undefined;
  }

  #latestSuccess(node: number): ExecutionRecord | undefined {
    const id = this.state.latestSucceeded[node] as number;
    if (id === 0) return undefined;
    const latest = this.state.execution(id);
    if (latest.order <= this.#order) return latest;
    // It ended after this view was made: look for the pass before it.
    return this.state.executions.findLast(
      (execution) =>
        execution.node === node &&
        execution.status === "succeeded" &&
        execution.compensates === 0 &&
        execution.order <= this.#order,
    );
  }

  #latestOf(path: string): ExecutionRecord | undefined {
    return this.state.executions.findLast(
      (execution) => execution.path === path && execution.compensates === 0,
    );
  }

  /**
   * The succeeded member at the end of a path of names; `own` checks what may be seen from inside.
   */
  #memberOf(
    group: ExecutionRecord,
    names: readonly string[],
    own: boolean,
  ): ExecutionRecord | undefined {
    const path = `${group.path}/${names[0]}`;
    const ids = this.state.groups?.get(group.id);
    const memberIds = [...(ids?.members ?? []), ids?.callback];
    const ancestors = own ? this.#ancestors() : [];
    for (const id of memberIds) {
      if (id === undefined || id === 0) continue;
      const member = this.state.execution(id);
      if (member.path !== path) continue;
      const isAncestor = ancestors.some((ancestor) => ancestor.id === id);
      if (isAncestor && names.length > 1) return this.#memberOf(member, names.slice(1), true);
      if (member.status !== "succeeded" || member.order > this.#order) return undefined;
      if (own && !this.#showsMembers(group, ancestors)) return undefined;
      return names.length === 1 ? member : this.#memberOf(member, names.slice(1), false);
    }
    return undefined;
  }

  /** Whether a group that has not ended shows members that have to the one that looks. */
  #showsMembers(group: ExecutionRecord, ancestors: readonly ExecutionRecord[]): boolean {
    const { kind } = this.state.node(group);
    if (kind === "sequential" || kind === "interleaved" || kind === "custom") return true;
    const looking = ancestors.find(({ parent }) => parent === group.id);
    return !isLive(group.status) || (looking !== undefined && looking.position < 0);
  }
}
