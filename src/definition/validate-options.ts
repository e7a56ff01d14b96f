import {
  InvalidConditionError,
  InvalidNameError,
  InvalidOptionError,
  type WorkflowsError,
} from "../errors.ts";
import { compileExpression } from "./expression.ts";

/** Takes each problem as it is found. */
export type Report = (problem: WorkflowsError) => void;

/** What a value must be: a test, and the words that finish "it must be …". */
export interface Rule {
  readonly accepts: (value: unknown) => boolean;
  readonly words: string;
}

const rule = (accepts: (value: unknown) => boolean, words: string): Rule => ({ accepts, words });

const isWhole = (value: unknown, least: number) =>
  Number.isSafeInteger(value) && Number(value) >= least;
const isText = (value: unknown) => typeof value === "string" && value !== "";
const isFunction = (value: unknown) => typeof value === "function";
const isTextList = (value: unknown) => Array.isArray(value) && value.every(isText);

export const rules = {
  count: rule((value) => isWhole(value, 1), "a whole number, 1 or more"),
  duration: rule((value) => isWhole(value, 1), "a whole number of milliseconds, 1 or more"),
  delay: rule(
    (value) => Number.isFinite(value) && Number(value) >= 0,
    "a number of milliseconds, 0 or more",
  ),
  wait: rule(
    (value) => isFunction(value) || isWhole(value, 0),
    "a whole number of milliseconds, 0 or more, or a function that gives it",
  ),
  factor: rule((value) => Number.isFinite(value) && Number(value) >= 1, "a number, 1 or more"),
  share: rule(
    (value) => Number.isFinite(value) && Number(value) >= 0 && Number(value) <= 1,
    "a number from 0 to 1",
  ),
  flag: rule((value) => typeof value === "boolean", "true or false"),
  text: rule((value) => typeof value === "string", "a string"),
  word: rule(isText, "a string that is not empty"),
  code: rule(isFunction, "a function"),
  textOrCode: rule(
    (value) => typeof value === "string" || isFunction(value),
    "a string or a function of the context",
  ),
  wordOrCode: rule(
    (value) => isText(value) || isFunction(value),
    "a string that is not empty or a function of the context",
  ),
  words: rule(isTextList, "a list of strings"),
  wordsOrCode: rule(
    (value) => isTextList(value) || isFunction(value),
    "a list of strings or a function of the context",
  ),
} as const satisfies Record<string, Rule>;

/** One of a few words. */
export function oneOf(...choices: readonly string[]): Rule {
  const list = choices.map((choice) => `"${choice}"`).join(", ");
  return rule((value) => typeof value === "string" && choices.includes(value), `one of ${list}`);
}

/** Reports an option that is given and breaks its rule. */
export function checkOption(
  where: string,
  options: object,
  name: string,
  { accepts, words }: Rule,
  report: Report,
): void {
  const value: unknown = Reflect.get(options, name);
  if (value === undefined || accepts(value)) return;
  report(new InvalidOptionError(`${where}: ${name} is ${show(value)}; it must be ${words}.`));
}

/** Like `checkOption`, for an option that must be given. */
export function checkRequired(
  where: string,
  options: object,
  name: string,
  needed: Rule,
  report: Report,
): void {
  if (Reflect.get(options, name) === undefined) {
    report(new InvalidOptionError(`${where}: ${name} is missing; it must be ${needed.words}.`));
  } else {
    checkOption(where, options, name, needed, report);
  }
}

/** Reports a CEL string that gives no boolean, does not parse, or reads anything but `only`. */
export function checkExpression(
  where: string,
  source: string,
  report: Report,
  only?: readonly string[],
): void {
  try {
    const { resultType, variables } = compileExpression(source);
    if (resultType !== "bool" && resultType !== "dyn") {
      report(
        new InvalidConditionError(
          `${where}: the expression ${JSON.stringify(source)} gives ${resultType}; ` +
            "it must give true or false.",
        ),
      );
    }
    const other = only && variables.find((name) => !only.includes(name));
    if (other !== undefined) {
      report(
        new InvalidConditionError(
          `${where}: the expression ${JSON.stringify(source)} reads "${other}"; ` +
            `it can read only ${only?.map((name) => `"${name}"`).join(", ")}.`,
        ),
      );
    }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    report(new InvalidConditionError(`${where}: ${message}.`, { cause: error }));
  }
}

const maxNameLength = 200;

/** Why a name cannot stand in a path; undefined if it can. */
function nameProblem(name: unknown): string | undefined {
  if (typeof name !== "string") return `it is ${show(name)} and must be a string`;
  if (name === "") return "it is empty";
  if (name.length > maxNameLength) {
    return `it has ${name.length} characters; at most ${maxNameLength} are allowed`;
  }
  if (name === "__proto__") return "JavaScript gives this word a meaning of its own";
  const wrong = /[^\p{L}\p{M}\p{N}_-]/u.exec(name)?.[0];
  if (wrong === undefined) return undefined;
  return `it contains ${JSON.stringify(wrong)}; use letters, digits, "_" and "-"`;
}

/** Reports a name that cannot stand in a path. */
export function checkName(what: string, name: unknown, report: Report): boolean {
  const problem = nameProblem(name);
  if (problem === undefined) return true;
  const shown = typeof name === "string" ? ` ${JSON.stringify(name.slice(0, maxNameLength))}` : "";
  report(new InvalidNameError(`${what}${shown} cannot be part of a path: ${problem}.`));
  return false;
}

/** A value as a message shows it: short, whatever it is. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
    case "function":
      return isClass(value) ? `the class ${value.name}` : "a function";
    case "object":
      return value === null ? "null" : showObject(value);
    case "bigint":
      return `${value}n`;
    default:
      return String(value);
  }
}

function showObject(value: object): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (value instanceof Date && Number.isNaN(value.getTime())) return "an invalid date";
  const made: unknown = Object.getPrototypeOf(value)?.constructor;
  if (typeof made !== "function" || made === Object) return "an object";
  return `an instance of ${made.name}`;
}

/** Whether a function can only be called with `new`. */
export function isClass(value: unknown): value is { readonly name: string } {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}
