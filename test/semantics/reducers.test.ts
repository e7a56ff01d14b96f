import { ParallelGroup, type Reducer, SequentialGroup } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, Workshop } from "../support/workshop.ts";

/** What a key holds after these writes, one step after another. */
async function fold(reducer: Reducer, writes: readonly unknown[], start?: unknown) {
  const shop = new Workshop();
  const names = writes.map((_, index) => `s${index}`);
  const edges = names.length > 1 ? [names.join(" -> ")] : [];
  await shop.start(flow(shop.steps(...names), edges, { reducers: { key: reducer } }), {
    initialData: start === undefined ? {} : { key: start },
  });
  for (const [index, value] of writes.entries()) {
    if (shop.running.length > 0) await shop.finish(`s${index}`, { set: { key: value } });
  }
  const { status, data, error } = await shop.view();
  return status === "completed" ? data.key : error;
}

describe("reducers", () => {
  test.each<[string, Reducer, unknown[], unknown, unknown]>([
    ["append pushes what is no array", "append", [1, 2], undefined, [1, 2]],
    ["append concatenates an array", "append", [[1], [2, 3], 4], undefined, [1, 2, 3, 4]],
    ["append pushes an array in an array whole", "append", [[[1]]], undefined, [[1]]],
    ["append takes a single old value as the first", "append", [2], 1, [1, 2]],
    ["append goes on with what was there", "append", [2], [1], [1, 2]],
    [
      "merge takes the keys of both, the new one's first",
      "merge",
      [{ a: 1, b: 1 }, { b: 2 }],
      undefined,
      { a: 1, b: 2 },
    ],
    ["merge is not deep", "merge", [{ b: { d: 2 } }], { b: { c: 1 } }, { b: { d: 2 } }],
    ["sum adds numbers", "sum", [1, 2, 3.5], undefined, 6.5],
    ["sum goes on with what was there", "sum", [-1], 10, 9],
    [
      "a function gets undefined at first",
      (old, now) => `${old}+${now}`,
      ["a", "b"],
      undefined,
      "undefined+a+b",
    ],
  ])("%s", async (_what, reducer, writes, start, expected) => {
    expect(await fold(reducer, writes, start)).toEqual(expected);
  });

  test.each<[string, Reducer, unknown[], string]>([
    ["sum of a text", "sum", ["a"], 'The reducer "sum" of "key" combines numbers'],
    ["merge of a list", "merge", [[1]], 'The reducer "merge" of "key" combines objects'],
    [
      "a function that throws",
      () => {
        throw new Error("no way");
      },
      [1],
      "no way",
    ],
    ["a function that gives what is not JSON", () => new Date(0), [1], "an instance of Date"],
  ])("%s fails the step with FUNCTION_FAILED", async (_what, reducer, writes, message) => {
    expect(await fold(reducer, writes)).toMatchObject({ code: "FUNCTION_FAILED", path: "s0" });
    expect(await fold(reducer, writes)).toMatchObject({
      message: expect.stringContaining(message),
    });
  });

  test("combine the writes of members in declared order, whoever ends first", async () => {
    const shop = new Workshop();
    const group = new ParallelGroup([shop.step("x"), shop.step("y"), shop.step("z")]);
    await shop.start(flow({ group }, [], { reducers: { key: "append" } }));
    for (const name of ["z", "x", "y"]) await shop.finish(`group/${name}`, { set: { key: name } });
    expect(await shop.data()).toEqual({ key: ["x", "y", "z"] });
  });

  test("combine the writes of branches in the order of their ends, none lost", async () => {
    const shop = new Workshop();
    await shop.start(
      flow(shop.steps("a", "b", "c"), ["a -> b", "a -> c"], { reducers: { n: "sum" } }),
    );
    await shop.finish("a", { set: { n: 1 } });
    await shop.finish("c", { set: { n: 10 } });
    await shop.finish("b", { set: { n: 100 } });
    expect(await shop.data()).toEqual({ n: 111 });
  });

  test("show a later member of a sequence the value combined so far", async () => {
    const shop = new Workshop();
    const group = new SequentialGroup([shop.step("x"), shop.step("y")]);
    await shop.start(flow({ group }, [], { reducers: { n: "sum" } }), { initialData: { n: 1 } });
    await shop.finish("group/x", { set: { n: 10 } });
    expect(shop.context("group/y").get("n")).toBe(11);
    await shop.finish("group/y", { set: { n: 100 } });
    expect(await shop.data()).toEqual({ n: 111 });
  });

  test("count the last of several writes of one step", async () => {
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a"), [], { reducers: { n: "sum" } }));
    shop.context("a").set("n", 1);
    await shop.finish("a", { set: { n: 5 } });
    expect(await shop.data()).toEqual({ n: 5 });
  });

  test("leave nothing of a step that failed and was tried again", async () => {
    const shop = new Workshop();
    const a = shop.step("a", { retry: { maxAttempts: 2 } });
    await shop.start(flow({ a }, [], { reducers: { n: "append" } }));
    shop.context("a").set("n", 1);
    await shop.fail("a");
    await shop.finish("a", { set: { n: 2 } });
    expect(await shop.data()).toEqual({ n: [2] });
  });

  test("are not called again when an instance is loaded", async () => {
    let calls = 0;
    const count: Reducer = (old = 0, now) => {
      calls++;
      return old + now;
    };
    const shop = new Workshop();
    await shop.start(flow(shop.steps("a", "b"), ["a -> b"], { reducers: { n: count } }));
    await shop.finish("a", { set: { n: 1 } });
    expect(calls).toBe(1);
    await shop.restart();
    expect(calls).toBe(1);
    expect(shop.context("b").get("n")).toBe(1);
  });

  test("give the same after a restart", async () => {
    const shop = new Workshop();
    const reducers: Record<string, Reducer> = { l: "append", m: "merge", s: "sum" };
    await shop.start(flow(shop.steps("a", "b", "c"), ["a -> b -> c"], { reducers }));
    await shop.finish("a", { set: { l: 1, m: { a: 1 }, s: 1 } });
    await shop.finish("b", { set: { l: [2], m: { b: 2 }, s: 2 } });
    const before = await shop.data();
    await shop.restart();
    expect(before).toEqual({ l: [1, 2], m: { a: 1, b: 2 }, s: 3 });
    expect(await shop.data()).toEqual(before);
  });
});
