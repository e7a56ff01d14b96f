import fc from "fast-check";
import { expect, test } from "vitest";
import { ChurningMap } from "./churning-map.ts";

test("holds what a Map holds, in its order, whatever comes and goes", () => {
  const move = fc.tuple(fc.boolean(), fc.nat(40), fc.integer());
  fc.assert(
    fc.property(fc.array(move, { minLength: 1500, maxLength: 2000 }), (moves) => {
      const churning = new ChurningMap<number, number>();
      const plain = new Map<number, number>();
      for (const [adds, key, value] of moves) {
        if (adds) {
          churning.set(key, value);
          plain.set(key, value);
        } else {
          expect(churning.delete(key)).toBe(plain.delete(key));
        }
        expect(churning.get(key)).toBe(plain.get(key));
        expect(churning.has(key)).toBe(plain.has(key));
        expect(churning.size).toBe(plain.size);
      }
      expect([...churning]).toEqual([...plain]);
      expect([...churning.keys()]).toEqual([...plain.keys()]);
      expect([...churning.values()]).toEqual([...plain.values()]);
      churning.clear();
      expect(churning.size).toBe(0);
    }),
    { numRuns: 20 },
  );
});
