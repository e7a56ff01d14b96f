import type { RecordedError } from "../errors.ts";
import type { AnyData, ReadonlyContext, WorkflowContext } from "./context.ts";
import {
  type BaseStep,
  type FromContext,
  type Join,
  type NodeOptions,
  type ResultOf,
  type RetryPolicy,
  setOptions,
} from "./step.ts";

/** Where a step may stand, a group may stand too. */
// biome-ignore lint/suspicious/noExplicitAny: steps of every data and result type
export type Step = BaseStep<any, any>;
export type WorkflowNode = Step | Group;

export type GroupKind =
  | "sequential"
  | "parallel"
  | "race"
  | "quorum"
  | "conditional"
  | "map"
  | "interleaved"
  | "custom";

/** What all groups have in common. */
// biome-ignore lint/suspicious/noExplicitAny: hooks of groups see data of every type
export abstract class Group<Data = any> implements NodeOptions<Data> {
  abstract readonly kind: GroupKind;
  /** In a definition's `steps`, the key counts; in another group, this name. */
  name = "";
  title?: string | FromContext<string, Data>;
  description?: string | FromContext<string, Data>;
  retry?: RetryPolicy;
  timeoutMs?: number;
  deadlineMs?: number;
  join?: Join;
  cancelRest?: boolean;
  mutex?: string;
  cancels?: readonly string[];

  canExecute?(context: WorkflowContext<Data>): boolean | Promise<boolean>;
  onSuccess?(context: ReadonlyContext<Data>, result: unknown): unknown;
  onFailure?(context: ReadonlyContext<Data>, error: RecordedError): unknown;
}

export interface GroupOptions<Data = AnyData> extends NodeOptions<Data> {
  /** Needed only where the group is a member of another group. */
  readonly name?: string;
}

/** Runs its members one after another; a failure stops it. */
export class SequentialGroup extends Group {
  readonly kind = "sequential";
  readonly members: readonly WorkflowNode[];

  constructor(members: readonly WorkflowNode[], options: GroupOptions = {}) {
    super();
    setOptions(this, options);
    this.members = members;
  }
}

/** Runs its members one at a time, in whatever order they become ready. */
export class InterleavedGroup extends Group {
  readonly kind = "interleaved";
  readonly members: readonly WorkflowNode[];

  constructor(members: readonly WorkflowNode[], options: GroupOptions = {}) {
    super();
    setOptions(this, options);
    this.members = members;
  }
}

/**
 * What a failing member means:
 * - `"fail-fast"`: the rest is cancelled and the group fails;
 * - `"wait-all"`: all end, then the group fails with every error;
 * - `"collect"`: the group never fails; its results are outcomes.
 */
export type FailureMode = "fail-fast" | "wait-all" | "collect";

/** One member's outcome, in a group with `failure: "collect"`. */
export type Outcome =
  | { readonly status: "succeeded"; readonly result: unknown }
  | { readonly status: "failed"; readonly error: RecordedError }
  | { readonly status: "canceled" | "skipped" };

export interface ParallelGroupOptions extends GroupOptions {
  /** A step that runs once after all members, with their results in `context.results`. */
  readonly callback?: WorkflowNode;
  /** How many members run at the same time; all unless told. */
  readonly maxConcurrent?: number;
  /** `"fail-fast"` unless told. */
  readonly failure?: FailureMode;
}

/** Runs its members side by side, then its callback. */
export class ParallelGroup extends Group {
  readonly kind = "parallel";
  readonly members: readonly WorkflowNode[];
  readonly callback?: WorkflowNode;
  readonly maxConcurrent?: number;
  readonly failure?: FailureMode;

  constructor(members: readonly WorkflowNode[], options: ParallelGroupOptions = {}) {
    super();
    setOptions(this, options);
    this.members = members;
  }
}

/** A parallel group with a limit: 5 members at a time unless told. */
export class ThrottledGroup extends ParallelGroup {
  constructor(members: readonly WorkflowNode[], options: ParallelGroupOptions = {}) {
    super(members, { ...options, maxConcurrent: options.maxConcurrent ?? 5 });
  }
}

