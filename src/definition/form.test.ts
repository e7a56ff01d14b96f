import * as v from "valibot";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { InvalidFormError, NotJsonError } from "../errors.ts";
import { compileForm, type FormResult } from "./form.ts";

const approval = {
  type: "object",
  properties: {
    approved: { type: "boolean", title: "Approved?" },
    risk: { type: "string", enum: ["low", "high"] },
    lines: {
      type: "array",
      items: { type: "object", properties: { "a/b~c": { type: "integer", minimum: 1 } } },
    },
    day: { type: "string", format: "date" },
    kind: { const: "order" },
  },
  required: ["approved"],
  additionalProperties: false,
} as const;

/** What a form says about data, one line a field. */
function fields(result: FormResult | Promise<FormResult>): string[] {
  if (result instanceof Promise || result.ok) return ["accepted"];
  return result.fields.map(({ field, message }) => `${field}: ${message}`);
}

describe("a JSON Schema as a form", () => {
  const form = compileForm(approval);

  test("accepts data that fits, whole and frozen", () => {
    const data = { approved: true, risk: "low", lines: [{ "a/b~c": 1 }], day: "2026-01-31" };
    const result = form.validate(data);
    expect(result).toEqual({ ok: true, data });
    expect(result).toHaveProperty("data", expect.not.objectContaining({ extra: 1 }));
    expect(Object.isFrozen((result as { data: object }).data)).toBe(true);
    expect(Object.isFrozen(data)).toBe(false);
  });

  test.each([
    [{}, ["approved: is required"]],
    [{ approved: "yes" }, ["approved: must be boolean"]],
    [{ approved: true, risk: "medium" }, ['risk: must be one of "low", "high"']],
    [{ approved: true, kind: "bill" }, ['kind: must be "order"']],
    [{ approved: true, comment: "x" }, ["comment: is not a field of this form"]],
    [{ approved: true, lines: [{}, { "a/b~c": 0 }] }, ["lines.1.a/b~c: must be >= 1"]],
    [{ approved: true, day: "2026-02-30" }, ['day: must match format "date"']],
    [{ day: 5, risk: 5 }, ["approved: is required", "day: ", "risk: "]],
    [[], [": must be object"]],
    [null, [": must be object"]],
    ["approved", [": must be object"]],
  ])("refuses %j and names each field", (data, expected) => {
    const lines = fields(form.validate(data));
    for (const start of expected) {
      expect(lines).toContainEqual(expect.stringContaining(start));
    }
  });

  test("says what each alternative misses rather than that none fits", () => {
    const either = compileForm({
      anyOf: [{ required: ["email"] }, { required: ["phone"] }],
      if: { required: ["email"] },
      // biome-ignore lint/suspicious/noThenProperty: the word of JSON Schema
      then: { required: ["name"] },
    });
    expect(fields(either.validate({}))).toEqual(["email: is required", "phone: is required"]);
    expect(fields(either.validate({ email: "a" }))).toEqual(["name: is required"]);
  });

  test("follows references, and forms with the same $id do not meet", () => {
    const first = {
      $id: "form",
      $defs: { yes: { const: true } },
      properties: { a: { $ref: "#/$defs/yes" } },
    };
    const second = { $id: "form", properties: { a: { const: false } } };
    expect(fields(compileForm(first).validate({ a: false }))).toEqual(["a: must be true"]);
    expect(fields(compileForm(second).validate({ a: true }))).toEqual(["a: must be false"]);
  });

  test.each([
    "https://json-schema.org/draft/2020-12/schema",
    "http://json-schema.org/draft-07/schema#",
  ])("may name its dialect %s", ($schema) => {
    expect(fields(compileForm({ $schema, type: "object" }).validate({}))).toEqual(["accepted"]);
  });

  test("may carry keywords for its display", () => {
    const form = compileForm({ type: "object", "x-order": ["a"], "ui:widget": "radio" });
    expect(fields(form.validate({}))).toEqual(["accepted"]);
    expect(compileForm({ type: "object", "x-order": ["b"] }).jsonSchema).toHaveProperty("x-order");
  });

  test("is compiled once for each schema", () => {
    expect(compileForm(approval)).toBe(form);
    expect(compileForm({ ...approval })).not.toBe(form);
    expect(form.jsonSchema).toBe(approval);
  });

  test.each([
    [{ type: "objekt" }, "the form is not a valid JSON Schema: schema is invalid: data/type"],
    [{ type: "object", propertis: {} }, 'unknown keyword: "propertis"'],
    [{ properties: { a: { type: "string", format: "dat" } } }, 'unknown format "dat"'],
    [{ properties: { a: { $ref: "#/$defs/none" } } }, "can't resolve reference #/$defs/none"],
    [
      { $schema: "https://example.org/schema" },
      'the form\'s $schema is "https://example.org/schema"',
    ],
    [{ $async: true }, "the form is asynchronous"],
    [null, "found null where a form belongs"],
    ["object", "found a string where a form belongs"],
    [true, "found a boolean where a form belongs"],
    [[approval], "found a list where a form belongs"],
    [class Approval {}, "found the function Approval where a form belongs"],
  ])("refuses %j", (schema, message) => {
    expect(() => compileForm(schema)).toThrow(InvalidFormError);
    expect(() => compileForm(schema)).toThrow(message);
  });

  test("refuses a schema that contains itself", () => {
    const schema: Record<string, unknown> = { type: "object" };
    schema.properties = { again: schema };
    expect(() => compileForm(schema)).toThrow(InvalidFormError);
  });

  test("refuses data that fits and is not JSON", () => {
    const open = compileForm({ type: "object" });
    expect(() => open.validate({ at: new Date(0) })).toThrow(NotJsonError);
  });
});

