import { describe, expect, test } from "vitest";
import { assemble, type Question, questionsOf, readAnswer } from "./form-questions.ts";

const form = {
  type: "object",
  required: ["agree", "kind", "address", "version"],
  properties: {
    version: { const: 2 },
    agree: { type: "boolean" },
    kind: {
      oneOf: [
        { const: "a", title: "Apples" },
        { const: "b", title: "Pears" },
      ],
    },
    count: { $ref: "#/$defs/count" },
    words: { type: "array", items: { type: "string", minLength: 2 } },
    more: { type: "object", properties: { x: { type: "number" } } },
    address: {
      type: "object",
      required: ["city"],
      properties: { city: { type: "string", title: "City", pattern: "^[A-Z]" } },
    },
  },
  $defs: { count: { type: "integer", minimum: 1 } },
};

const questions = questionsOf(form) ?? [];
const question = (name: string) =>
  questions.find(({ path }) => path.join(".") === name) ?? questions[0]!;

describe("questionsOf", () => {
  test("asks for each field; for those inside an object only if it is needed", () => {
    expect(
      questions.map(({ path, kind, isRequired }) => [path.join("."), kind, isRequired]),
    ).toEqual([
      ["agree", "boolean", true],
      ["kind", "choice", true],
      ["count", "number", false],
      ["words", "list", false],
      ["more", "json", false],
      ["address.city", "text", true],
    ]);
  });

  test("has none for a form without fields", () => {
    expect(questionsOf({ type: "object" })).toBeUndefined();
  });
});

describe("readAnswer", () => {
  test.each([
    ["agree", "Yes", { value: true }],
    ["agree", "n", { value: false }],
    ["agree", "1", { problem: "answer yes or no" }],
    ["kind", "2", { value: "b" }],
    ["kind", "apples", { value: "a" }],
    ["kind", "b", { value: "b" }],
    ["kind", "3", { problem: "choose a number from 1 to 2" }],
    ["count", "3", { value: 3 }],
    ["count", "0", { problem: "must be >= 1" }],
    ["count", "1.5", { problem: "must be integer" }],
    ["count", "many", { problem: "write a number" }],
    ["words", "ab, cd", { value: ["ab", "cd"] }],
    ["words", "a", { problem: "words.0 must NOT have fewer than 2 characters" }],
    ["more", '{"x": 1}', { value: { x: 1 } }],
    ["more", '{"x": "1"}', { problem: "more.x must be number" }],
    ["more", "{", { problem: 'write JSON, such as {"a": 1} or ["b"]' }],
    ["address.city", "Rome", { value: "Rome" }],
    ["address.city", "rome", { problem: 'must match pattern "^[A-Z]"' }],
  ])("reads %s: %s", async (name, answer, read) => {
    expect(await readAnswer(form, question(name), answer)).toEqual(read);
  });
});

describe("assemble", () => {
  test("puts each answer at its path, and what can be nothing else where it belongs", () => {
    const answers = new Map<Question, unknown>([
      [question("agree"), true],
      [question("address.city"), "Rome"],
    ]);
    expect(assemble(answers, form)).toEqual({ version: 2, agree: true, address: { city: "Rome" } });
  });
});
