import { type ASTNode, Environment } from "@marcbachmann/cel-js";
import { ExpressionError, InvalidConditionError } from "../errors.ts";

/** A CEL expression that has been parsed and checked, to be evaluated as often as needed. */
export interface Expression {
  /** The top-level names that it reads: only these need to be looked up. */
  readonly variables: readonly string[];
  /** What it gives as far as can be known beforehand: `bool`, `string`, …; `dyn` if it depends. */
  readonly resultType: string;
  /**
   * The expression's value, in plain JavaScript: whole numbers are numbers, never BigInt. Variables
   * that are missing or undefined are unknown: reading one throws, `has(name)` tells whether it is
   * there.
   *
   * @throws ExpressionError if it reads what is not there or applies an operator to wrong types.
   */
  evaluate(variables: Readonly<Record<string, unknown>>): unknown;
}

/**
 * JSON knows one kind of number and CEL three, so `amount + 1` would be double + int, which CEL
 * refuses. Here the two mix; the result is a double.
 */
function createEnvironment(): Environment {
  const environment = new Environment({
    unlistedVariablesAreDyn: true,
    homogeneousAggregateLiterals: false,
    enableOptionalTypes: true,
  });
  const operators: readonly [string, (a: number, b: number) => number][] = [
    ["+", (a, b) => a + b],
    ["-", (a, b) => a - b],
    ["*", (a, b) => a * b],
    ["/", (a, b) => a / b],
    ["%", (a, b) => a % b],
  ];
  for (const [operator, apply] of operators) {
    const mixed = (a: unknown, b: unknown) => apply(Number(a), Number(b));
    environment.registerOperator(`int ${operator} double: double`, mixed);
    environment.registerOperator(`double ${operator} int: double`, mixed);
  }
  environment.registerOperator("double % double: double", (a, b) => a % b);
  return environment;
}

const environment = createEnvironment();

/**
 * CEL has no way to ask whether a variable exists: `has(name)` is read as
 * `has(allVariables.name)`.
 */
const allVariables = "__variables";

/**
 * Parses and checks an expression.
 *
 * @throws InvalidConditionError saying what is wrong with it.
 */
export function compileExpression(source: string): Expression {
  const { run, asksFor, variables } = parse(source);
  const { valid, type, error } = run.check();
  if (!valid) throw refuse(source, error);

  return {
    variables,
    resultType: type ?? "dyn",
    evaluate: (values) => {
      const known = new Map<string, unknown>();
      for (const name of variables) {
        if (Object.hasOwn(values, name) && values[name] !== undefined)
          known.set(name, values[name]);
      }
      if (asksFor) known.set(allVariables, new Map(known));
      try {
        return toPlain(run(known));
      } catch (error) {
        throw new ExpressionError(`${JSON.stringify(source)}: ${summaryOf(error)}`, {
          cause: error,
        });
      }
    },
  };
}

function parse(source: string) {
  try {
    const first = environment.parse(source);
    const names = freeNames(first.ast);
    if (names.asked.length === 0) return { run: first, asksFor: false, variables: names.free };
    const rewritten = names.asked.toSorted((a, b) => b.start - a.start).reduce(qualify, source);
    return { run: environment.parse(rewritten), asksFor: true, variables: names.free };
  } catch (error) {
    throw refuse(source, error);
  }
}

const qualify = (source: string, name: ASTNode) =>
  `${source.slice(0, name.start)}${allVariables}.${source.slice(name.start)}`;

function refuse(source: string, error: unknown): InvalidConditionError {
  const message = `the expression ${JSON.stringify(source)} is not valid CEL: ${summaryOf(error)}`;
  return new InvalidConditionError(message, { cause: error });
}

/**
 * The library's messages repeat the source with a pointer on further lines; the first line is
 * enough.
 */
function summaryOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.split("\n", 1)[0] ?? message;
}

// ---------------------------------------------------------------------------- which names are read

interface Names {
  readonly free: readonly string[];
  /** The arguments of `has(name)`. */
  readonly asked: readonly ASTNode[];
}

/** Macros whose first argument names a variable that only the other arguments see. */
const macros: ReadonlySet<string> = new Set([
  "all",
  "exists",
  "exists_one",
  "map",
  "filter",
  "bind",
]);

function freeNames(root: ASTNode): Names {
  const free = new Set<string>();
  const asked: ASTNode[] = [];

  function visit(node: ASTNode, bound: ReadonlySet<string>): void {
    switch (node.op) {
      case "value":
        return;
      case "id":
        if (!bound.has(node.args) && !environment.hasVariable(node.args)) free.add(node.args);
        return;
      case "rcall": {
        const [name, receiver, args] = node.args;
        visit(receiver, bound);
        visitAll(args, macros.has(name) ? bind(args, bound) : bound);
        return;
      }
      case "call": {
        const [name, args] = node.args;
        const [only] = args;
        if (name === "has" && only?.op === "id" && !bound.has(only.args)) asked.push(only);
        visitAll(args, bound);
        return;
      }
      case ".":
      case ".?":
        visit(node.args[0], bound);
        return;
      default:
        visitAll(nodesIn(node.args), bound);
    }
  }

  function visitAll(nodes: readonly ASTNode[], bound: ReadonlySet<string>): void {
    for (const node of nodes) visit(node, bound);
  }

  visit(root, new Set());
  return { free: [...free], asked };
}

function bind(args: readonly ASTNode[], bound: ReadonlySet<string>): ReadonlySet<string> {
  const [first] = args;
  return args.length > 1 && first?.op === "id" ? new Set([...bound, first.args]) : bound;
}

/** The operands of a node, be they one, a list, or a list of pairs. */
function nodesIn(args: unknown): ASTNode[] {
  if (Array.isArray(args)) return args.flatMap(nodesIn);
  return typeof args === "object" && args !== null && "op" in args ? [args as ASTNode] : [];
}

// ---------------------------------------------------------------------------------- what comes out

function toPlain(value: unknown): unknown {
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(toPlain);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map) return Object.fromEntries([...value].map(plainEntry));
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) {
    return Object.fromEntries(Object.entries(value).map(plainEntry));
  }
  return String(value);
}

const plainEntry = ([key, value]: readonly [unknown, unknown]): [string, unknown] => [
  String(key),
  toPlain(value),
];
