import { describe, expect, test } from "vitest";
import { parseInstant } from "./instant.ts";

describe("parseInstant", () => {
  test.each([
    [0, 0],
    [1_900_000_000_000.7, 1_900_000_000_000],
    [new Date(5), 5],
    ["1970-01-01T00:00Z", 0],
    ["1970-01-01T00:00:01Z", 1000],
    ["1970-01-01T00:00:00.5Z", 500],
    ["1970-01-01T00:00:00,5Z", 500],
    ["1970-01-01T01:00:00+01:00", 0],
    ["1970-01-01T01:00:00+0100", 0],
    ["1969-12-31T19:00:00-05", 0],
    ["2028-02-29T00:00:00Z", Date.UTC(2028, 1, 29)],
  ])("takes %j for %d", (value, instant) => {
    expect(parseInstant(value)).toBe(instant);
  });

  test.each([
    undefined,
    null,
    {},
    Number.NaN,
    Number.POSITIVE_INFINITY,
    new Date(Number.NaN),
    "",
    "tomorrow",
    "2030-01-31",
    "2030-01-31T09:00:00",
    "2027-02-29T00:00:00Z",
    "2030-13-01T00:00:00Z",
    "2030-00-10T00:00:00Z",
    "2030-01-00T00:00:00Z",
    "2030-01-01T25:00:00Z",
    " 2030-01-01T00:00:00Z",
  ])("takes %j for no instant", (value) => {
    expect(parseInstant(value)).toBeUndefined();
  });
});
