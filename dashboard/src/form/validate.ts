import { formatCount } from "../format.ts";
import {
  asSchema,
  choicesOf,
  dereference,
  isObject,
  type JsonSchema,
  listOf,
  schemasOf,
} from "./json-schema.ts";

export interface Problem {
  readonly path: readonly string[];
  readonly message: string;
}

interface Check {
  readonly root: JsonSchema;
  readonly problems: Problem[];
}

/** What is wrong with a value, in words for the person who fills the form in. */
export function validate(root: JsonSchema, value: unknown): readonly Problem[] {
  const check: Check = { root, problems: [] };
  visit(check, root, value, [], 0);
  const known = new Map<string, Problem>();
  for (const problem of check.problems) {
    const key = problem.path.join("/");
    if (!known.has(key)) known.set(key, problem);
  }
  return [...known.values()];
}

export function isValid(root: JsonSchema, schema: JsonSchema, value: unknown): boolean {
  const check: Check = { root, problems: [] };
  visit(check, schema, value, [], 0);
  return check.problems.length === 0;
}

type Path = readonly string[];

function visit(check: Check, given: unknown, value: unknown, path: Path, depth: number): void {
  const add = (message: string, at: Path = path) => check.problems.push({ path: at, message });
  if (given === false) return void add("Nothing may be given here.");
  const unresolved = asSchema(given);
  if (unresolved === undefined || depth > 40) return;
  const schema = dereference(check.root, unresolved);
  if (!hasType(schema.type, value)) return void add(typeMessage(schema.type, value));
  checkChoice(schema, value, add);
  if (typeof value === "string") checkText(schema, value, add);
  if (typeof value === "number") checkNumber(schema, value, add);
  if (Array.isArray(value)) checkList(check, schema, value, path, depth, add);
  if (isObject(value)) checkObject(check, schema, value, path, depth, add);
  checkParts(check, schema, value, path, depth, add);
}

type Add = (message: string, at?: Path) => void;

function hasType(type: unknown, value: unknown): boolean {
  if (type === undefined) return true;
  return (Array.isArray(type) ? type : [type]).some((name) => {
    switch (name) {
      case "null":
        return value === null;
      case "array":
        return Array.isArray(value);
      case "object":
        return isObject(value);
      case "integer":
        return Number.isInteger(value);
      case "number":
        return typeof value === "number" && Number.isFinite(value);
      default:
        return typeof value === name;
    }
  });
}

function typeMessage(type: unknown, value: unknown): string {
  if (value === undefined || value === null) return "This is needed.";
  const name = Array.isArray(type) ? type[0] : type;
  if (name === "integer") return "Give a whole number.";
  if (name === "number") return "Give a number.";
  if (name === "boolean") return "Choose yes or no.";
  return `Give a value of type ${String(name)}.`;
}

const same = (a: unknown, b: unknown): boolean =>
  a === b || (typeof a === "object" && JSON.stringify(a) === JSON.stringify(b));

function checkChoice(schema: JsonSchema, value: unknown, add: Add): void {
  if (Array.isArray(schema.enum) && !schema.enum.some((item) => same(item, value))) {
    add(
      `Choose one of ${choicesOf(schema)
        .map(({ label }) => label)
        .join(", ")}.`,
    );
  }
  if ("const" in schema && !same(schema.const, value)) {
    add(schema.const === true ? "This must be confirmed." : `This must be ${schema.const}.`);
  }
}

function checkText(schema: JsonSchema, value: string, add: Add): void {
  const { minLength, maxLength, pattern, format } = schema;
  const size = [...value].length;
  if (typeof minLength === "number" && size < minLength) {
    add(size === 0 ? "This is needed." : `Give at least ${minLength} characters.`);
  }
  if (typeof maxLength === "number" && size > maxLength) {
    add(`Give at most ${maxLength} characters; these are ${size}.`);
  }
  if (typeof pattern === "string" && !matches(pattern, value)) {
    const hint = schema["x-pattern-hint"];
    add(typeof hint === "string" ? hint : `This does not have the form ${pattern}.`);
  }
  if (typeof format === "string" && formats[format]?.test(value) === false) {
    add(formatMessages[format] ?? `This is no ${format}.`);
  }
}

