import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decisionOf } from "../../dashboard/src/form/decision.ts";
import { effectiveSchema, visibleData } from "../../dashboard/src/form/effective.ts";
import {
  choicesOf,
  initialValue,
  type JsonSchema,
  schemasOf,
} from "../../dashboard/src/form/json-schema.ts";
import { getAt, setAt } from "../../dashboard/src/form/paths.ts";
import { validate } from "../../dashboard/src/form/validate.ts";
import { compileForm } from "../../src/definition/form.ts";

const text = fc.constantFrom(
  "",
  "a",
  "abc",
  "ORD-12",
  "ada@example.org",
  "2030-02-30",
  "2030-02-28",
);
const whole = fc.integer({ min: -3, max: 12 });

/** Schemas of one value, of the kinds that forms have. */
const plain: fc.Arbitrary<JsonSchema> = fc.oneof(
  fc.record(
    {
      minLength: fc.nat(3),
      maxLength: fc.integer({ min: 3, max: 5 }),
      type: fc.constant("string"),
    },
    { requiredKeys: ["type"] },
  ),
  fc.constantFrom<JsonSchema>(
    { type: "string", pattern: "^ORD-[0-9]+$" },
    { type: "string", format: "email" },
    { type: "string", format: "date" },
    { enum: ["a", "abc", 3] },
    { oneOf: [{ const: "a", title: "A" }, { const: 3 }] },
    { const: true },
    { type: ["string", "null"] },
    { not: { const: "a" } },
    { anyOf: [{ type: "string" }, { type: "number", minimum: 5 }] },
    { allOf: [{ type: "number" }, { minimum: 2 }] },
    { $ref: "#/$defs/amount" },
  ),
  fc.record(
    {
      type: fc.constantFrom("number", "integer"),
      minimum: whole,
      exclusiveMaximum: whole,
      multipleOf: fc.constantFrom(1, 2, 3),
    },
    { requiredKeys: ["type"] },
  ),
  fc.constant({ type: "boolean" }),
);

const listed: fc.Arbitrary<JsonSchema> = fc.record(
  {
    type: fc.constant("array"),
    items: plain,
    minItems: fc.nat(2),
    maxItems: fc.integer({ min: 1, max: 3 }),
    uniqueItems: fc.boolean(),
  },
  { requiredKeys: ["type", "items"] },
);

const property = fc.oneof(plain, listed);
const names = ["a", "b", "c"] as const;

const object: fc.Arbitrary<JsonSchema> = fc
  .record({
    properties: fc.record({ a: property, b: property, c: property }, { requiredKeys: ["a"] }),
    required: fc.subarray([...names]),
    condition: fc.option(fc.record({ name: fc.constantFrom(...names), schema: plain })),
    dependent: fc.option(fc.constantFrom(...names)),
    closed: fc.boolean(),
  })
  .map(({ properties, required, condition, dependent, closed }) => ({
    type: "object",
    $defs: { amount: { type: "number", minimum: 0 } },
    properties,
    required,
    ...(closed && { additionalProperties: false }),
    ...(condition !== null && {
      if: { properties: { [condition.name]: condition.schema }, required: [condition.name] },
      // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
      then: { required: ["b"] },
      else: { required: ["c"] },
    }),
    ...(dependent !== null && { dependentSchemas: { [dependent]: { required: ["a"] } } }),
  }));

const value = fc.oneof(text, whole, fc.double({ noNaN: true }), fc.boolean(), fc.constant(null));
const data = fc.dictionary(fc.constantFrom(...names, "d"), fc.oneof(value, fc.array(value)));

