import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import * as errors from "../../src/errors.ts";
import { problemOf } from "../../src/http/problem.ts";

type ErrorClass = new (message: string, ...more: unknown[]) => errors.WorkflowsError;

/** What only the code of a definition or a step can meet, or what is the server's own fault. */
const faults = [
  "CONTEXT_CLOSED",
  "DUPLICATE_WORKFLOW",
  "EXPLORATION_FAILED",
  "INJECTED_FAILURE",
  "INTERNAL",
  "NO_TRANSACTION",
  "REQUEST_FAILED",
  "TRANSACTION_CONFLICT",
  "TRANSACTION_UNSUPPORTED",
  "UNKNOWN_LIMIT",
];

const page = readFileSync(resolve(import.meta.dirname, "../../docs/errors.md"), "utf8");
const ofDefinitions = page.slice(page.indexOf("## Definitions"), page.indexOf("## Calls"));
const ofTheTerminal = page.slice(page.indexOf("## The terminal"), page.indexOf("## HTTP"));
const notCalled = ofDefinitions + ofTheTerminal;

const classes = Object.values<unknown>({ ...errors }).filter(
  (value): value is ErrorClass =>
    typeof value === "function" && value.prototype instanceof errors.WorkflowsError,
);

describe("every error", () => {
  const called = classes
    .map((Class) => new Class("what happened", []))
    .filter(({ code }) => !faults.includes(code) && !notCalled.includes(`### ${code}\n`));

  test.each(called.map((error) => [error.code, error] as const))(
    "%s that a call can be refused with has a status of its own",
    (code, error) => {
      const problem = problemOf(error);
      expect(problem.code).toBe(code);
      expect(problem.status === 503 || problem.status < 500, `${problem.status}`).toBe(true);
    },
  );

  test("that is no refusal tells nothing of itself", () => {
    for (const thrown of [new TypeError("secret"), "secret", null, { code: "UNKNOWN_TASK" }]) {
      const problem = problemOf(thrown);
      expect([problem.status, problem.code]).toEqual([500, "INTERNAL"]);
      expect(JSON.stringify(problem)).not.toContain("secret");
    }
  });

  test("of the store keeps to itself what the database said", () => {
    const { status, detail } = problemOf(new errors.StoreUnavailableError("at /var/db: disk full"));
    expect([status, detail]).toEqual([503, "The engine cannot be reached; try again."]);
  });
});
