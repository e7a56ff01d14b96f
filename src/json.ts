import { NotJsonError } from "./errors.ts";

export type JsonValue =
  | string
  | number
  | boolean
  | null
  | readonly JsonValue[]
  | { readonly [key: string]: JsonValue };

/**
 * Gives a frozen copy of a JSON value, so that nobody who holds the original (or the copy) can
 * change what was recorded. Refuses everything that a database would lose or change.
 *
 * @param subject what the value is, for the message: `context.set("total")`.
 * @throws NotJsonError naming the subject and the path inside the value.
 */
export function toJson(value: unknown, subject: string): JsonValue {
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  try {
    return copy(value, 0);
  } catch (error) {
    if (error instanceof Refusal) throw error.toNotJson(subject, value);
    throw error;
  }
}

const maxDepth = 500;

function copy(value: unknown, depth: number): JsonValue {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value;
    case "number":
      // JSON has no negative zero; adding 0 makes it the positive one.
      if (Number.isFinite(value)) return value + 0;
      throw new Refusal(String(value), "numbers must be finite");
    case "object":
      if (value === null) return null;
      if (depth >= maxDepth) throw new Refusal(`more than ${maxDepth} levels`, "flatten the value");
      return Array.isArray(value) ? copyArray(value, depth + 1) : copyObject(value, depth + 1);
    case "undefined":
      throw new Refusal("undefined", "leave the key out, or use null");
    case "bigint":
      throw new Refusal(`${value}n`, "use a number or a string");
    default:
      throw new Refusal(
        `a ${typeof value}`,
        "only strings, numbers, booleans, null, arrays and plain objects can be stored",
      );
  }
}

function copyArray(value: readonly unknown[], depth: number): JsonValue {
  const result = new Array<JsonValue>(value.length);
  let index = 0;
  try {
    for (; index < value.length; index++) {
      const inner = value[index];
      if (inner === undefined && !(index in value)) {
        throw new Refusal("a hole", "fill every place of the list, with null if need be");
      }
      result[index] = copy(inner, depth);
    }
  } catch (error) {
    if (error instanceof Refusal) error.path.unshift(index);
    throw error;
  }
  return Object.freeze(result);
}

function copyObject(value: object, depth: number): JsonValue {
  if (!isPlain(value)) throw refuseInstance(value);
  if (Object.getOwnPropertySymbols(value).length > 0) {
    throw new Refusal("a key that is a symbol", "use a string as the key");
  }
  const result: Record<string, JsonValue> = {};
  let key = "";
  try {
    for (key of Object.keys(value)) {
      const inner = copy((value as Record<string, unknown>)[key], depth);
      // A plain assignment to "__proto__" would change the prototype instead of setting a key.
      if (key === "__proto__") Object.defineProperty(result, key, ownValue(inner));
      else result[key] = inner;
    }
  } catch (error) {
    if (error instanceof Refusal) error.path.unshift(key);
    throw error;
  }
  return Object.freeze(result);
}

/** Also true for objects of another realm, such as a test runner's sandbox. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return (
    Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, "isPrototypeOf")
  );
}

function refuseInstance(value: object): Refusal {
  const name = Object.getPrototypeOf(value).constructor?.name || "a class";
  const found = `an instance of ${name}`;
  if (value instanceof Date) return new Refusal(found, "use value.toISOString()");
  if (value instanceof Map) return new Refusal(found, "use Object.fromEntries(value)");
  if (value instanceof Set) return new Refusal(found, "use [...value]");
  if (value instanceof Promise) return new Refusal(found, "await it first");
  return new Refusal(found, "use a plain object");
}

const ownValue = (value: JsonValue) => ({
  value,
  enumerable: true,
  configurable: true,
  writable: true,
});

/**
 * Travels up from where the value is not JSON and gathers the path, which nothing else pays for.
 */
class Refusal extends Error {
  readonly path: (string | number)[] = [];
  readonly #found: string;
  readonly #advice: string;

  constructor(found: string, advice: string) {
    super(found);
    this.#found = found;
    this.#advice = advice;
  }

  toNotJson(subject: string, value: unknown): NotJsonError {
    const cycle = this.path.length >= maxDepth ? findCycle(value, this.path) : undefined;
    const [found, advice, path] = cycle
      ? ["a cycle", "a value may not contain itself", cycle]
      : [this.#found, this.#advice, this.path.length >= maxDepth ? [] : this.path];
    const where = path.length === 0 ? "" : ` at ${formatPath(path)}`;
    return new NotJsonError(`${subject}: found ${found}${where}, which is not JSON; ${advice}.`);
  }
}

/** The part of a path after which it comes back to an object that it had passed. */
function findCycle(
  value: unknown,
  path: readonly (string | number)[],
): readonly (string | number)[] | undefined {
  const passed = new Set<unknown>();
  let current = value;
  for (const [length, key] of path.entries()) {
    if (passed.has(current)) return path.slice(0, length);
    passed.add(current);
    if (typeof current !== "object" || current === null) return undefined;
    current = Reflect.get(current, key);
  }
  return undefined;
}

function formatPath(path: readonly (string | number)[]): string {
  return path
    .map((key) => {
      if (typeof key === "number") return `[${key}]`;
      return /^[\p{L}_$][\p{L}\p{N}_$-]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    })
    .join("")
    .replace(/^\./, "");
}

/** Whether two JSON values are equal, whatever the order of their keys. */
export function isSameJson(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false;
    return a.every((value, index) => isSameJson(value, b[index]));
  }
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every(
    (key) =>
      Object.hasOwn(b, key) &&
      isSameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  );
}

/** The value of a JSON text, frozen all through like what `toJson` gives. */
export function parseFrozen(text: string): unknown {
  return freezeAll(JSON.parse(text));
}

function freezeAll(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) for (const inner of value) freezeAll(inner);
  else for (const key in value) freezeAll((value as Record<string, unknown>)[key]);
  return Object.freeze(value);
}