describe("validate", () => {
  test("finds a form right or wrong as the server does", () => {
    fc.assert(
      fc.property(object, data, (schema, given) => {
        const server = compileForm(schema).validate(given);
        if (server instanceof Promise) throw new TypeError("A JSON Schema answers at once.");
        expect(validate(schema, given).length === 0, JSON.stringify({ schema, given })).toBe(
          server.ok,
        );
      }),
      { numRuns: 1000, seed: 7 },
    );
  });

  test.each<[JsonSchema, unknown, string]>([
    [{ type: "string", minLength: 1 }, "", "This is needed."],
    [{ type: "string", maxLength: 2 }, "👍👍👍", "Give at most 2 characters; these are 3."],
    [{ type: "integer" }, 1.5, "Give a whole number."],
    [{ type: "number", maximum: 100_000 }, 200_000, "Give at most 100,000."],
    [{ type: "array", minItems: 1 }, [], "Give at least 1 entry."],
    [{ enum: ["a", "b"] }, "c", "Choose one of a, b."],
    [{ const: true }, false, "This must be confirmed."],
    [{ type: "string", pattern: "^x", "x-pattern-hint": "Begin with x." }, "y", "Begin with x."],
  ])("says of %j what is wrong with %j", (schema, given, message) => {
    expect(validate(schema, given)).toEqual([{ path: [], message }]);
  });

  test("names the place of each problem", () => {
    const schema = {
      type: "object",
      properties: { lines: { type: "array", items: { required: ["price"] } } },
      required: ["name"],
    };
    expect(validate(schema, { lines: [{ price: 1 }, {}] }).map(({ path }) => path)).toEqual([
      ["name"],
      ["lines", "1", "price"],
    ]);
  });
});

const rejection: JsonSchema = {
  type: "object",
  properties: { approved: { type: "boolean" }, note: { type: "string", title: "Note" } },
  required: ["approved"],
  if: { properties: { approved: { const: false } }, required: ["approved"] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { properties: { reason: { type: "string" } }, required: ["reason"] },
};

describe("conditional parts", () => {
  test("are there while their condition holds", () => {
    const fields = (given: object) => {
      const { properties, required } = effectiveSchema(rejection, rejection, given);
      return [schemasOf(properties).map(([name]) => name), required];
    };
    expect(fields({})).toEqual([["approved", "note"], ["approved"]]);
    expect(fields({ approved: false })).toEqual([
      ["approved", "note", "reason"],
      ["approved", "reason"],
    ]);
  });

  test("are not sent when it does not hold any more", () => {
    expect(visibleData(rejection, rejection, { approved: true, reason: "typed before" })).toEqual({
      approved: true,
    });
  });
});

describe("decisionOf", () => {
  test("finds the field by which one approves", () => {
    expect(decisionOf(rejection)).toEqual({
      field: "approved",
      approve: true,
      reject: false,
      isWhole: true,
    });
    const vote = { properties: { vote: { enum: ["yes", "no", "veto"] } }, required: ["vote", "x"] };
    expect(decisionOf(vote)).toEqual({
      field: "vote",
      approve: "yes",
      reject: "no",
      isWhole: false,
    });
  });

  test("takes no confirmation for a decision", () => {
    const form = { properties: { agreed: { type: "boolean", const: true } } };
    expect(decisionOf(form)).toBeUndefined();
    expect(decisionOf({ properties: { name: { type: "string" } } })).toBeUndefined();
  });
});

describe("what a form begins with", () => {
  test("defaults and constants, and no confirmation", () => {
    const schema = {
      type: "object",
      properties: {
        currency: { default: "EUR" },
        kind: { const: "order" },
        agreed: { type: "boolean", const: true },
        name: { type: "string" },
      },
    };
    expect(initialValue(schema, schema)).toEqual({ currency: "EUR", kind: "order" });
  });

  test("choices have the labels that the schema gives", () => {
    const schema = { oneOf: [{ const: 1, title: "One" }, { const: 2 }] };
    expect(choicesOf(schema).map(({ label }) => label)).toEqual(["One", "2"]);
  });
});

describe("paths", () => {
  test("set one place and leave the rest as it was", () => {
    const before = { a: [{ b: 1 }, { b: 2 }], c: 3 };
    const after = setAt(before, ["a", "1", "b"], 5);
    expect(after).toEqual({ a: [{ b: 1 }, { b: 5 }], c: 3 });
    expect(before.a[1]).toEqual({ b: 2 });
    expect(getAt(after, ["a", "1", "b"])).toBe(5);
    expect(setAt(before, ["c"], undefined)).toEqual({ a: before.a });
  });
});
