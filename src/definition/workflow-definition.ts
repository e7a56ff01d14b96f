import type { StandardSchemaV1 } from "@standard-schema/spec";
import { InvalidDefinitionError } from "../errors.ts";
import type { AnyData } from "./context.ts";
import type { Edge } from "./edge.ts";
import type { JsonSchema } from "./form-data.ts";
import type { WorkflowNode } from "./group.ts";
import { validateDefinition } from "./validate.ts";

/**
 * How two writes of the same key become one value:
 * - `"append"`: concatenates an array, pushes anything else;
 * - `"merge"`: the keys of both objects, the new one's first;
 * - `"sum"`: numbers added;
 * - or a pure function of the old value (undefined at first) and the new one.
 */
export type Reducer =
  | "append"
  | "merge"
  | "sum"
  // biome-ignore lint/suspicious/noExplicitAny: reducers are written for the values of their key
  | ((old: any, written: any) => unknown);

/** A terminal step ends its path; with `terminate`, it ends the whole instance. */
export type TerminalStep<Name extends string> =
  | Name
  | { readonly step: Name; readonly terminate?: boolean };

export interface WorkflowDefinitionOptions<
  Steps extends Readonly<Record<string, WorkflowNode>>,
  Data = AnyData,
  Input = Data,
> {
  readonly name: string;
  /** A semantic version, such as `1.0.0`. */
  readonly version?: string;
  readonly description?: string;
  readonly steps: Steps;
  readonly edges?: readonly Edge<
    NoInfer<keyof Steps & string>,
    NoInfer<keyof Steps & string>,
    NoInfer<Data>
  >[];
  readonly initialStep: NoInfer<keyof Steps & string>;
  readonly terminalSteps: Iterable<TerminalStep<NoInfer<keyof Steps & string>>>;
  /**
   * What initial data must fit: a JSON Schema, or a Standard Schema, which also gives the types of
   * `initialData` and of the context's data.
   */
  readonly inputSchema?: StandardSchemaV1<Input, Data> | JsonSchema;
  /** How concurrent or repeated writes of a key combine; the later write wins unless told. */
  readonly reducers?: Readonly<Record<string, Reducer>>;
  /**
   * Runs `compensate` of every succeeded step, latest first, when an instance fails or is
   * cancelled.
   */
  readonly compensate?: boolean;
}

/** A terminal step as the definition keeps it. */
export interface Terminal {
  readonly step: string;
  readonly terminate: boolean;
}

/**
 * A blueprint: named steps and groups, and the edges between them. It is checked when it is built.
 *
 * @throws InvalidDefinitionError with every problem at once.
 */
export class WorkflowDefinition<
  const Steps extends Readonly<Record<string, WorkflowNode>> = Readonly<
    Record<string, WorkflowNode>
  >,
  Data = AnyData,
  Input = Data,
> {
  readonly name: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly steps: Steps;
  readonly edges: readonly Edge<string, string, Data>[];
  readonly initialStep: keyof Steps & string;
  readonly terminalSteps: readonly Terminal[];
  readonly inputSchema: StandardSchemaV1<Input, Data> | JsonSchema | undefined;
  readonly reducers: Readonly<Record<string, Reducer>>;
  readonly compensate: boolean;

  constructor(options: WorkflowDefinitionOptions<Steps, Data, Input>) {
    if (typeof options !== "object" || options === null) {
      throw new InvalidDefinitionError("(unnamed)", validateDefinition(options));
    }
    this.name = options.name;
    this.version = options.version ?? "1.0.0";
    this.description = options.description;
    this.steps = frozenCopy(options.steps);
    this.edges = frozenList(options.edges ?? []);
    this.initialStep = options.initialStep;
    this.terminalSteps = toTerminals(options.terminalSteps);
    this.inputSchema = options.inputSchema;
    this.reducers = frozenCopy(options.reducers ?? {});
    this.compensate = options.compensate ?? false;

    const problems = validateDefinition(this);
    if (problems.length > 0) throw new InvalidDefinitionError(this.name, problems);
    Object.freeze(this);
  }
}

// What plain JavaScript gives in place of an object or a list is kept: validation names it.

function frozenCopy<Value extends object>(value: Value): Value {
  const isTable = typeof value === "object" && !Array.isArray(value) && !(value instanceof Map);
  return isTable ? Object.freeze({ ...value }) : value;
}

function frozenList<Item>(items: Iterable<Item>): readonly Item[] {
  const isList = typeof items === "object" && items !== null && Symbol.iterator in items;
  return isList ? Object.freeze([...items]) : (items as readonly Item[]);
}

function toTerminals(terminals: Iterable<TerminalStep<string>>): readonly Terminal[] {
  const list = frozenList(terminals);
  return Array.isArray(list) ? frozenList(list.map(toTerminal)) : (list as readonly Terminal[]);
}

function toTerminal(terminal: TerminalStep<string>): Terminal {
  if (typeof terminal === "string") return { step: terminal, terminate: false };
  const isTable = typeof terminal === "object" && terminal !== null;
  return isTable ? { step: terminal.step, terminate: terminal.terminate ?? false } : terminal;
}

/** A definition whatever its steps and data. */
// biome-ignore lint/suspicious/noExplicitAny: a registry holds definitions of every data type
export type AnyDefinition = WorkflowDefinition<any, any, any>;

/** The type of the data that a definition's instances work on; any object where none was given. */
export type DataOf<Definition> =
  // biome-ignore lint/suspicious/noExplicitAny: matches whatever the other types are
  Definition extends WorkflowDefinition<any, infer Data, any> ? Known<Data> : OpenData;

/** The type of the `initialData` with which a definition's instances start. */
export type InputOf<Definition> =
  // biome-ignore lint/suspicious/noExplicitAny: matches whatever the other types are
  Definition extends WorkflowDefinition<any, any, infer Input> ? Known<Input> : OpenData;

/** Every object fits, one whose type is an interface too. */
// biome-ignore lint/suspicious/noExplicitAny: with unknown, interfaces would be refused
export type OpenData = Readonly<Record<string, any>>;

/** Replaces `any`, which would accept what is no object. */
type Known<Data> = 0 extends 1 & Data ? OpenData : Data;
