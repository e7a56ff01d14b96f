/** Every example runs as a program, ends well, and prints something. */
import { execFile } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const programs = globSync("examples/{guide,steps}/*.ts", { cwd: root })
  .map((path) => path.replaceAll("\\", "/"))
  .filter((path) => readFileSync(resolve(root, path), "utf8").includes("import.meta.main"))
  .sort();

describe("the examples", () => {
  test("are found", () => {
    expect(programs.length).toBeGreaterThan(20);
  });

  test.concurrent.each(programs)("%s runs as a program", { timeout: 30_000 }, async (path) => {
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ["--conditions=tandem-source", resolve(root, path)],
      { env: { PATH: process.env.PATH, NO_COLOR: "1" } },
    );
    expect(stderr).toBe("");
    expect(stdout).not.toBe("");
    const widest = Math.max(...stdout.split("\n").map((line) => line.length));
    expect(widest).toBeLessThanOrEqual(80);
  });
});
