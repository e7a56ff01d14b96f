import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expenseFile, type RunOptions, TandemProject } from "../support/tandem-project.ts";

let project: TandemProject;

const limitedFile = `
import { machineStep, WorkflowDefinition } from "tandem-workflows";
const step = machineStep("step", () => "sent", { limit: "smtp" });
export const limited = new WorkflowDefinition({
  name: "limited", steps: { step }, initialStep: "step", terminalSteps: ["step"],
});
`;

beforeAll(async () => {
  project = new TandemProject({
    "workflows.ts": expenseFile,
    "empty.ts": "export const nothing = 1;\n",
    "syntax.ts": "export const = 1;\n",
    "syntax.js": "\nexport const = 1;\n",
    "enum.ts": "export enum Color { Red }\n",
    "missing.ts": 'import "./nowhere.ts";\n',
    "thrown.ts": '\n\nthrow new Error("no luck");\n',
    "limited.ts": limitedFile,
    "no-database.db": "this is some other file, and has been one for a long time\n",
  });
  await project.run(["migrate"]);
});

afterAll(() => project[Symbol.dispose]());

interface Case {
  readonly words: readonly string[];
  readonly code: number;
  /** What the first line says. */
  readonly error: string;
  /** What the text has. */
  readonly says: string;
  readonly options?: RunOptions;
}

const cases: readonly Case[] = [
  { words: ["strat"], code: 2, error: "USAGE", says: "(Did you mean start?)" },
  { words: ["start"], code: 2, error: "USAGE", says: "missing required argument 'workflow'" },
  { words: ["list", "--colour"], code: 2, error: "USAGE", says: "unknown option '--colour'" },
  { words: ["list", "--limit", "0"], code: 2, error: "USAGE", says: "at least 1" },
  { words: ["list", "--status", "asleep"], code: 2, error: "USAGE", says: "pending, running" },
  { words: ["list", "--since", "soon"], code: 2, error: "USAGE", says: "2h, 7d" },
  { words: ["list", "--cursor", "x"], code: 1, error: "INVALID_ARGUMENT", says: "cursor" },
  { words: ["completion", "tcsh"], code: 2, error: "USAGE", says: "bash, zsh or fish" },
  { words: ["start", "expense", "--data", "{"], code: 2, error: "USAGE", says: "is no JSON" },
  { words: ["start", "expense", "--data", "[1]"], code: 2, error: "USAGE", says: "is an object" },
  { words: ["start", "expense", "--data", "@no"], code: 2, error: "USAGE", says: "ENOENT" },
  { words: ["start", "expanse"], code: 1, error: "UNKNOWN_WORKFLOW", says: '"expanse"' },
  {
    words: ["start", "expense", "--data", '{"amount": -1}'],
    ...{ code: 1, error: "INVALID_INPUT", says: "amount: must be >= 0" },
  },
  { words: ["show", "nobody"], code: 1, error: "UNKNOWN_INSTANCE", says: "tandem list" },
  { words: ["show", "nobody", "--follow"], code: 1, error: "UNKNOWN_INSTANCE", says: "nobody" },
  { words: ["graph", "nobody"], code: 1, error: "COMMAND_FAILED", says: "Workflows: expense, nap" },
  { words: ["graph", "nap", "--direction", "UP"], code: 2, error: "USAGE", says: "TB" },
  { words: ["complete", "nobody/1"], code: 1, error: "UNKNOWN_TASK", says: "tandem tasks" },
  { words: ["retry", "nobody"], code: 1, error: "UNKNOWN_INSTANCE", says: "nobody" },
  {
    words: ["list", "--database", "none.db"],
    ...{ code: 1, error: "STORE_UNAVAILABLE", says: "There is no database none.db here" },
  },
  {
    words: ["list", "--database", "no-database.db"],
    ...{ code: 1, error: "STORE_INVALID", says: "no-database.db" },
  },
  {
    words: ["list", "--database", "postgres://u:secret@127.0.0.1:1/db"],
    ...{ code: 1, error: "STORE_UNAVAILABLE", says: "ECONNREFUSED" },
  },
  {
    words: ["list", "--url", "http://127.0.0.1:9/api"],
    ...{ code: 1, error: "REQUEST_FAILED", says: "No server answers at http://127.0.0.1:9/api" },
  },
  {
    words: ["list", "--url", "http://127.0.0.1:9/api", "--database", "a.db"],
    ...{ code: 2, error: "USAGE", says: "two places" },
  },
  { words: ["list", "--url", "localhost"], code: 2, error: "USAGE", says: "address of an API" },
  {
    words: ["show", "x", "--workflows", "none.ts"],
    ...{ code: 1, error: "DEFINITIONS_UNUSABLE", says: "There is no file none.ts" },
  },
  {
    words: ["show", "x", "--workflows", "empty.ts"],
    ...{ code: 1, error: "DEFINITIONS_UNUSABLE", says: "exports no definition" },
  },
  {
    words: ["show", "x", "--workflows", "syntax.ts"],
    ...{ code: 1, error: "DEFINITIONS_UNUSABLE", says: "syntax.ts:1 cannot be loaded" },
  },
  {
    words: ["show", "x", "--workflows", "syntax.js"],
    ...{ code: 1, error: "DEFINITIONS_UNUSABLE", says: "syntax.js:2 cannot be loaded" },
  },
  {
    words: ["show", "x", "--workflows", "enum.ts"],
    ...{ code: 1, error: "DEFINITIONS_UNUSABLE", says: "taking the types away" },
  },
  {
    words: ["show", "x", "--workflows", "missing.ts"],
    ...{ code: 1, error: "DEFINITIONS_UNUSABLE", says: "nowhere.ts" },
  },
  {
    words: ["show", "x", "--workflows", "thrown.ts"],
    ...{ code: 1, error: "DEFINITIONS_UNUSABLE", says: "thrown.ts:3 cannot be loaded" },
  },
  {
    words: ["start", "limited", "--workflows", "limited.ts"],
    ...{ code: 1, error: "UNKNOWN_LIMIT", says: "limits: { smtp: { concurrent: 5 } }" },
  },
  { words: ["dev", "--port", "70000"], code: 2, error: "USAGE", says: "65535" },
];

