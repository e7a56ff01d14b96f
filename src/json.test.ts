import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NotJsonError } from "./errors.ts";
import { isSameJson, type JsonValue, parseFrozen, toJson } from "./json.ts";

/** The message with which a value is refused. */
function refusal(value: unknown): string {
  try {
    toJson(value, 'context.set("total")');
  } catch (error) {
    if (error instanceof NotJsonError) return error.message;
    throw error;
  }
  return "accepted";
}

class Money {
  amount = 5;
}

const text = "only strings, numbers, booleans, null, arrays and plain objects can be stored";

describe("toJson", () => {
  test.each([
    [undefined, "undefined", "leave the key out, or use null"],
    [Number.NaN, "NaN", "numbers must be finite"],
    [Number.POSITIVE_INFINITY, "Infinity", "numbers must be finite"],
    [Number.NEGATIVE_INFINITY, "-Infinity", "numbers must be finite"],
    [12n, "12n", "use a number or a string"],
    [() => 1, "a function", text],
    [Money, "a function", text],
    [Symbol("x"), "a symbol", text],
    [new Money(), "an instance of Money", "use a plain object"],
    [new Date(0), "an instance of Date", "use value.toISOString()"],
    [new Map(), "an instance of Map", "use Object.fromEntries(value)"],
    [new Set(), "an instance of Set", "use [...value]"],
    [Promise.resolve(), "an instance of Promise", "await it first"],
    [new Error("no"), "an instance of Error", "use a plain object"],
    [/x/, "an instance of RegExp", "use a plain object"],
    [new Uint8Array(1), "an instance of Uint8Array", "use a plain object"],
    [Object.create({ inherited: 1 }), "an instance of Object", "use a plain object"],
    [{ [Symbol("x")]: 1 }, "a key that is a symbol", "use a string as the key"],
  ])("refuses %o", (value, found, advice) => {
    const rest = `which is not JSON; ${advice}.`;
    expect(refusal(value)).toBe(`context.set("total"): found ${found}, ${rest}`);
    expect(refusal({ lines: [1, { price: value }] })).toBe(
      `context.set("total"): found ${found} at lines[1].price, ${rest}`,
    );
  });

  test("refuses a hole in a list, where a database would put null", () => {
    // biome-ignore lint/suspicious/noSparseArray: the hole is what is tested
    expect(refusal({ list: [1, , 3] })).toContain(
      "found a hole at list[1], which is not JSON; fill",
    );
    expect(refusal(new Array(2))).toContain("found a hole at [0]");
    expect(refusal([undefined])).toContain("found undefined at [0]");
  });

  test("shows keys that are no names in quotes", () => {
    expect(refusal({ "a b": { "1": { "x-y": Number.NaN } } })).toContain('at ["a b"]["1"].x-y,');
  });

  test("refuses a cycle and says where it closes", () => {
    const order: Record<string, unknown> = { lines: [{}] };
    (order.lines as object[])[0] = { order };
    expect(refusal(order)).toContain("found a cycle at lines[0].order, which is not JSON; a value");
    const self: unknown[] = [];
    self.push(self);
    expect(refusal(self)).toContain("found a cycle at [0]");
    expect(refusal({ ok: 1, deep: { self } })).toContain("found a cycle at deep.self[0]");
  });

  test("accepts the same object in two places, which is no cycle", () => {
    const address = { city: "Kyiv" };
    expect(toJson({ from: address, to: address }, "x")).toEqual({ from: address, to: address });
  });

  test("accepts 500 levels and refuses more", () => {
    const nested = (levels: number) => {
      let value: unknown = 1;
      for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value };
      return value;
    };
    expect(toJson(nested(500), "x")).toEqual(nested(500));
    expect(refusal(nested(501))).toContain(
      "found more than 500 levels, which is not JSON; flatten",
    );
    expect(refusal(nested(100_000))).toContain("found more than 500 levels");
  });

  test("gives a copy that is frozen at every level and shares nothing with the original", () => {
    const original = { list: [{ a: 1 }] };
    const copied = toJson(original, "x") as { list: { a: number }[] };
    original.list[0]!.a = 2;
    original.list.push({ a: 3 });
    expect(copied).toEqual({ list: [{ a: 1 }] });
    expect([copied, copied.list, copied.list[0]].every(Object.isFrozen)).toBe(true);
    expect(() => copied.list.push({ a: 4 })).toThrow(TypeError);
  });

  test("reads an accessor once and keeps its value", () => {
    let reads = 0;
    const value = {
      get total() {
        reads += 1;
        return reads;
      },
    };
    expect(toJson(value, "x")).toEqual({ total: 1 });
    expect(reads).toBe(1);
  });

  test("lets an accessor's own error through", () => {
    const value = {
      get total(): number {
        throw new RangeError("no total");
      },
    };
    expect(() => toJson(value, "x")).toThrow(RangeError);
  });

  test("keeps the key __proto__ as data", () => {
    const copied = toJson(JSON.parse('{"__proto__": {"admin": true}, "constructor": 1}'), "x");
    expect(Object.keys(copied as object)).toEqual(["__proto__", "constructor"]);
    expect(Object.getPrototypeOf(copied)).toBe(Object.prototype);
    expect((copied as { admin?: boolean }).admin).toBeUndefined();
    expect(JSON.stringify(copied)).toBe('{"__proto__":{"admin":true},"constructor":1}');
  });

  test("accepts objects without a prototype and those of another realm", () => {
    const bare = Object.assign(Object.create(null), { a: 1 });
    expect(toJson(bare, "x")).toEqual({ a: 1 });
    expect(toJson(runInNewContext("({ a: [1, { b: null }] })"), "x")).toEqual({
      a: [1, { b: null }],
    });
  });

  test("makes negative zero the zero that it is in JSON", () => {
    expect(Object.is(toJson(-0, "x"), 0)).toBe(true);
    expect(toJson([-0], "x")).toEqual([0]);
  });

  test("leaves out what JSON leaves out without loss: keys that are not enumerable", () => {
    expect(toJson(Object.defineProperty({ a: 1 }, "b", { value: 2 }), "x")).toEqual({ a: 1 });
  });

  test("gives for every JSON value what a database would give back", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(toJson(value, "x")).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("refuses, of any value, exactly what JSON would lose or change", () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        let kept: JsonValue;
        try {
          kept = toJson(value, "x");
        } catch (error) {
          expect(error).toBeInstanceOf(NotJsonError);
          return;
        }
        expect(kept).toEqual(withoutNegativeZero(value));
        expect(isSameJson(JSON.parse(JSON.stringify(kept)), kept)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("gives an equal value again when given its own result", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const once = toJson(value, "x");
        expect(toJson(once, "x")).toEqual(once);
      }),
    );
  });
});

