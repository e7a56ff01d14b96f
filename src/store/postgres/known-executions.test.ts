import { describe, expect, test } from "vitest";
import { changeOf, executionRecord } from "../../testing/contract/records.ts";
import { KnownExecutions } from "./known-executions.ts";

const unknown = Number.POSITIVE_INFINITY;

/** A change of an instance that a worker owns, with executions of these ids. */
function change(version: number, ...ids: readonly number[]) {
  return changeOf("order", version, {
    owner: "worker-a",
    executions: ids.map((id) => executionRecord(id)),
  });
}

describe("KnownExecutions", () => {
  test("knows that all executions of a new instance are new", () => {
    expect(new KnownExecutions().firstNewId(change(0, 1))).toBe(1);
  });

  test("knows the executions of an instance as long as it is owned", () => {
    const known = new KnownExecutions();
    known.kept(change(0, 1));
    expect(known.firstNewId(change(1))).toBe(2);
    known.kept(change(1, 1, 3, 2));
    known.kept(change(2));
    known.kept(change(3, 2));
    expect(known.firstNewId(change(4))).toBe(4);
    known.kept({ ...change(4, 4), owner: undefined });
    expect(known.firstNewId(change(5))).toBe(unknown);
    known.kept(change(5, 5));
    expect(known.firstNewId(change(6))).toBe(unknown);
  });

  test("knows nothing of an instance that somebody else has changed", () => {
    const known = new KnownExecutions();
    known.kept(change(0, 1));
    expect(known.firstNewId(change(2))).toBe(unknown);
    known.kept(change(2, 5));
    expect(known.firstNewId(change(3))).toBe(unknown);
  });

  test("knows nothing of an instance after a change that may not have been kept", () => {
    const known = new KnownExecutions();
    known.kept(change(0, 1));
    known.forget(change(1, 2));
    expect(known.firstNewId(change(1))).toBe(unknown);
    expect(known.firstNewId(change(2))).toBe(unknown);
  });

  test("knows nothing of instances that were not started here", () => {
    const known = new KnownExecutions();
    known.kept(change(7, 12));
    expect(known.firstNewId(change(8))).toBe(unknown);
  });
});
