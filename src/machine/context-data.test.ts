import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ContextData, ScopeLog } from "./context-data.ts";

describe("ContextData", () => {
  test("shows a reader the data of the moment when it started", () => {
    const data = new ContextData();
    data.commit([["total", 1]]);
    const reader = data.openReader();
    data.commit([
      ["total", 2],
      ["note", "later"],
    ]);
    expect(data.get("total", reader)).toBe(1);
    expect(data.get("note", reader)).toBeUndefined();
    expect(data.get("total")).toBe(2);
    expect(data.toObject()).toEqual({ total: 2, note: "later" });
  });

  test("agrees with whole copies of the data, whatever readers come and go", () => {
    const key = fc.constantFrom("a", "b", "c");
    const move = fc.oneof(
      fc.record({ type: fc.constant("write" as const), key, value: fc.integer() }),
      fc.record({ type: fc.constant("open" as const) }),
      fc.record({ type: fc.constant("close" as const), which: fc.nat() }),
      fc.record({ type: fc.constant("look" as const) }),
    );
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const data = new ContextData();
        let now: Record<string, number> = {};
        const readers: { version: number; seen: Record<string, number> }[] = [];
        for (const step of [...moves, { type: "look" as const }]) {
          if (step.type === "write") {
            data.commit([[step.key, step.value]]);
            now = { ...now, [step.key]: step.value };
          } else if (step.type === "open") {
            readers.push({ version: data.openReader(), seen: now });
          } else if (step.type === "close") {
            if (readers.length === 0) continue;
            const [closed] = readers.splice(step.which % readers.length, 1);
            if (closed !== undefined) data.closeReader(closed.version);
          }
          if (step.type !== "look") continue;
          for (const { version, seen } of readers) {
            for (const name of ["a", "b", "c"]) expect(data.get(name, version)).toBe(seen[name]);
          }
          expect(data.toObject()).toEqual(now);
        }
      }),
    );
  });
});

describe("ScopeLog", () => {
  test("shows a reader the entries that were there when it started", () => {
    const log = new ScopeLog();
    log.add("a", 1);
    log.add("b", 2);
    const { length } = log;
    log.add("a", 3);
    expect(log.latest("a", length)).toEqual({ value: 1 });
    expect(log.latest("a", log.length)).toEqual({ value: 3 });
    expect(log.valuesOf("a", log.length)).toEqual([1, 3]);
    expect(log.latest("b", 1)).toBeUndefined();
    expect(log.entries()).toEqual([
      ["a", 1],
      ["b", 2],
      ["a", 3],
    ]);
  });
});
