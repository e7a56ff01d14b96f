import { globSync, readFileSync } from "node:fs";
import { posix, resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const read = (path: string) => readFileSync(resolve(root, path), "utf8");

/** Each as "number name file". */
const documented = [
  ...read("docs/patterns.md").matchAll(
    /^\| (\d+) \| ([^|]+) \| [^|]+ \| \[[^\]]+\]\(([^)]+)\) \|/gm,
  ),
].map(([, number, name, link = ""]) => `${number} ${name} ${posix.join("docs", link)}`);

const tested = globSync("test/patterns/*.test.ts", { cwd: root })
  .map((path) => path.replaceAll("\\", "/"))
  .flatMap((path) =>
    [...read(path).matchAll(/^describe\("WCP-(\d+) ([^"]+)"/gm)].map(
      ([, number, name]) => `${number} ${name} ${path}`,
    ),
  );

const byNumber = (a: string, b: string) => Number.parseInt(a, 10) - Number.parseInt(b, 10);

describe("docs/patterns.md", () => {
  test("has the 43 patterns in their order", () => {
    expect(documented.map((row) => Number.parseInt(row, 10))).toEqual(
      Array.from({ length: 43 }, (_, index) => index + 1),
    );
  });

  test("links each pattern to the file that tests it under the same name", () => {
    expect(tested.sort(byNumber)).toEqual(documented);
  });
});
