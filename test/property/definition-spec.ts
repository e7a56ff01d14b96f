/**
 * A definition as plain data: what the random definitions are, what the naive model reads, and what
 * is built into authoring objects. Everything that code would decide is either a value in the data
 * that an edge compares, or is left to the schedule.
 */

export type Json =
  | string
  | number
  | boolean
  | null
  | readonly Json[]
  | { readonly [key: string]: Json };
export type Data = Readonly<Record<string, Json>>;
export type Writes = readonly (readonly [key: string, value: Json])[];

export interface DefinitionSpec {
  readonly nodes: readonly NodeSpec[];
  readonly edges: readonly EdgeSpec[];
  readonly initial: string;
  readonly terminals: readonly { readonly step: string; readonly terminate?: true }[];
  readonly reducers: Readonly<Record<string, "append" | "merge" | "sum">>;
  readonly compensate?: true;
  readonly initialData: Data;
}

export interface EdgeSpec {
  readonly source: string;
  readonly target: string;
  /** `"success"` unless told. */
  readonly on?: "success" | "failure" | "always" | "cancel";
  readonly when?: ConditionSpec;
  readonly otherwise?: true;
}

/** Holds when the data, or the visible result of a path, has this value; `"throws"` throws. */
export type ConditionSpec =
  | { readonly key: string; readonly equals: Json }
  | { readonly resultOf: string; readonly equals: Json }
  | "throws";

export type JoinSpec = "any" | "each" | "and" | number;

export interface RetrySpec {
  readonly maxAttempts: number;
  readonly initialIntervalMs?: number;
  readonly backoffCoefficient?: number;
  readonly maxIntervalMs?: number;
  readonly jitter?: number;
}

interface CommonSpec {
  /** Unique in the whole definition, members included. */
  readonly name: string;
  /** The node has the hook; what it answers is the schedule's choice. */
  readonly canExecute?: true;
  readonly retry?: RetrySpec;
  readonly timeoutMs?: number;
  readonly deadlineMs?: number;
  readonly mutex?: string;
  readonly cancels?: readonly string[];
  readonly join?: JoinSpec;
  readonly cancelRest?: true;
}

export type StepSpec = CommonSpec & { readonly compensate?: true } & (
    | { readonly kind: "machine" }
    | { readonly kind: "human" }
    | { readonly kind: "timer"; readonly durationMs: number }
    | { readonly kind: "webhook"; readonly execute?: true }
    | { readonly kind: "signal"; readonly signal: string; readonly transient?: true }
    /** `named`: the schedule names the edges; otherwise the edges decide. */
    | { readonly kind: "gateway"; readonly choice: "first" | "holding" | "all" | "named" }
  );

export type FailureMode = "fail-fast" | "wait-all" | "collect";

export type GroupSpec = CommonSpec &
  (
    | { readonly kind: "sequential"; readonly members: readonly NodeSpec[] }
    | { readonly kind: "interleaved"; readonly members: readonly NodeSpec[] }
    | {
        readonly kind: "parallel";
        readonly members: readonly NodeSpec[];
        readonly callback?: NodeSpec;
        readonly maxConcurrent?: number;
        readonly failure?: FailureMode;
      }
    | {
        readonly kind: "race";
        readonly members: readonly NodeSpec[];
        readonly settle?: "success" | "first";
      }
    | {
        readonly kind: "quorum";
        readonly members: readonly NodeSpec[];
        readonly required: number;
        /** Only successes that `isYes` count; otherwise every success does. */
        readonly counts?: true;
        /** A success that `isNo` fails the group at once. */
        readonly veto?: true;
      }
    /** `data[key]` is the index of the branch; `"nobody"` is one that does not exist. */
    | { readonly kind: "conditional"; readonly members: readonly NodeSpec[]; readonly key: string }
    | {
        readonly kind: "map";
        /** The one member that runs for each item of `data[key]`. */
        readonly members: readonly [NodeSpec];
        readonly key: string;
        readonly callback?: NodeSpec;
        readonly maxConcurrent?: number;
        readonly failure?: FailureMode;
        readonly required?: number;
      }
  );

export type NodeSpec = StepSpec | GroupSpec;

export const isGroup = (node: NodeSpec): node is GroupSpec => "members" in node;

/** The members of a group, its callback included. */
export function insideOf(node: NodeSpec): readonly NodeSpec[] {
  if (!isGroup(node)) return [];
  return "callback" in node && node.callback ? [...node.members, node.callback] : node.members;
}

/** A node and everything inside it. */
export const withInner = (node: NodeSpec): NodeSpec[] => [
  node,
  ...insideOf(node).flatMap(withInner),
];

/** A vote is 1 (yes), 2 (no), or something else; people give it in a form. */
const vote = (result: unknown): unknown =>
  typeof result === "object" && result !== null && "vote" in result ? result.vote : result;

export const isYes = (result: unknown): boolean => vote(result) === 1;
export const isNo = (result: unknown): boolean => vote(result) === 2;

/** Which branch of a conditional group the value in the data names. */
export function branchNamed(branches: readonly NodeSpec[], value: unknown): string | undefined {
  if (value === "nobody") return "nobody";
  return typeof value === "number" ? branches[value]?.name : undefined;
}
