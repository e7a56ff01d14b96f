import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { IdSet } from "./id-set.ts";

describe("IdSet", () => {
  test("holds what a Set would hold after any changes", () => {
    const change = fc.tuple(fc.constantFrom("add" as const, "delete" as const), fc.nat(20));
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const ids = new IdSet();
        const expected = new Set<number>();
        for (const [what, id] of changes) {
          ids[what](id);
          expected[what](id);
        }
        expect(ids.inOrder()).toEqual([...expected].sort((a, b) => a - b));
        expect(ids.size).toBe(expected.size);
      }),
    );
  });
});
