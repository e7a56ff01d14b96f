import { describe, expect, test } from "vitest";
import { ExpressionError, InvalidConditionError } from "../errors.ts";
import { compileExpression } from "./expression.ts";

const evaluate = (source: string, data: Record<string, unknown> = {}) =>
  compileExpression(source).evaluate(data);

describe("compileExpression", () => {
  test.each([
    ["amount + 1 > 3", { amount: 3 }],
    ["3 - amount == 0", { amount: 3 }],
    ["amount * 2 == 6 && 2 * amount == 6", { amount: 3 }],
    ["amount / 2 == 1.5", { amount: 3 }],
    ["amount % 2 == 1", { amount: 3 }],
    ["-amount < 0", { amount: 3 }],
    ["amount == 3 && 3 == amount && amount != 4", { amount: 3 }],
    ["amount > 2.5 && amount >= 3 && amount < 4", { amount: 3 }],
    ["amount == 0.1 + 0.2", { amount: 0.1 + 0.2 }],
    ["amount in [1, 2, 3]", { amount: 3 }],
    ["size(items) + amount > 3", { items: [1], amount: 3 }],
    ["size(items) == amount", { items: [1, 2, 3], amount: 3 }],
    ["items.size() > 1", { items: [1, 2] }],
    ["items[0] == 1 && items[n - 1] == 3", { items: [1, 2, 3], n: 3 }],
    ["items[size(items) - 1] == 3", { items: [1, 2, 3] }],
    ["items.map(item, item * 2) == [2, 4]", { items: [1, 2] }],
    ["items.exists(item, item.ok)", { items: [{ ok: false }, { ok: true }] }],
    ["legal_approval.approved", { legal_approval: { approved: true } }],
    [
      "legal.approved && finance.approved",
      { legal: { approved: true }, finance: { approved: true } },
    ],
    ['data["order-id"] == "A"', { data: { "order-id": "A" } }],
    ['"id" in order', { order: { id: 1 } }],
    ["order == {'id': 1, 'lines': [1, 2]}", { order: { id: 1, lines: [1, 2] } }],
    ["name.startsWith('a') && name.matches('^a.c$')", { name: "abc" }],
    ["note == null", { note: null }],
    ["timestamp(at) > timestamp('2025-01-01T00:00:00Z')", { at: "2026-01-01T00:00:00Z" }],
    ["order.?note.orValue('none') == 'none'", { order: {} }],
    ["constructor.approved", { constructor: { approved: true } }],
  ])("evaluates %s on plain JSON to true", (source, data) => {
    expect(evaluate(source, data)).toBe(true);
    expect(evaluate(source, structuredClone(data))).toBe(true);
  });

  test("tells with has() whether a name is there, at top level too", () => {
    const source = "has(legal) && legal.approved || has(finance)";
    expect(evaluate(source)).toBe(false);
    expect(evaluate(source, { legal: { approved: true } })).toBe(true);
    expect(evaluate(source, { finance: 1 })).toBe(true);
    expect(evaluate("has(legal)", { legal: undefined })).toBe(false);
    expect(evaluate("has(legal)", { legal: null })).toBe(true);
    expect(evaluate("has(legal.approved)", { legal: {} })).toBe(false);
    expect(evaluate("has(toString)")).toBe(false);
    expect(compileExpression(source).variables).toEqual(["legal", "finance"]);
  });

  test.each([
    ["a.b.c > d[e].f", ["a", "d", "e"]],
    ["a + a > 1", ["a"]],
    ["a.exists(x, x > b) && c.all(y, y.z)", ["a", "b", "c"]],
    ["a.map(x, x > 1, x * b).size() > 0", ["a", "b"]],
    ["x && a.exists(x, x)", ["x", "a"]],
    ["cel.bind(t, a + 1, t * t) > 4", ["a"]],
    ["{'k': a, b: 1}.k > [c][0]", ["a", "b", "c"]],
    ["a ? b : !c", ["a", "b", "c"]],
    ["size(a) > 1 && string(b) == 'x'", ["a", "b"]],
    ["type(a) == double", ["a"]],
    ["has(a.b) && has(c)", ["a", "c"]],
    ["a.?b.hasValue()", ["a"]],
    ["true || 1 > 2", []],
  ])("knows which names %s reads", (source, names) => {
    expect(compileExpression(source).variables).toEqual(names);
  });

  test.each([
    ["amount >", "Unexpected token: EOF"],
    ["", "Unexpected token: EOF"],
    ["amount = 3", "Unexpected character: ="],
    ["frobnicate(amount)", "found no matching overload for 'frobnicate(dyn)'"],
    ["'a' + 1 == 'a1'", "no such overload: string + int"],
    ["has(a + 1)", "has() invalid argument"],
  ])("refuses %j: %s", (source, reason) => {
    expect(() => compileExpression(source)).toThrow(InvalidConditionError);
    expect(() => compileExpression(source)).toThrow(
      `the expression ${JSON.stringify(source)} is not valid CEL: ${reason}`,
    );
  });

  test.each([
    ["amuont > 3", { amount: 3 }, "Unknown variable: amuont"],
    ["toString > 3", {}, "Unknown variable: toString"],
    ["order.total > 3", { order: {} }, "No such key: total"],
    ["order.constructor > 3", { order: {} }, "No such key: constructor"],
    ["amount + 1 > 3", { amount: "3" }, "no such overload"],
    ["approved && true", { approved: 1 }, "Logical operator requires bool operands"],
    ["items[5] == 1", { items: [1] }, "No such key"],
  ])("throws when it evaluates %s on %j", (source, data, message) => {
    const evaluateIt = () => evaluate(source, data);
    expect(evaluateIt).toThrow(ExpressionError);
    expect(evaluateIt).toThrow(message);
    expect(evaluateIt).toThrow(/^"[^\n]*$/);
  });

  test("says beforehand what it gives, as far as that can be known", () => {
    expect(compileExpression("a > 1").resultType).toBe("bool");
    expect(compileExpression("a").resultType).toBe("dyn");
    expect(compileExpression("size(a)").resultType).toBe("int");
  });

  test.each([
    ["size(a)", { a: [1, 2] }, 2],
    ["a", { a: 5 }, 5],
    ["[1, a, [2]]", { a: "x" }, [1, "x", [2]]],
    ["{'n': 1, 'm': {'k': size(a)}}", { a: [] }, { n: 1, m: { k: 0 } }],
    ["timestamp('2025-01-01T00:00:00Z')", {}, "2025-01-01T00:00:00.000Z"],
    ["duration('90s')", {}, "90s"],
    ["null", {}, null],
  ])("gives %s in plain JavaScript", (source, data, expected) => {
    expect(evaluate(source, data)).toEqual(expected);
  });
});
