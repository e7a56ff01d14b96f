import fc from "fast-check";

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
}

/** JSON that is meant to hurt: names that mean something to JavaScript, odd texts, deep nesting. */
export const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(
    ...[
      "",
      " ",
      "\0",
      "\ud800",
      "../..",
      "%2e%2e",
      "__proto__",
      "constructor",
      "<script>",
      "{{7*7}}",
    ],
    ...["' OR 1=1 --", "NaN", "1e999", "-0", "🙂".repeat(300), "x".repeat(600)],
    ...[null, true, -1, 0, 1.5, 1e308, Number.MAX_SAFE_INTEGER + 2, [], {}],
    JSON.parse('{"__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}'),
    JSON.parse('{"toString":1,"hasOwnProperty":null,"then":"x","length":-1}'),
    JSON.parse(`${"[".repeat(60)}${"]".repeat(60)}`),
  ),
);

/** Values that mostly fit a schema, and sometimes do not. */
export function valueFor(
  schema: Schema,
  named: Readonly<Record<string, Schema>>,
  texts: fc.Arbitrary<string>,
): fc.Arbitrary<unknown> {
  const fitting = fittingFor(schema, named, texts);
  return fc.oneof({ weight: 12, arbitrary: fitting }, { weight: 1, arbitrary: hostileJson });
}

function fittingFor(
  schema: Schema,
  named: Readonly<Record<string, Schema>>,
  texts: fc.Arbitrary<string>,
): fc.Arbitrary<unknown> {
  const { $ref, type, enum: values, format, items, properties } = schema;
  if ($ref !== undefined) {
    return valueFor(named[$ref.slice($ref.lastIndexOf("/") + 1)] ?? {}, named, texts);
  }
  if (values !== undefined) return fc.constantFrom(...values);
  switch (type) {
    case "string":
      if (format !== "date-time") return texts;
      return fc.date({ noInvalidDate: true }).map((date) => date.toISOString());
    case "boolean":
      return fc.boolean();
    case "integer":
      return fc.integer({ min: schema.minimum ?? -5, max: schema.maximum ?? 100 });
    case "array":
      return fc.array(valueFor(items ?? {}, named, texts), { maxLength: 3 });
    case "object": {
      if (properties === undefined) return fc.dictionary(texts, hostileJson, { maxKeys: 3 });
      const fields = Object.entries(properties).map(
        ([name, inner]) => [name, valueFor(inner, named, texts)] as const,
      );
      return fc.record(Object.fromEntries(fields), {
        requiredKeys: (schema.required as string[] | undefined) ?? [],
      } as never);
    }
    default:
      return hostileJson;
  }
}
