import type { ReadonlyContext } from "../definition/context.ts";
import type { GroupKind, WorkflowNode } from "../definition/group.ts";
import type { RetryPolicy, StepKind } from "../definition/step.ts";
import type { AnyDefinition, Reducer } from "../definition/workflow-definition.ts";
import type { Condensation } from "./components.ts";

/** When a node starts. */
export type JoinRule =
  /** At every arrival: a node with one incoming edge, or `join: "each"`. */
  | { readonly kind: "each" }
  /** Once for all arrivals, when no more can come. */
  | { readonly kind: "all" }
  /** With an arrival on every edge. */
  | { readonly kind: "and" }
  /** At the n-th arrival of a round. */
  | { readonly kind: "count"; readonly count: number; readonly cancelRest: boolean };

/** A pure function of the definition, as the machine calls it. */
export type PureFunction = (context: ReadonlyContext) => unknown;

/** A step, gateway or group with every name resolved. */
export interface GraphNode {
  /** Its place in `WorkflowGraph.nodes`. */
  readonly index: number;
  /** Such as `notify/send_email`; the member of a map is `notify/send[]`. */
  readonly path: string;
  readonly name: string;
  readonly kind: StepKind | GroupKind;
  /** What the author wrote: options, and code for the engine to run. */
  readonly source: WorkflowNode;
  /** The group that it is a member of; -1 at top level. */
  readonly parent: number;
  /** Members of a group in declared order; the one member of a map. */
  readonly members: readonly number[];
  /** The callback of a group; -1 for none. */
  readonly callback: number;
  /** A person's, signal's or webhook's data is written under its name: not inside a map. */
  readonly writesData: boolean;
  /** What it does is run code: a machine step, a gateway that evaluates, a user's own group. */
  readonly runsCode: boolean;
  /** It waits or has members, and code runs before: `canExecute`, a webhook's `execute`. */
  readonly prepares: boolean;
  /** It has `canExecute`. */
  readonly isGuarded: boolean;
  /** It has `onSuccess` or `onFailure`. */
  readonly isObserved: boolean;

  readonly retry: RetryPolicy | undefined;
  readonly timeoutMs: number | undefined;
  readonly deadlineMs: number | undefined;
  readonly limit: string | undefined;
  readonly mutex: string | undefined;
  /** Predicates of a quorum, on `result`. */
  readonly counts: ((result: unknown) => unknown) | undefined;
  readonly veto: ((result: unknown) => unknown) | undefined;

  /** Edges, at top level; empty inside groups. */
  readonly incoming: readonly number[];
  readonly outgoing: readonly number[];
  /** The edges taken on success when that depends on nothing; undefined when it does. */
  readonly always: readonly number[] | undefined;
  readonly join: JoinRule;
  readonly terminal: boolean;
  readonly terminate: boolean;
  /** Nodes that it cancels when it ends. */
  readonly cancels: readonly number[];
}

/** An edge with its names resolved. */
export interface GraphEdge {
  /** Its place in `WorkflowGraph.edges`. */
  readonly index: number;
  /** `a -> b`. */
  readonly id: string;
  readonly source: number;
  readonly target: number;
  readonly on: "success" | "failure" | "always" | "cancel";
  readonly condition: PureFunction | undefined;
  readonly otherwise: boolean;
  /** The list of this edge alone, shared by all executions that came by it. */
  readonly alone: readonly number[];
  readonly label: string | undefined;
}

/** What the engine runs: a definition whose names are resolved and whose loops are known. */
export interface WorkflowGraph {
  readonly definition: AnyDefinition;
  /** Top-level nodes first, in declared order, then the members of groups. */
  readonly nodes: readonly GraphNode[];
  readonly topLevel: number;
  readonly edges: readonly GraphEdge[];
  readonly initial: number;
  readonly nodeByPath: ReadonlyMap<string, number>;
  readonly reducers: ReadonlyMap<string, Reducer>;
  /** The components of the top level; undefined if no node has a join that waits. */
  readonly components: Condensation | undefined;
}
