import { describe, expect, test } from "vitest";
import { timeOrderedId } from "./time-ordered-id.ts";

describe("timeOrderedId", () => {
  test("is a UUID of version 7 that begins with the time", () => {
    const id = timeOrderedId(0x0190_1234_5678);
    expect(id).toMatch(/^01901234-5678-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  test("sorts by time, and differs at the same time", () => {
    const ids = [timeOrderedId(1), timeOrderedId(1_000_000), timeOrderedId(1_700_000_000_000)];
    expect([...ids].sort()).toEqual(ids);
    expect(timeOrderedId(5)).not.toBe(timeOrderedId(5));
  });
});
