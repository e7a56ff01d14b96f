import { existsSync, globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { checkSources } from "./support/architecture.ts";

const root = resolve(import.meta.dirname, "..");

describe("the sources", () => {
  const files = globSync("src/**/*.ts", { cwd: root })
    .map((path) => path.replaceAll("\\", "/"))
    .sort()
    .map((path) => ({ path, text: readFileSync(resolve(root, path), "utf8") }));

  test("keep the borders and the house rules", () => {
    expect(files.length).toBeGreaterThan(0);
    expect(checkSources(files)).toEqual([]);
  });
});

describe("package.json", () => {
  const { exports } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"));
  const entries = Object.entries<unknown>(exports).filter(
    ([, target]) => typeof target !== "string",
  );

  test.each(entries)("exports %s from its source first, then from dist", (_name, target) => {
    expect(Object.keys(target as object)).toEqual(["tandem-source", "types", "default"]);
    const { "tandem-source": source, types, default: built } = target as Record<string, string>;
    expect(source).toMatch(/^\.\/src\/.*\.ts$/);
    expect(types).toBe(source?.replace("./src/", "./dist/").replace(/\.ts$/, ".d.ts"));
    expect(built).toBe(source?.replace("./src/", "./dist/").replace(/\.ts$/, ".js"));
    expect(existsSync(resolve(root, source ?? "")), `${source} exists`).toBe(true);
  });
});

describe("checkSources", () => {
  /** What is said about one file, without its path. */
  const check = (path: string, text: string) =>
    checkSources([{ path, text }]).map((message) => message.replace(path, ""));

  test.each([
    ["src/definition/step.ts", 'import { WorkflowsError } from "../errors.ts";'],
    ["src/definition/step.ts", 'import { toJson } from "../json.ts";\nimport { z } from "zod";'],
    ["src/graph/compile.ts", 'import { Edge } from "../definition/edge.ts";'],
    ["src/machine/decide.ts", 'import { isEdge } from "../definition/edge.ts";'],
    ["src/machine/decide.ts", 'export * from "../graph/workflow-graph.ts";'],
    ["src/store/store.ts", 'import type { InstanceState } from "../machine/state.ts";'],
    ["src/store/store.ts", 'import { type InstanceState } from "../machine/state.ts";'],
    ["src/store/memory/memory-store.ts", 'import { encode } from "../codec.ts";'],
    ["src/engine/drive.ts", 'import { MemoryStore } from "../store/memory/memory-store.ts";'],
    ["src/engine/drive.ts", 'import type { Store } from "../store/store.ts";'],
    ["src/testing/simulator.ts", 'import { SqliteStore } from "../store/sqlite/sqlite-store.ts";'],
    ["src/index.ts", 'export { Engine } from "./engine/engine.ts";'],
    ["src/machine/decide.test.ts", 'import "node:fs";\nawait Promise.resolve(new Error("x"));'],
    ["src/store/a/a.generated.ts", "\n".repeat(501)],
    ["src/machine/a.ts", '// await a Date, process, setTimeout\nexport const a = "Promise";'],
    ["src/machine/a.ts", "export const a = (state: { process: 1 }) => state.process;"],
  ])("accepts %s with %j", (path, text) => {
    expect(check(path, text)).toEqual([]);
  });

  test.each([
    ["src/definition/step.ts", 'import { compile } from "../graph/compile.ts";'],
    ["src/definition/step.ts", 'import type { Graph } from "../graph/compile.ts";'],
    ["src/definition/step.ts", 'type Graph = import("../graph/compile.ts").Graph;'],
    ["src/graph/compile.ts", 'export { decide } from "../machine/decide.ts";'],
    ["src/machine/decide.ts", 'const { Engine } = import("../engine/engine.ts");'],
    ["src/store/store.ts", 'import type { Graph } from "../graph/compile.ts";'],
    ["src/engine/drive.ts", 'import { SqliteStore } from "../store/sqlite/sqlite-store.ts";'],
    ["src/testing/simulator.ts", 'import { app } from "../http/app.ts";'],
    ["src/errors.ts", 'import { decide } from "./machine/decide.ts";'],
    ["src/engine/drive.ts", 'export * from "../index.ts";'],
  ])("refuses %s with %j and says what it may import", (path, text) => {
    expect(check(path, text)).toEqual([expect.stringMatching(/^:1 imports .* may import only .*/)]);
  });

  test.each([
    ["src/store/store.ts", 'import { apply } from "../machine/apply.ts";', /use "import type"/],
    ["src/store/a/a.ts", 'import { b } from "../b/b.ts";', /move what both need up/],
    ["src/machine/a.ts", 'import { readFile } from "node:fs";', /no package and no module of Node/],
    ["src/machine/a.ts", 'import type { Stats } from "node:fs";', /no module of Node/],
    ["src/machine/a.ts", 'import semver from "semver";', /let the caller pass in/],
    ["src/engine/a.ts", 'import { x } from "../../test/x.ts";', /outside src/],
    ["src/newcomer/a.ts", "export const a = 1;", /has no borders yet: say what it may import/],
    ["src/newcomer.ts", "export const a = 1;", /stands in src\/ itself/],
    ["src/engine/a.ts", "export default 1;", /default export: export it by name/],
    ["src/engine/a.ts", "const a = 1;\nexport { a as default };", /^:2 .*default export/],
    ["src/engine/a.ts", 'throw new Error("no");', /bare Error: use a class of src\/errors.ts/],
    ["src/engine/a.ts", 'throw Error("no");', /bare Error/],
    ["src/engine/a.ts", 'const a = new TypeError("no");', /bare TypeError/],
    ["src/engine/a.ts", 'throw new TypeError("no");', /bare TypeError/],
    ["src/engine/utils.ts", "export const a = 1;", /name the file for what it exports/],
    ["src/engine/workQueue.ts", "export const a = 1;", /kebab-case/],
    ["src/engine/a.ts", "export const a = 1;\n// TODO more", /^:2 leaves a note for later/],
    ["src/engine/a.ts", `// ${"x".repeat(98)}`, /^:1 has 101 columns/],
    ["src/engine/a.ts", "\n".repeat(501), /has 501 lines, more than 500/],
    ["src/engine/a.ts", "const const", /mend its syntax/],
  ])("refuses %s with %j", (path, text, message) => {
    expect(check(path, text)).toEqual([expect.stringMatching(message)]);
  });

  test.each([
    ["Date", "const a = Date.now();"],
    ["Date", "function f(at: Date) { return at; }"],
    ["Math.random", "const a = Math.random();"],
    ["Math.random", 'const a = Math["random"]();'],
    ["process", "const a = process.env;"],
    ["process", "const a = { process };"],
    ["async", "const a = async () => 1;"],
    ["async", "class A { async run() {} }"],
    ["await", "await 1;"],
    ["for await", "for await (const a of []) a;\nexport {};"],
    ["Promise", "const a = Promise.resolve();"],
    ["Promise", "type A = Promise<void>;"],
    ["setTimeout", "setTimeout(() => {}, 1);"],
    ["setInterval", "setInterval(() => {}, 1);"],
    ["setImmediate", "setImmediate(() => {});"],
    ["queueMicrotask", "queueMicrotask(() => {});"],
    ["performance", "const a = performance.now();"],
    ["crypto", "const a = crypto.randomUUID();"],
    ["globalThis", "const a = globalThis;"],
  ])("refuses %s in the machine: %j", (what, text) => {
    expect(check("src/machine/a.ts", text)).toEqual([
      expect.stringContaining(`:1 uses ${what}; src/machine/ is pure`),
    ]);
  });

  test("gives the line of each violation", () => {
    const text = 'import { a } from "./a.ts";\n\nexport const b = a(Date.now(),\n  process.pid);\n';
    expect(check("src/machine/b.ts", text)).toEqual([
      expect.stringMatching(/^:3 uses Date/),
      expect.stringMatching(/^:4 uses process/),
    ]);
  });
});