describe("wrong input", () => {
  test.each(cases)("$words ends with $code and $error", async (each) => {
    const { code, stdout, stderr } = await project.run(each.words, each.options);
    expect(stderr.split("\n")[0]).toBe(`error ${each.error}`);
    expect(stderr.replace(/\s+/g, " ").replaceAll("/ ", "/")).toContain(each.says);
    expect([code, stdout]).toEqual([each.code, ""]);
    expect(stderr).not.toMatch(/^ +at /m);
    expect(stderr).not.toContain("secret");
  });

  test("is told as JSON too, and --verbose shows where it comes from", async () => {
    const { stderr } = await project.run(["show", "nobody", "--json"]);
    expect(JSON.parse(stderr)).toEqual({
      error: { code: "UNKNOWN_INSTANCE", message: 'There is no instance "nobody".' },
    });
    const usage = await project.run(["list", "--limit", "x", "--json"]);
    expect(JSON.parse(usage.stderr).error.code).toBe("USAGE");
    const verbose = await project.run(["show", "nobody", "--verbose"]);
    expect(verbose.stderr).toMatch(/^ +at /m);
  });
});

describe("settings", () => {
  test("of the engine are what the file exports as engineOptions", async () => {
    const options = "export const engineOptions = { limits: { smtp: { concurrent: 1 } } };\n";
    project.write("options.ts", limitedFile + options);
    const { status } = await project.json(["start", "limited", "--workflows", "options.ts"]);
    expect(status).toBe("completed");
  });

  test("that were typed count more than those of the environment, and empty ones not at all", async () => {
    const env = { TANDEM_URL: "http://127.0.0.1:9/api", TANDEM_WORKFLOWS: "" };
    expect((await project.run(["list", "--database", "tandem.db"], { env })).code).toBe(0);
    expect((await project.run(["list"], { env: { ...env, TANDEM_URL: "" } })).code).toBe(0);
    expect((await project.run(["list"], { env })).code).toBe(1);
  });
});

describe("help", () => {
  test("loads nothing of what carries commands out", async () => {
    const hook =
      'import { registerHooks } from "node:module"; registerHooks({ load(url, c, next) { ' +
      'process.stderr.write(url + "\\n"); return next(url, c); } });';
    const env = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}` };
    const { stderr, code } = await project.run(["--help"], { env });
    const loaded = stderr.split("\n").filter((url) => url.startsWith("file:"));
    expect(code).toBe(0);
    expect(loaded.some((url) => url.endsWith("/src/cli/program.ts"))).toBe(true);
    expect(loaded.filter((url) => /engine|store|machine|definition|ajv|hono/.test(url))).toEqual(
      [],
    );
  });

  test("fits into 80 columns and names every command", async () => {
    const { code, stdout } = await project.run(["--help"]);
    expect(code).toBe(0);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
    for (const name of ["init", "dev", "start", "tasks", "doctor"]) {
      expect(stdout).toMatch(new RegExp(`^  ${name}\\b`, "m"));
    }
  });

  test("without words is help", async () => {
    const { code, stderr } = await project.run([]);
    expect(code).toBe(2);
    expect(stderr).toContain("Usage: tandem");
  });
});