describe("a Standard Schema as a form", () => {
  test("gives what the schema made of the data", () => {
    const form = compileForm(z.object({ amount: z.coerce.number(), note: z.string().default("") }));
    expect(form.validate({ amount: "5", extra: 1 })).toEqual({
      ok: true,
      data: { amount: 5, note: "" },
    });
  });

  test("names each field by its dotted path", () => {
    const zod = compileForm(z.object({ lines: z.array(z.object({ price: z.number() })) }));
    expect(fields(zod.validate({ lines: [{ price: "x" }] }))).toEqual([
      "lines.0.price: Invalid input: expected number, received string",
    ]);
    const valibot = compileForm(v.object({ lines: v.array(v.object({ price: v.number() })) }));
    expect(fields(valibot.validate({ lines: [{ price: "x" }] }))).toEqual([
      'lines.0.price: Invalid type: Expected number but received "x"',
    ]);
    expect(fields(valibot.validate(5))).toEqual([expect.stringMatching(/^: Invalid type/)]);
  });

  test("may take its time", async () => {
    const form = compileForm(z.object({ id: z.string().refine(async (id) => id === "a") }));
    expect(await form.validate({ id: "a" })).toEqual({ ok: true, data: { id: "a" } });
    expect(await form.validate({ id: "b" })).toMatchObject({
      ok: false,
      fields: [{ field: "id" }],
    });
  });

  test("may be a function, as arktype's are", () => {
    const schema = Object.assign(() => undefined, {
      "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) },
    });
    expect(compileForm(schema).validate({ a: 1 })).toEqual({ ok: true, data: { a: 1 } });
  });

  test("describes itself as JSON Schema where its library can", () => {
    expect(compileForm(z.object({ a: z.string() })).jsonSchema).toMatchObject({
      type: "object",
      properties: { a: { type: "string" } },
    });
    expect(compileForm(z.object({ a: z.date() })).jsonSchema).toBeUndefined();
    expect(compileForm(v.object({ a: v.string() })).jsonSchema).toBeUndefined();
  });

  test("may not make of the data what is not JSON", () => {
    const form = compileForm(z.object({ at: z.coerce.date() }));
    expect(() => form.validate({ at: "2026-01-31" })).toThrow(/found an instance of Date at at/);
  });
});

describe("no form", () => {
  test("accepts any JSON object and nothing else", () => {
    const form = compileForm(undefined);
    expect(form.validate({ a: [1] })).toEqual({ ok: true, data: { a: [1] } });
    for (const data of [[], null, undefined, 5, "x"]) {
      expect(fields(form.validate(data))).toEqual([": must be an object"]);
    }
    expect(() => form.validate({ a: undefined })).toThrow(NotJsonError);
  });
});
