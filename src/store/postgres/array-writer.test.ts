import fc from "fast-check";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createDatabase, type TestDatabase } from "../../../test/support/postgres-database.ts";
import { ArrayWriter } from "./array-writer.ts";

// The first test that asks for the server makes it start.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

describe("ArrayWriter", () => {
  let database: TestDatabase;
  let client: Client;

  beforeAll(async () => {
    database = await createDatabase();
    client = new Client({ connectionString: database.url });
    await client.connect();
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  /** What the server understands. */
  async function received(types: readonly string[], arrays: readonly Buffer[]): Promise<unknown[]> {
    const columns = types.map((type, index) => `to_json($${index + 1}::${type}[])`);
    const text = `SELECT ${columns.join(", ")}`;
    const { rows } = await client.query({ text, values: [...arrays], rowMode: "array" });
    return rows[0] ?? [];
  }

  const given = <Value>(value: Value): Value => value;
  const integers = fc.array(
    fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), { nil: undefined }),
  );
  const bigints = fc.array(fc.option(fc.maxSafeInteger(), { nil: undefined }));
  const texts = fc.array(
    fc.option(
      fc.string({ unit: "binary", maxLength: 100 }).map((text) => text.replaceAll("\0", "")),
      { nil: undefined },
    ),
  );

  test("sends every value and every null", async () => {
    await fc.assert(
      fc.asyncProperty(
        ...[integers, bigints, texts, fc.array(fc.boolean())],
        async (some, large, words, flags) => {
          const writer = new ArrayWriter();
          writer.integer(some, given);
          writer.bigint(large, given);
          writer.text(words, given);
          writer.boolean(flags, given);
          writer.json(words, (word) => JSON.stringify(word));
          const types = ["integer", "bigint", "text", "boolean", "json"];
          const orEmpty = (list: readonly unknown[]) =>
            list.every((value) => value === undefined) ? [] : list.map((value) => value ?? null);
          expect(await received(types, writer.take())).toEqual(
            [some, large, words, flags, words].map(orEmpty),
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  test("sends a column without any value as the empty array", async () => {
    const writer = new ArrayWriter();
    writer.text([1, 2, 3], () => undefined);
    writer.integer([1, 2, 3], () => undefined);
    const arrays = writer.take();
    expect(arrays.map(({ length }) => length)).toEqual([12, 12]);
    expect(await received(["text", "integer"], arrays)).toEqual([[], []]);
  });

  test("grows for large values, and can be used again", async () => {
    const writer = new ArrayWriter();
    const long = ["ä".repeat(3_000_000), "x".repeat(65), "", undefined];
    writer.text(long, given);
    writer.bigint([-1, 2 ** 53 - 1], given);
    expect(await received(["text", "bigint"], writer.take())).toEqual([
      ["ä".repeat(3_000_000), "x".repeat(65), "", null],
      [-1, 2 ** 53 - 1],
    ]);
    writer.text(["again"], given);
    expect(await received(["text"], writer.take())).toEqual([["again"]]);
  });

  test("gives arrays that stay as they are when it writes others", async () => {
    const writer = new ArrayWriter();
    writer.text(["first"], given);
    const first = writer.take();
    writer.text(["later"], given);
    writer.take();
    expect(await received(["text"], first)).toEqual([["first"]]);
  });

  test("sends a lone surrogate as the replacement character", async () => {
    const writer = new ArrayWriter();
    writer.text(["a\ud800b"], given);
    expect(await received(["text"], writer.take())).toEqual([["a\ufffdb"]]);
  });
});
