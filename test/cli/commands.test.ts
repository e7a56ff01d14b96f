import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expenseFile, linesOf, stable, TandemProject } from "../support/tandem-project.ts";

let project: TandemProject;
let waiting: string;
let done: string;

beforeAll(async () => {
  project = new TandemProject({ "workflows.ts": expenseFile });
  done = (await project.json(["start", "expense", "--data", '{"amount": 5}'])).id;
  const data = '{"approved": true, "account": "books"}';
  await project.run(["complete", done, "--data", data]);
  const start = ["start", "expense", "--data", "-", "--business-key", "E-7", "--tag", "urgent"];
  waiting = (await project.json(start, { input: '{"amount": 120}' })).id;
});

afterAll(() => project[Symbol.dispose]());

/** One waits an hour for its second attempt; in the other, a group's own code waits for a person. */
const leftFile = `
import { humanStep, machineStep, StepGroup, WorkflowDefinition } from "tandem-workflows";
const flow = (name, step) =>
  new WorkflowDefinition({ name, steps: { step }, initialStep: "step", terminalSteps: ["step"] });
const fail = () => { throw new Error("not yet"); };
const retry = { maxAttempts: 2, initialIntervalMs: 3_600_000 };
export const again = flow("again", machineStep("step", fail, { retry }));
class Own extends StepGroup {
  execute(context, engine) { return engine.executeStep(humanStep("ask"), context); }
}
export const own = flow("own", new Own("own"));
`;

describe("tandem start", () => {
  test("says where the instance waits, and what can be done next", async () => {
    using own = new TandemProject({ "workflows.ts": expenseFile });
    const { code, stdout, stderr } = await own.run(["start", "expense", "--data", '{"amount": 1}']);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stable(stdout)).toBe(
      `expense 1.0.0  waiting
  ID
  waits for finance (group): Approve the expense (approve)
    tandem complete ID/5
`,
    );
  });

  test("gives the same instance for the same key", async () => {
    const first = await project.json(["start", "nap", "--key", "once"]);
    const second = await project.json(["start", "nap", "--key", "once"]);
    expect(second.id).toBe(first.id);
  });

  test("with --wait ends with 1 if the instance fails, and says why", async () => {
    const one = project.start([
      "start",
      "expense",
      "--data",
      '{"amount": 13}',
      "--key",
      "13",
      "--wait",
    ]);
    let printed = "";
    one.stdout?.on("data", (part) => {
      printed += String(part);
    });
    const ended = new Promise((end) => one.once("close", end));
    const { id } = await project.json([
      "start",
      "expense",
      "--data",
      '{"amount": 13}',
      "--key",
      "13",
    ]);
    const data = '{"approved": true, "account": "books"}';
    await project.run(["complete", id, "--data", data]);
    expect(await ended).toBe(1);
    expect(stable(printed)).toBe(
      `expense 1.0.0  failed
  ID
  book: unlucky number [STEP_FAILED]
  retry it:
    tandem retry ID
`,
    );
    const retried = await project.json(["retry", id], { env: { TANDEM_LUCK: "good" } });
    expect(retried.status).toBe("completed");
  });
});

