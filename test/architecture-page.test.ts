/** What `ARCHITECTURE.md` lists is what the sources say. */
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "..");
const read = (path: string) => readFileSync(resolve(root, path), "utf8").replaceAll("\r\n", "\n");
const page = read("ARCHITECTURE.md");

/** Sentences that begin with a number such as `M1.`, in a comment or a list. */
function invariantsIn(text: string): string[] {
  const flat = text.replace(/\n(?: \* {2,}| {2})(?=\S)/g, " ");
  return [...flat.matchAll(/^(?: \* |- )([A-Z]\d+\. .*)$/gm)].map((match) => match[1] ?? "");
}

describe("ARCHITECTURE.md", () => {
  const sources = globSync("src/**/*.ts", { cwd: root }).filter(
    (path) => !path.endsWith(".test.ts"),
  );

  test("lists the invariants in the words of the sources", () => {
    const inSources = sources.flatMap((path) => invariantsIn(read(path)));
    expect(inSources.length).toBeGreaterThan(15);
    expect(invariantsIn(page).sort()).toEqual(inSources.sort());
  });

  test("names files that exist", () => {
    const named = [...page.matchAll(/`((?:src|test|docs|examples)\/[\w./-]+)`/g)];
    const paths = named.map((match) => match[1] ?? "");
    expect(paths.length).toBeGreaterThan(5);
    expect(paths.filter((path) => globSync(path, { cwd: root }).length === 0)).toEqual([]);
  });

  test("has a row for every folder of src/", () => {
    const folders = new Set(sources.map((path) => /^src.([^/\\]+)[/\\]/.exec(path)?.[1]));
    folders.delete(undefined);
    const missing = [...folders].filter((name) => !page.includes(`| \`src/${name}/\` |`));
    expect(missing).toEqual([]);
  });
});
