import { describe, expect, test } from "vitest";
import { ticksOf, timelineRows } from "../../dashboard/src/timeline/rows.ts";

const at = (second: number) => new Date(second * 1000).toISOString();
const step = (id: number, parent: number, started: number | undefined, ended?: number) => ({
  id,
  parent,
  path: `s${id}`,
  status: "succeeded" as const,
  attempt: 1,
  iteration: 1,
  compensates: 0,
  order: id,
  ...(started !== undefined && { startedAt: at(started) }),
  ...(ended !== undefined && { endedAt: at(ended) }),
});

describe("the rows of a timeline", () => {
  test("members stand below their group, which begins with the first of them", () => {
    const rows = timelineRows(
      [step(1, 0, 1, 2), step(2, 0, undefined), step(3, 2, 3, 9)],
      new Set(),
    );
    expect(rows.map(({ step: { id }, depth, start, end }) => [id, depth, start, end])).toEqual([
      [1, 0, 1000, 2000],
      [2, 0, 3000, undefined],
      [3, 1, 3000, 9000],
    ]);
  });

  test("a group of many is closed until it is opened; a small one can be closed", () => {
    const many = [step(1, 0, 1), ...Array.from({ length: 50 }, (_, i) => step(i + 2, 1, i + 1))];
    expect(timelineRows(many, new Set())).toHaveLength(1);
    expect(timelineRows(many, new Set([1]))).toHaveLength(51);
    expect(timelineRows(many.slice(0, 3), new Set())).toHaveLength(3);
    expect(timelineRows(many.slice(0, 3), new Set([1]))).toHaveLength(1);
  });

  test("what has not started has no bar", () => {
    expect(timelineRows([step(1, 0, undefined)], new Set())).toEqual([]);
  });
});

test.each([5, 950, 61_000, 3_600_000, 9 * 86_400_000, 400 * 86_400_000])(
  "an axis of %i milliseconds has between two and nine marks",
  (span) => {
    const ticks = ticksOf(1_000_000, 1_000_000 + span);
    expect(ticks.length).toBeGreaterThanOrEqual(2);
    expect(ticks.length).toBeLessThanOrEqual(9);
  },
);
