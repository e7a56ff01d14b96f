import type { JsonSchema } from "../definition/form-data.ts";
import type { Random } from "./random.ts";

const byFormat: Readonly<Record<string, string>> = {
  date: "2030-01-15",
  "date-time": "2030-01-15T12:00:00Z",
  time: "12:00:00Z",
  email: "ada@example.com",
  uri: "https://example.com/",
  uuid: "7d444840-9dc0-11d1-b245-5ffdce74fad2",
};

/** Data that somebody could fill into a form: a guess that fits what most schemas say. */
export function sampleOf(schema: JsonSchema | boolean | undefined, random: Random): unknown {
  if (typeof schema !== "object") return {};
  const { const: only, enum: choices, oneOf, anyOf } = schema as Record<string, unknown>;
  if (only !== undefined) return only;
  if (Array.isArray(choices)) return random.pick(choices);
  const alternatives = oneOf ?? anyOf;
  if (Array.isArray(alternatives)) return sampleOf(random.pick(alternatives), random);
  const { type } = schema as { readonly type?: string | readonly string[] };
  switch (typeof type === "string" ? type : type?.[0]) {
    case "boolean":
      return random.chance(0.5);
    case "integer":
    case "number":
      return sampleNumber(schema as NumberSchema, random);
    case "string":
      return sampleText(schema as TextSchema);
    case "array":
      return sampleList(schema as ListSchema, random);
    case "null":
      return null;
    default:
      return sampleObject(schema as ObjectSchema, random);
  }
}

interface NumberSchema {
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
}

function sampleNumber(schema: NumberSchema, random: Random): number {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const least = minimum ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + 1);
  const most = maximum ?? (exclusiveMaximum === undefined ? undefined : exclusiveMaximum - 1);
  const low = Math.ceil(least ?? Math.min(0, most ?? 0));
  const high = Math.floor(most ?? low + 100);
  return low + random.below(high - low + 1);
}

interface TextSchema {
  readonly format?: string;
  readonly minLength?: number;
}

function sampleText({ format, minLength = 0 }: TextSchema): string {
  return byFormat[format ?? ""] ?? "text".padEnd(minLength, ".");
}

interface ListSchema {
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly maxItems?: number;
}

function sampleList({ items, minItems = 0, maxItems = 3 }: ListSchema, random: Random): unknown[] {
  const length = minItems + random.below(Math.max(0, maxItems - minItems) + 1);
  return Array.from({ length }, () => sampleOf(items, random));
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
}

function sampleObject({ properties = {}, required = [] }: ObjectSchema, random: Random) {
  const names = Object.keys(properties);
  const chosen = names.filter((name) => required.includes(name) || random.chance(0.5));
  return Object.fromEntries(chosen.map((name) => [name, sampleOf(properties[name], random)]));
}
