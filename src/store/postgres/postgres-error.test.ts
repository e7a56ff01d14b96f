import { DatabaseError } from "pg";
import { describe, expect, test } from "vitest";
import { StoreTooNewError } from "../../errors.ts";
import { isConflict, toStoreError } from "./postgres-error.ts";

/** What the driver raises when the server has said no. */
function refusal(code: string, severity = "ERROR"): DatabaseError {
  const error = new DatabaseError("so it was said", 0, "error");
  return Object.assign(error, { code, severity });
}

/** What Node raises. */
function failure(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

describe("toStoreError", () => {
  test.each([
    ["too many connections", refusal("53300", "FATAL")],
    ["the disk is full", refusal("53100")],
    ["the server starts up", refusal("57P03", "FATAL")],
    ["the connection was ended by an operator", refusal("57P01", "FATAL")],
    ["the server is a stand-by", refusal("25006")],
    ["the password is wrong", refusal("28P01", "FATAL")],
    ["there is no such database", refusal("3D000", "FATAL")],
    ["the role may not use the table", refusal("42501")],
    ["a statement took longer than allowed", refusal("57014")],
    ["nobody listens at the port", failure("ECONNREFUSED")],
    ["the connection was reset", failure("ECONNRESET")],
    ["no name leads to the server", failure("ENOTFOUND")],
    ["no address of it answers", new AggregateError([failure("ECONNREFUSED")])],
    ["the connection ended", new Error("Connection terminated unexpectedly")],
    ["no connection is free", new Error("timeout exceeded when trying to connect")],
  ])("tells that the database is unavailable: %s", (_what, error) => {
    expect(toStoreError(error)).toMatchObject({ code: "STORE_UNAVAILABLE", cause: error });
  });

  test("says that nothing was kept only where the server has said so", () => {
    const said = (error: Error) => String(toStoreError(error));
    expect(said(refusal("53100"))).toContain("nothing was kept");
    for (const error of [refusal("57P01", "FATAL"), failure("ECONNRESET")]) {
      expect(said(error)).toContain("may have been kept or not");
    }
  });

  test.each([
    ["STORE_INVALID", refusal("42P01")],
    ["STORE_INVALID", refusal("42883")],
    ["STORE_CLOSED", new Error("Cannot use a pool after calling end on the pool")],
    ["INTERNAL", refusal("22021")],
  ])("tells %s of %s", (code, error) => {
    expect(toStoreError(error)).toMatchObject({ code, cause: error });
  });

  test.each([
    ["an error of this package", new StoreTooNewError("newer")],
    ["a defect of the program", new TypeError("x is not a function")],
    ["what is no error", "thrown"],
  ])("leaves %s as it is", (_what, thrown) => {
    expect(toStoreError(thrown)).toBe(thrown);
  });
});

describe("isConflict", () => {
  test.each([
    ["40P01", true],
    ["40001", true],
    ["23505", false],
    ["08006", false],
  ])("of %s is %s", (code, expected) => {
    expect(isConflict(refusal(code))).toBe(expected);
    expect(isConflict(failure(code))).toBe(false);
  });
});