describe("tandem list", () => {
  test("shows instances in 80 columns, newest first", async () => {
    const { stdout } = await project.run(["list", "--workflow", "expense", "--tag", "urgent"]);
    const [titles, row = ""] = stdout.split("\n");
    expect(titles?.split(/ +/)).toEqual(["ID", "STATUS", "STARTED", "KEY", "WORKFLOW"]);
    expect(row).toMatch(/^\S{36} {2}waiting {2}(?:now|\d+ s ago) +E-7 {2}expense 1\.0\.0$/);
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("filters, pages, and says how to go on", async () => {
    const page = await project.json(["list", "--limit", "1", "--status", "completed", "--oldest"]);
    expect(page.items.map(({ id }: { id: string }) => id)).toEqual([done]);
    const first = await project.json(["list", "--limit", "1"]);
    const rest = await project.json(["list", "--cursor", first.next, "--all"]);
    const everything = await project.json(["list", "--all"]);
    expect([...first.items, ...rest.items]).toEqual(everything.items);
    const { stdout } = await project.run(["list", "--limit", "1"]);
    expect(stdout).toContain("There are more: add --all, or --cursor ");
    const none = await project.run(["list", "--since", "1d", "--before", "2h"]);
    expect([none.code, none.stdout]).toEqual([0, "No instances.\n"]);
  });

  test("needs no definitions", async () => {
    const { code } = await project.run(["list", "--workflows", "nowhere.ts"]);
    expect(code).toBe(0);
  });
});

describe("tandem show", () => {
  test("draws the steps as a tree with bars", async () => {
    const { stdout } = await project.run(["show", done, "--history"]);
    expect(stable(stdout)).toBe(
      `expense 1.0.0  completed in N s
ID

  ✓ check N s =
  ✓ notify N s =
    ✓ mail N s =
    ✓ chat N s =
  ✓ approve N s =
  ✓ book N s =

Data
  amount   5
  checked  true
  approve  {"approved":true,"account":"books"}

History
  TIME  started by ada (cli)
  TIME  task-completed approve by ada (cli)
`,
    );
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  test("gives steps and history as JSON", async () => {
    const shown = await project.json(["show", waiting, "--history"]);
    expect(shown.steps.map(({ path }: { path: string }) => path)).toEqual(
      expect.arrayContaining(["check", "notify", "notify/mail", "approve"]),
    );
    expect(shown.history[0]).toMatchObject({ type: "started", user: "ada", through: "cli" });
  });

  test("follows an instance until it has ended, a line for each change", async () => {
    const { id } = await project.json(["start", "expense"]);
    const child = project.start(["show", id, "--follow"]);
    const lines: string[] = [];
    for await (const line of linesOf(child)) {
      lines.push(line);
      if (line === "expense waiting") await project.run(["cancel", id, "--reason", "no money"]);
    }
    expect(lines).toEqual([
      "check succeeded",
      "notify succeeded",
      "notify/mail succeeded",
      "notify/chat succeeded",
      "approve waiting",
      "expense waiting",
      "approve canceled: no money",
      "expense canceled",
    ]);
  });
});

describe("tandem graph", () => {
  test("draws a definition without a database, and makes none", async () => {
    using own = new TandemProject({ "workflows.ts": expenseFile });
    const { stdout, code } = await own.run(["graph", "expense"]);
    expect(code).toBe(0);
    expect(stdout).toBe(`expense 1.0.0

  ●  check  machine
  ├─╮
  ● │  notify  parallel
  │ │    ├ ● mail  machine
  │ │    └ ● chat  machine
  │ │
  │ ◇  approve  human · “Approve the expense”
  │ │    → book: if approve.approved
  │ │    → refuse: otherwise
  │ ├─╮
  ├─╯ │
  ●   │  book  machine · end
      ●  refuse  machine · end
`);
    expect(existsSync(own.path("tandem.db"))).toBe(false);
  });

  test("draws where an instance stands", async () => {
    const { stdout } = await project.run(["graph", waiting]);
    expect(stdout).toContain(
      "  │ …  approve  human · “Approve the expense” · waiting · for finance\n",
    );
    expect(stdout).toContain("  ✓ │  notify  parallel · done\n");
  });

  test("gives Mermaid text, and the graph as JSON", async () => {
    const { stdout } = await project.run(["graph", "expense", "--mermaid", "--direction", "LR"]);
    expect(stdout.split("\n")[0]).toBe("flowchart LR");
    const graph = await project.json(["graph", waiting]);
    expect(graph.instance).toEqual({ id: waiting, status: "waiting" });
  });
});

describe("tandem tasks", () => {
  test("shows open tasks in 80 columns", async () => {
    const { stdout } = await project.run(["tasks", "--instance", waiting]);
    expect(stable(stdout)).toBe(
      `TASK                                    TITLE                FOR
ID/5  Approve the expense  finance (group)
`,
    );
    for (const line of stdout.split("\n")) expect(line.length).toBeLessThanOrEqual(80);
  });

  test.each([
    [["--user", "bob"], 0],
    [["--user", "bob", "--group", "finance"], 1],
    [["--user", "eve", "--group", "finance"], 0],
    [["--group", "legal"], 0],
    [["--overdue"], 0],
    [["--status", "withdrawn"], 0],
  ])("chooses by who looks and by state: %j", async (words, count) => {
    const { items } = await project.json(["tasks", "--instance", waiting, ...words]);
    expect(items).toHaveLength(count);
  });
});

describe("tandem pause, resume, cancel", () => {
  test("change instances, one or several, and what one refuses stops no other", async () => {
    const { id } = await project.json(["start", "nap"]);
    expect((await project.json(["pause", id])).status).toBe("paused");
    expect((await project.json(["resume", id])).status).toBe("waiting");
    const { code, stdout, stderr } = await project.run(["cancel", "nobody", id]);
    expect(code).toBe(1);
    expect(stable(stdout)).toBe("nap 1.0.0  canceled\n  ID\n");
    expect(stderr).toContain("error UNKNOWN_INSTANCE\n");
  });
});

describe("an instance whose engine has left it", () => {
  test("is taken over by the command that is to change it", async () => {
    using own = new TandemProject({ "workflows.ts": leftFile });
    const again = await own.json(["start", "again"]);
    expect(again.status).toBe("running");
    // Only an engine would try it again.
    const { checks } = await own.json(["doctor"]);
    const bad = checks.filter(({ status }: { status: string }) => status === "problem");
    expect(bad).toMatchObject([{ check: "orphaned", examples: [again.id] }]);
    expect((await own.json(["cancel", again.id])).status).toBe("canceled");
    const asking = await own.json(["start", "own"]);
    expect(asking.status).toBe("waiting");
    await own.run(["complete", asking.id, "--data", "{}"]);
    expect((await own.json(["show", asking.id])).status).toBe("completed");
  });
});

describe("tandem completion", () => {
  test.each(["bash", "zsh", "fish"])("names every command for %s", async (shell) => {
    const { stdout } = await project.run(["completion", shell]);
    for (const name of ["start", "show", "doctor", "completion"]) expect(stdout).toContain(name);
  });

  test("completes in bash", async () => {
    const { stdout } = await project.run(["completion", "bash"]);
    const ask = `${stdout}\nCOMP_WORDS=(tandem show --f); COMP_CWORD=2; _tandem; echo "\${COMPREPLY[@]}"`;
    expect(spawnSync("bash", ["-c", ask], { encoding: "utf8" }).stdout).toBe("--follow\n");
  });
});

describe("tandem migrate", () => {
  test("makes and checks the tables", async () => {
    using own = new TandemProject();
    const before = await own.run(["migrate", "--check"]);
    expect(before.code).toBe(1);
    expect(before.stdout).toMatch(/^tandem\.db has schema version 0; this package needs \d+\.\n$/);
    expect(existsSync(own.path("tandem.db"))).toBe(false);
    const made = await own.run(["migrate"]);
    expect(made.stdout).toMatch(/^tandem\.db was brought from schema version 0 to \d+\.\n$/);
    const after = await own.run(["migrate", "--check"]);
    expect(after.code).toBe(0);
    expect(after.stdout).toMatch(/^tandem\.db is up to date \(schema version \d+\)\.\n$/);
  });
});

describe("tandem init", () => {
  test("makes a project in which an order waits, within seconds", async () => {
    using own = new TandemProject();
    const made = await own.run(["init", "orders"]);
    expect(made.stdout).toBe(`Made workflows.ts, package.json, README.md, .gitignore in orders.

Now type:
  cd orders
  npm install
  npx tandem dev

and in another terminal, to begin an order that then waits for you:
  npx tandem start order_approval
`);
    own.install("orders");
    const started = await own.run(["start", "order_approval"], {}, "orders");
    expect(started.stdout).toContain("waits for sales (group): May this order be shipped?");
    const id = /complete (\S+)/.exec(started.stdout)?.[1] ?? "";
    const completed = await own.run(["complete", id], { input: "yes\n\n" }, "orders");
    expect(completed.stdout).toContain("order_approval 1.0.0  completed");
  });

  test("overwrites nothing", async () => {
    using own = new TandemProject({ "workflows.js": "", "package.json": "{}" });
    const present = await own.run(["init"]);
    expect([present.code, present.stderr.split("\n")[0]]).toEqual([1, "error COMMAND_FAILED"]);
    using common = new TandemProject({ "package.json": "{}" });
    expect((await common.run(["init"])).stderr).toContain('no "type": "module"');
    using module = new TandemProject({ "package.json": '{"type": "module"}' });
    const { stdout } = await module.run(["init", "--javascript"]);
    expect(stdout).toContain("Made workflows.js, README.md, .gitignore.\n");
    expect(stdout).toContain("npm install tandem-workflows\n");
  });
});
