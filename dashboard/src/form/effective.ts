import {
  asSchema,
  dereference,
  isObject,
  type JsonSchema,
  listOf,
  schemasOf,
} from "./json-schema.ts";
import { isValid } from "./validate.ts";

/**
 * A schema with the conditional parts that hold for the value put in (`if`, `dependentSchemas`,
 * `allOf`), so that it can be drawn as plain properties.
 */
export function effectiveSchema(root: JsonSchema, given: JsonSchema, value: unknown): JsonSchema {
  return merge(root, dereference(root, given), value, 0);
}

function merge(root: JsonSchema, schema: JsonSchema, value: unknown, depth: number): JsonSchema {
  const parts: JsonSchema[] = [];
  const take = (part: unknown) => {
    const found = asSchema(part);
    if (found !== undefined && depth < 12) {
      parts.push(merge(root, dereference(root, found), value, depth + 1));
    }
  };
  listOf(schema.allOf).forEach(take);
  const condition = asSchema(schema.if);
  if (condition !== undefined) {
    take(isValid(root, condition, value) ? schema.then : schema.else);
  }
  const fields = isObject(value) ? value : {};
  for (const [name, part] of schemasOf(schema.dependentSchemas)) {
    if (fields[name] !== undefined) take(part);
  }
  const needed = new Set(listOf(schema.required));
  if (isObject(schema.dependentRequired)) {
    for (const [name, others] of Object.entries(schema.dependentRequired)) {
      if (fields[name] !== undefined) for (const other of listOf(others)) needed.add(other);
    }
  }
  let merged: JsonSchema = { ...schema, required: [...needed] };
  for (const part of parts) merged = join(merged, part);
  return merged;
}

/** The rules of both; of two that say the same, those of the part that was put in last. */
function join(base: JsonSchema, part: JsonSchema): JsonSchema {
  const properties: Record<string, JsonSchema> = Object.fromEntries(schemasOf(base.properties));
  for (const [name, property] of schemasOf(part.properties)) {
    properties[name] = { ...properties[name], ...property };
  }
  const { allOf: _all, if: _if, then: _then, else: _else, ...rest } = part;
  return {
    ...base,
    ...rest,
    ...(textKept(base, "title") && { title: base.title }),
    ...(textKept(base, "description") && { description: base.description }),
    ...(Object.keys(properties).length > 0 && { properties }),
    required: [...new Set([...listOf(base.required), ...listOf(part.required)])],
  };
}

const textKept = (base: JsonSchema, key: string) => typeof base[key] === "string";

/**
 * The data without fields that no part of the form asks for any more: what was typed into a
 * conditional part stays in the draft, and is not sent once the condition no longer holds.
 */
export function visibleData(root: JsonSchema, given: JsonSchema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = asSchema(given.items);
    return items === undefined ? value : value.map((item) => visibleData(root, items, item));
  }
  if (!isObject(value)) return value;
  const schema = effectiveSchema(root, given, value);
  const properties = new Map(schemasOf(schema.properties));
  const isOpen = properties.size === 0;
  const kept: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    const property = properties.get(name);
    if (field === undefined || (property === undefined && !isOpen)) continue;
    kept[name] =
      property === undefined ? field : visibleData(root, dereference(root, property), field);
  }
  return kept;
}
