import type { AnyData, WorkflowContext } from "./context.ts";
import { BaseStep, type NamedStepOptions, setOptions } from "./step.ts";

/** Which step, or steps, come next. */
export type Targets = string | readonly string[];

/**
 * A step that does no work and takes exactly the edges that it names. `evaluate` names the targets;
 * naming a step that none of its edges leads to fails the instance.
 */
export abstract class BaseGateway<Data = AnyData> extends BaseStep<Data, undefined> {
  readonly kind = "gateway";
  /** How edges are chosen when the gateway has no `evaluate` of its own. */
  readonly choice?: "first" | "holding" | "all";

  evaluate?(context: WorkflowContext<Data>): Targets | Promise<Targets>;
}

type Evaluate<Data> = (context: WorkflowContext<Data>) => Targets | Promise<Targets>;

abstract class BuiltInGateway<Data> extends BaseGateway<Data> {
  constructor(
    evaluate?: Evaluate<Data> | NamedStepOptions<Data>,
    options?: NamedStepOptions<Data>,
  ) {
    super();
    const isFunction = typeof evaluate === "function";
    setOptions(this, (isFunction ? options : evaluate) ?? {});
    if (isFunction) this.evaluate = evaluate;
  }
}

/** Takes one edge: the one that its function names, or else the first whose condition holds. */
export class ExclusiveGateway<Data = AnyData> extends BuiltInGateway<Data> {
  override readonly choice = "first";
}

/** Takes the edges that its function names, or else every edge whose condition holds. */
export class InclusiveGateway<Data = AnyData> extends BuiltInGateway<Data> {
  override readonly choice = "holding";
}

/** Takes every edge, whatever its condition. */
export class ParallelGateway<Data = AnyData> extends BuiltInGateway<Data> {
  override readonly choice = "all";

  constructor(options?: NamedStepOptions<Data>) {
    super(options);
  }
}
