/**
 * The part of JSON Schema (draft 2020-12) that a form needs, read without compiling code: the content
 * security policy forbids `new Function`. What a keyword here does not know, the server still checks.
 */

export type JsonSchema = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const asSchema = (value: unknown): JsonSchema | undefined =>
  isObject(value) ? value : undefined;

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The named subschemas under a keyword such as `properties`. */
export function schemasOf(value: unknown): readonly (readonly [string, JsonSchema])[] {
  if (!isObject(value)) return [];
  return Object.entries(value).map(([name, schema]) => [name, asSchema(schema) ?? {}] as const);
}

/** Follows `$ref` inside the document; a loop or an unknown place ends in a schema without rules. */
export function dereference(root: JsonSchema, schema: JsonSchema): JsonSchema {
  let current = schema;
  for (let hops = 0; typeof current.$ref === "string" && hops < 32; hops++) {
    const { $ref, ...beside } = current;
    const target = asSchema(lookUp(root, $ref as string)) ?? {};
    current = { ...target, ...beside };
  }
  return current;
}

function lookUp(root: JsonSchema, ref: string): unknown {
  if (!ref.startsWith("#")) return undefined;
  let place: unknown = root;
  for (const part of ref.slice(1).split("/").slice(1)) {
    const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
    if (typeof place !== "object" || place === null) return undefined;
    place = Reflect.get(place, key);
  }
  return place;
}

export type JsonType = "string" | "number" | "integer" | "boolean" | "object" | "array" | "null";

/** The type that a value of this schema has first of all. */
export function typeOf(schema: JsonSchema): JsonType | undefined {
  const { type } = schema;
  const types = (Array.isArray(type) ? type : [type]) as readonly (JsonType | undefined)[];
  const given = types.find((name) => name !== "null" && name !== undefined);
  if (given !== undefined) return given;
  if (schema.properties !== undefined) return "object";
  if (schema.items !== undefined || schema.prefixItems !== undefined) return "array";
  const sample = choicesOf(schema)[0]?.value ?? schema.const;
  if (typeof sample === "string" || typeof sample === "boolean") return typeof sample as JsonType;
  if (typeof sample === "number") return "number";
  return undefined;
}

export interface Choice {
  readonly value: unknown;
  readonly label: string;
  readonly help: string | undefined;
}

/** What may be chosen: an `enum`, or a `oneOf`/`anyOf` of constants with titles. */
export function choicesOf(schema: JsonSchema): readonly Choice[] {
  if (Array.isArray(schema.enum)) {
    const names = listOf(schema["x-enum-labels"] ?? schema["ui:enumNames"]);
    return schema.enum.map((value: unknown, index) => ({
      value,
      label: typeof names[index] === "string" ? names[index] : String(value ?? "none"),
      help: undefined,
    }));
  }
  const options = listOf(schema.oneOf ?? schema.anyOf).map(asSchema);
  if (options.length === 0 || !options.every((option) => option && "const" in option)) return [];
  return options.map((option) => ({
    value: option?.const,
    label: typeof option?.title === "string" ? option.title : String(option?.const),
    help: typeof option?.description === "string" ? option.description : undefined,
  }));
}

export const textOf = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value : undefined;

/** What a form begins with: defaults, and nothing where there is none. */
export function initialValue(root: JsonSchema, given: JsonSchema, depth = 0): unknown {
  const schema = dereference(root, given);
  if ("default" in schema) return structuredClone(schema.default);
  // What is to be confirmed is not confirmed beforehand.
  if ("const" in schema && typeof schema.const !== "boolean") return schema.const;
  if (typeOf(schema) !== "object" || depth > 12) return undefined;
  const value: Record<string, unknown> = {};
  for (const part of [schema, ...listOf(schema.allOf).map((item) => asSchema(item) ?? {})]) {
    for (const [name, property] of schemasOf(dereference(root, part).properties)) {
      const first = initialValue(root, property, depth + 1);
      if (first !== undefined) value[name] = first;
    }
  }
  return value;
}
