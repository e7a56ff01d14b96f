import type { Reducer } from "../definition/workflow-definition.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import { toJson } from "../json.ts";
import type { InstanceState } from "./instance-state.ts";
import type { ExecutionRecord, Writes } from "./state.ts";

/**
 * What an execution that succeeded writes: its own writes, or those of its successful members in
 * the order in which they count, and then its callback's.
 */
export function writesOf(
  state: InstanceState,
  execution: ExecutionRecord,
  own = execution.writes,
): Writes {
  const kind = state.node(execution).kind;
  if (!isMergingGroup(kind)) return own ?? noWrites;
  const collected: (readonly [string, unknown])[] = [];
  collectMembers(state, execution, kind, collected);
  return collected;
}

const noWrites: Writes = [];

function isMergingGroup(kind: string): boolean {
  switch (kind) {
    case "sequential":
    case "parallel":
    case "race":
    case "quorum":
    case "conditional":
    case "map":
    case "interleaved":
      return true;
    // A user's own group records one log of its members' and its own writes.
    default:
      return false;
  }
}

function collectMembers(
  state: InstanceState,
  execution: ExecutionRecord,
  kind: string,
  collected: (readonly [string, unknown])[],
): void {
  const group = state.groups?.get(execution.id);
  if (group === undefined) return;
  let members = group.members.filter((id) => id !== undefined).map((id) => state.execution(id));
  if (kind === "interleaved") members = members.sort((a, b) => a.order - b.order);
  if (group.callback !== 0) members.push(state.execution(group.callback));
  for (const member of members) {
    if (member.status !== "succeeded") continue;
    const memberKind = state.node(member).kind;
    if (isMergingGroup(memberKind)) collectMembers(state, member, memberKind, collected);
    else for (const write of member.writes ?? []) collected.push(write);
  }
}

/** A reducer that cannot combine two values, or threw. */
export class ReducerFailure {
  readonly message: string;

  constructor(message: string) {
    this.message = message;
  }
}

/**
 * The values that the keys have once the writes are visible, and what custom reducers made of them
 * (which is recorded, because their code may not run again when the instance is loaded).
 */
export function resolveWrites(
  graph: WorkflowGraph,
  { data }: Pick<InstanceState, "data">,
  writes: Writes,
): { committed: Writes; reduced: Writes | undefined } | ReducerFailure {
  if (graph.reducers.size === 0) return { committed: writes, reduced: undefined };
  const values = new Map<string, unknown>();
  const custom = new Map<string, unknown>();
  for (const [key, value] of writes) {
    const reducer = graph.reducers.get(key);
    if (reducer === undefined) {
      values.set(key, value);
      continue;
    }
    const old = values.has(key) ? values.get(key) : startOf(reducer, data.get(key));
    const combined = combine(reducer, key, old, value);
    if (combined instanceof ReducerFailure) return combined;
    values.set(key, combined);
    if (typeof reducer === "function") custom.set(key, combined);
  }
  for (const [key, value] of values) values.set(key, deepFrozen(value));
  return {
    committed: [...values],
    reduced: custom.size === 0 ? undefined : [...custom],
  };
}

/**
 * The same values for an execution that was loaded, over the data as it then was: custom reducers
 * are not called again.
 */
export function refoldWrites(
  graph: WorkflowGraph,
  state: InstanceState,
  execution: ExecutionRecord,
  data = state.data,
): Writes {
  const writes = writesOf(state, execution);
  if (graph.reducers.size === 0 && execution.reduced === undefined) return writes;
  const reduced = new Set(execution.reduced?.map(([key]) => key));
  const others = writes.filter(([key]) => !reduced.has(key));
  const resolved = resolveWrites(graph, { data }, others);
  const committed = resolved instanceof ReducerFailure ? others : resolved.committed;
  return [...committed, ...(execution.reduced ?? [])];
}

/** Built-in list and object reducers build one new value for all writes, not one for each. */
function startOf(reducer: Reducer, old: unknown): unknown {
  if (reducer === "append" && Array.isArray(old)) return [...old];
  if (reducer === "merge" && isPlainObject(old)) return { ...old };
  return old;
}

/** Combines a value with a write; `old` may be changed if it is a list or object and not frozen. */
export function combine(
  reducer: Reducer,
  key: string,
  old: unknown,
  written: unknown,
): unknown | ReducerFailure {
  switch (reducer) {
    case "append": {
      const list =
        old === undefined ? [] : Array.isArray(old) && !Object.isFrozen(old) ? old : asList(old);
      if (!Array.isArray(written)) list.push(written);
      else for (const each of written) list.push(each);
      return list;
    }
    case "merge":
      if ((old !== undefined && !isPlainObject(old)) || !isPlainObject(written)) {
        return refuse(key, reducer, "objects", old, written);
      }
      return Object.assign(old === undefined || Object.isFrozen(old) ? { ...old } : old, written);
    case "sum":
      if ((old !== undefined && typeof old !== "number") || typeof written !== "number") {
        return refuse(key, reducer, "numbers", old, written);
      }
      return (old ?? 0) + written;
    default:
      try {
        return toJson(reducer(old, written), `The reducer of "${key}"`);
      } catch (error) {
        return new ReducerFailure(`The reducer of "${key}" failed: ${String(error)}`);
      }
  }
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? [...value] : [value];
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refuse(key: string, reducer: string, wanted: string, old: unknown, written: unknown) {
  const found = `${JSON.stringify(old) ?? "nothing"} and ${JSON.stringify(written)}`;
  return new ReducerFailure(
    `The reducer "${reducer}" of "${key}" combines ${wanted}; found ${found}.`,
  );
}

/** Freezes what is new on the outside; what is inside was frozen when it was written. */
function deepFrozen(value: unknown): unknown {
  return typeof value === "object" && value !== null ? Object.freeze(value) : value;
}