function withoutNegativeZero(value: unknown): unknown {
  if (typeof value === "number") return value + 0;
  if (Array.isArray(value)) return value.map(withoutNegativeZero);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, withoutNegativeZero(inner)]),
  );
}

describe("isSameJson", () => {
  test("ignores the order of keys, not of items", () => {
    expect(isSameJson({ a: 1, b: [{ c: 2, d: 3 }] }, { b: [{ d: 3, c: 2 }], a: 1 })).toBe(true);
    expect(isSameJson([1, 2], [2, 1])).toBe(false);
  });

  test.each([
    [{ a: 1 }, { b: 1 }],
    [{ a: 1 }, { a: 1, b: 1 }],
    [{ a: null }, {}],
    [[], {}],
    [[1], [1, 2]],
    [null, {}],
    [0, false],
    ["1", 1],
    [{ toString: 1 }, {}],
    [{ a: 1 }, { toString: 1 }],
  ])("tells %j from %j", (a, b) => {
    expect(isSameJson(a, b)).toBe(false);
    expect(isSameJson(b, a)).toBe(false);
  });

  test("holds for a copy with its keys in another order", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(isSameJson(value, reversed(value))).toBe(true);
      }),
    );
  });

  test("agrees with a comparison of sorted text", () => {
    const small = fc.jsonValue({ maxDepth: 2, noUnicodeString: true });
    fc.assert(
      fc.property(small, small, (a, b) => {
        expect(isSameJson(a, b)).toBe(sortedText(a) === sortedText(b));
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).toReversed();
  return Object.fromEntries(entries.map(([key, inner]) => [key, reversed(inner)]));
}

function sortedText(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

describe("parseFrozen", () => {
  const isFrozen = (value: unknown): boolean =>
    typeof value !== "object" ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(isFrozen));

  test("gives the value of any JSON text, frozen all through", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = JSON.stringify(value);
        const parsed = parseFrozen(text);
        expect(JSON.stringify(parsed)).toBe(text);
        expect(isFrozen(parsed)).toBe(true);
      }),
    );
  });

  test("freezes what stands under __proto__", () => {
    const parsed = parseFrozen('{"__proto__":{"list":[]}}') as Record<string, unknown>;
    const own = Object.getOwnPropertyDescriptor(parsed, "__proto__")?.value;
    expect(own).toEqual({ list: [] });
    expect(isFrozen(own)).toBe(true);
  });
});
