import type { AnyData, ReadonlyContext } from "./context.ts";

/** A pure function of the committed context, or a CEL expression on the context's data. */
export type Condition<Data = AnyData> = string | ((context: ReadonlyContext<Data>) => boolean);

export interface EdgeOptions<Data = AnyData> {
  /** The edge is taken when this holds; an edge without a condition always is. */
  readonly condition?: Condition<Data>;
  /** Taken when no conditional edge of the same source was. */
  readonly otherwise?: boolean;
  /** For which end of its source the edge is meant; `"success"` unless told. */
  readonly on?: "success" | "failure" | "always" | "cancel";
  /** What the picture writes beside the edge. */
  readonly label?: string;
}

/** Where control goes when `source` has ended. */
export class Edge<Source extends string = string, Target extends string = string, Data = AnyData>
  implements EdgeOptions<Data>
{
  readonly source: Source;
  readonly target: Target;
  readonly condition?: Condition<Data>;
  readonly otherwise?: boolean;
  readonly on?: "success" | "failure" | "always" | "cancel";
  readonly label?: string;

  constructor(source: Source, target: Target, options: EdgeOptions<Data> = {}) {
    this.source = source;
    this.target = target;
    Object.assign(this, options);
  }
}