export interface RaceGroupOptions extends GroupOptions {
  /** `"success"` (the default): the first success wins; `"first"`: the first to end decides. */
  readonly settle?: "success" | "first";
}

/** The first member to succeed wins; the others are cancelled and leave no trace in the data. */
export class RaceGroup extends Group {
  readonly kind = "race";
  readonly members: readonly WorkflowNode[];
  readonly settle?: "success" | "first";

  constructor(members: readonly WorkflowNode[], options: RaceGroupOptions = {}) {
    super();
    setOptions(this, options);
    this.members = members;
  }
}

/** A pure function of a member's result, or a CEL expression that reads `result`. */
export type ResultPredicate<Result> = string | ((result: Result) => boolean);

export interface QuorumGroupOptions<Result = unknown> extends GroupOptions {
  /** How many members must count. */
  readonly required: number;
  /** Which results count, such as `(vote) => vote.approved`; every success unless told. */
  readonly counts?: ResultPredicate<Result>;
  /** Which results fail the group at once. */
  readonly veto?: ResultPredicate<Result>;
}

/** Succeeds at the required number, fails when it can no longer be reached; cancels the rest. */
export class QuorumGroup<Member extends WorkflowNode = WorkflowNode> extends Group {
  readonly kind = "quorum";
  readonly members: readonly Member[];
  readonly required: number;
  readonly counts?: ResultPredicate<ResultOf<Member>>;
  readonly veto?: ResultPredicate<ResultOf<Member>>;

  constructor(members: readonly Member[], options: QuorumGroupOptions<ResultOf<Member>>) {
    super();
    this.required = options?.required;
    setOptions(this, options);
    this.members = members;
  }
}

/** Runs the one branch that its function names, or none. */
export class ConditionalGroup<Branch extends string = string> extends Group {
  readonly kind = "conditional";
  readonly branches: Readonly<Record<Branch, WorkflowNode>>;
  readonly choose: (context: ReadonlyContext) => NoInfer<Branch> | undefined | null;

  constructor(
    branches: Readonly<Record<Branch, WorkflowNode>>,
    choose: (context: ReadonlyContext) => NoInfer<Branch> | undefined | null,
    options: GroupOptions = {},
  ) {
    super();
    setOptions(this, options);
    this.branches = branches;
    this.choose = choose;
  }
}

export interface MapGroupOptions extends GroupOptions {
  /** A path in the context's data, or a pure function of the context, that gives a list. */
  readonly items: string | ((context: ReadonlyContext) => unknown);
  readonly callback?: WorkflowNode;
  readonly maxConcurrent?: number;
  readonly failure?: FailureMode;
  /** This many successes end the group; the rest is cancelled. */
  readonly required?: number;
}

/**
 * Runs its member once for each item of a list; the member reads `context.item` and
 * `context.index`.
 */
export class MapGroup extends Group {
  readonly kind = "map";
  readonly member: WorkflowNode;
  readonly items: string | ((context: ReadonlyContext) => unknown);
  readonly callback?: WorkflowNode;
  readonly maxConcurrent?: number;
  readonly failure?: FailureMode;
  readonly required?: number;

  constructor(member: WorkflowNode, options: MapGroupOptions) {
    super();
    this.items = options?.items;
    setOptions(this, options);
    this.member = member;
  }
}

/** What a user's own group may ask of the engine. */
export interface GroupEngine {
  /**
   * Runs a step or group as a member and gives its result. The call is recorded: when the body runs
   * again after a crash, calls that had ended give what they gave. A repeated step of the same name
   * is told apart by the order of the calls.
   *
   * @throws the member's error, with its recorded `code`, when it failed for good.
   */
  executeStep(step: WorkflowNode, context: WorkflowContext): Promise<unknown>;
}

/**
 * A group of a user's own: its body decides which members run, when, and what the group returns.
 */
// biome-ignore lint/suspicious/noExplicitAny: see Group
export abstract class StepGroup<Data = any> extends Group<Data> {
  readonly kind = "custom";
  /** The members that the picture shows; the body may run others too. */
  readonly members?: readonly WorkflowNode[];

  abstract execute(context: WorkflowContext<Data>, engine: GroupEngine): unknown;
}