function matches(pattern: string, value: string): boolean {
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

interface Tester {
  test(value: string): boolean;
}

const isDay = (text: string) => {
  const day = /^(\d{4})-(\d\d)-(\d\d)/.exec(text);
  if (day === null) return false;
  const date = new Date(`${day[0]}T00:00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day[0]);
};

const formats: Readonly<Record<string, Tester>> = {
  email: /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  date: { test: (text) => text.length === 10 && isDay(text) },
  "date-time": {
    test: (text) => isDay(text) && /T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(text),
  },
  time: /^\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?$/,
  uri: /^[a-z][a-z0-9+.-]*:\S+$/i,
  uuid: /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i,
};

const formatMessages: Readonly<Record<string, string>> = {
  email: "Give an e-mail address, such as ada@example.com.",
  date: "Give a date.",
  "date-time": "Give a date and a time.",
  time: "Give a time.",
  uri: "Give an address that begins with https:// or such.",
  uuid: "Give a UUID.",
};

function checkNumber(schema: JsonSchema, value: number, add: Add): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema;
  if (typeof minimum === "number" && value < minimum) add(`Give at least ${formatCount(minimum)}.`);
  if (typeof maximum === "number" && value > maximum) add(`Give at most ${formatCount(maximum)}.`);
  if (typeof exclusiveMinimum === "number" && value <= exclusiveMinimum) {
    add(`Give more than ${formatCount(exclusiveMinimum)}.`);
  }
  if (typeof exclusiveMaximum === "number" && value >= exclusiveMaximum) {
    add(`Give less than ${formatCount(exclusiveMaximum)}.`);
  }
  if (typeof multipleOf === "number" && multipleOf > 0) {
    const times = value / multipleOf;
    if (Math.abs(times - Math.round(times)) > 1e-9) add(`Give a multiple of ${multipleOf}.`);
  }
}

function checkList(
  check: Check,
  schema: JsonSchema,
  value: readonly unknown[],
  path: Path,
  depth: number,
  add: Add,
): void {
  const { minItems, maxItems, uniqueItems, items, contains } = schema;
  const entries = (count: number) => (count === 1 ? "1 entry" : `${count} entries`);
  if (typeof minItems === "number" && value.length < minItems) {
    add(`Give at least ${entries(minItems)}.`);
  }
  if (typeof maxItems === "number" && value.length > maxItems) {
    add(`Give at most ${entries(maxItems)}.`);
  }
  if (
    uniqueItems === true &&
    new Set(value.map((item) => JSON.stringify(item))).size < value.length
  ) {
    add("No two entries may be the same.");
  }
  const first = listOf(schema.prefixItems);
  value.forEach((item, index) => {
    const itemSchema = index < first.length ? first[index] : items;
    if (itemSchema !== undefined) visit(check, itemSchema, item, [...path, `${index}`], depth + 1);
  });
  const wanted = asSchema(contains);
  if (wanted && !value.some((item) => isValid(check.root, wanted, item))) {
    add("One entry that is needed is missing.");
  }
}

function checkObject(
  check: Check,
  schema: JsonSchema,
  value: Record<string, unknown>,
  path: Path,
  depth: number,
  add: Add,
): void {
  const needed = listOf(schema.required).filter((name) => typeof name === "string");
  const dependent = isObject(schema.dependentRequired) ? schema.dependentRequired : {};
  for (const [name, others] of Object.entries(dependent)) {
    if (value[name] !== undefined) needed.push(...(listOf(others) as string[]));
  }
  for (const name of needed) {
    if (value[name] === undefined) add("This is needed.", [...path, name]);
  }
  const properties = schemasOf(schema.properties);
  for (const [name, property] of properties) {
    if (value[name] === undefined) continue;
    visit(check, property, value[name], [...path, name], depth + 1);
  }
  for (const [name, dependentSchema] of schemasOf(schema.dependentSchemas)) {
    if (value[name] !== undefined) visit(check, dependentSchema, value, path, depth + 1);
  }
  if (schema.additionalProperties === false && schema.patternProperties === undefined) {
    const known = new Set(properties.map(([name]) => name));
    for (const name of Object.keys(value)) {
      if (!known.has(name)) add(`"${name}" is no field of this form.`, [...path, name]);
    }
  }
}

function checkParts(
  check: Check,
  schema: JsonSchema,
  value: unknown,
  path: Path,
  depth: number,
  add: Add,
): void {
  for (const part of listOf(schema.allOf)) visit(check, part, value, path, depth + 1);
  const holds = (part: unknown) => {
    const partSchema = asSchema(part);
    return partSchema === undefined ? part !== false : isValid(check.root, partSchema, value);
  };
  if (schema.if !== undefined) {
    visit(check, holds(schema.if) ? schema.then : schema.else, value, path, depth + 1);
  }
  const choices = choicesOf(schema);
  const said = () =>
    choices.length > 0
      ? `Choose one of ${choices.map(({ label }) => label).join(", ")}.`
      : "This fits none of the forms that are allowed.";
  if (Array.isArray(schema.anyOf) && !schema.anyOf.some(holds)) add(said());
  if (Array.isArray(schema.oneOf) && schema.oneOf.filter(holds).length !== 1) add(said());
  if (schema.not !== undefined && holds(schema.not)) add("This is not allowed.");
}
