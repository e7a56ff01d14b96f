import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Timeline } from "./timeline.ts";

describe("Timeline", () => {
  test("gives code its share of the line, and a long wait little of it", () => {
    const timeline = new Timeline(
      [
        { from: 0, to: 100, isBusy: true },
        { from: 100, to: 1_000_000, isBusy: false },
        { from: 1_000_000, to: 1_000_100, isBusy: true },
      ],
      23,
    );
    expect([0, 50, 100, 1_000_000, 1_000_100].map((at) => Math.round(timeline.at(at)))).toEqual([
      0, 5, 10, 13, 23,
    ]);
  });

  test("keeps the order of moments, and stays on the line", () => {
    const span = fc.record({
      from: fc.nat(1000),
      length: fc.nat(1000),
      isBusy: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(span),
        fc.array(fc.integer({ min: -10, max: 2010 })),
        (given, moments) => {
          const spans = given.map(({ from, length, isBusy }) => ({
            from,
            to: from + length,
            isBusy,
          }));
          const timeline = new Timeline(spans, 40);
          let before = 0;
          for (const moment of moments.sort((a, b) => a - b)) {
            const column = timeline.at(moment);
            expect(column).toBeGreaterThanOrEqual(before - 1e-9);
            expect(column).toBeLessThanOrEqual(40 + 1e-9);
            before = column;
          }
        },
      ),
    );
  });
});
