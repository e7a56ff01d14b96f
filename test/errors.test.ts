import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import * as errors from "../src/errors.ts";

type ErrorClass = new (...args: never[]) => errors.WorkflowsError;

const isErrorClass = (value: unknown): value is ErrorClass =>
  typeof value === "function" && value.prototype instanceof errors.WorkflowsError;

const classes = Object.entries<unknown>({ ...errors }).filter(
  (entry): entry is [string, ErrorClass] => isErrorClass(entry[1]),
);

/** An error of a class; some take more than a message. */
const create = (Class: ErrorClass) => new Class(...(["what happened", []] as never[]));

const codes = classes.map(([, Class]) => create(Class).code);
const documented = readFileSync(resolve(import.meta.dirname, "../docs/errors.md"), "utf8")
  .split("\n")
  .map((line) => /^### (.+)$/.exec(line)?.[1])
  .filter((heading) => heading !== undefined);

describe("docs/errors.md", () => {
  const known = [...codes, ...Object.keys(errors.failureCodes)];

  test("has an entry for every code", () => {
    expect(known.filter((code) => !documented.includes(code))).toEqual([]);
  });

  test("has no entry for a code that does not exist", () => {
    expect(documented.filter((code) => !known.includes(code))).toEqual([]);
  });

  test("has each entry once", () => {
    expect(documented).toHaveLength(new Set(documented).size);
  });
});

describe("error classes", () => {
  test("exist", () => {
    expect(classes.length).toBeGreaterThan(30);
  });

  test("have codes of their own, which no recorded failure shares", () => {
    const all = [...codes, ...Object.keys(errors.failureCodes)];
    expect(all.filter((code, index) => all.indexOf(code) !== index)).toEqual([]);
  });

  test.each(classes)(
    "%s has its own name, a code in capitals, and is a WorkflowsError",
    (name, Class) => {
      const error = create(Class);
      expect(error.name).toBe(name);
      expect(error.code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      expect(error).toBeInstanceOf(errors.WorkflowsError);
      expect(error).toBeInstanceOf(Error);
      expect(error.message).toContain("what happened");
      expect(String(error)).toContain(`${name}: `);
    },
  );

  test("keep their cause", () => {
    const cause = new RangeError("below");
    expect(new errors.InternalError("above", { cause }).cause).toBe(cause);
  });

  test("count and list the problems of a definition", () => {
    const problem = new errors.EmptyGroupError('Group "a" has no member.');
    const one = new errors.InvalidDefinitionError("order", [problem]);
    const two = new errors.InvalidDefinitionError("order", [problem, problem]);
    const line = '\n  - Group "a" has no member. [EMPTY_GROUP]';
    expect(one.message).toBe(`The definition "order" has 1 problem:${line}`);
    expect(two.message).toBe(`The definition "order" has 2 problems:${line}${line}`);
  });

  test("hold the fields that a form refused", () => {
    const fields = [{ field: "amount", message: "is required" }];
    expect(new errors.InvalidFormDataError("no", fields).fields).toBe(fields);
    expect(new errors.InvalidInputError("no", fields).fields).toBe(fields);
  });
});
