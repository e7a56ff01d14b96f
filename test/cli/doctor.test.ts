import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { expenseFile, type Outcome, TandemProject } from "../support/tandem-project.ts";

interface Check {
  readonly check: string;
  readonly status: string;
  readonly message: string;
  readonly advice?: string;
  readonly examples?: readonly string[];
}

async function examine(project: TandemProject, words: readonly string[] = []) {
  const { code, stdout } = await project.run(["doctor", "--json", ...words]);
  const { problems, checks } = JSON.parse(stdout) as { problems: number; checks: Check[] };
  const bad = checks.filter(({ status }) => status === "problem");
  expect([code, problems]).toEqual([bad.length > 0 ? 1 : 0, bad.length]);
  return { bad, checks };
}

/** Changes the database behind everybody's back. */
function damage(project: TandemProject, sql: string): void {
  const database = new DatabaseSync(project.path("tandem.db"));
  database.exec(sql);
  database.close();
}

async function withInstance(workflow: string): Promise<[project: TandemProject, id: string]> {
  const project = new TandemProject({ "workflows.ts": expenseFile });
  const { id } = await project.json(["start", workflow]);
  return [project, id];
}

describe("tandem doctor", () => {
  test("finds nothing wrong where nothing is", async () => {
    const [project] = await withInstance("expense");
    using _ = project;
    const { stdout, code }: Outcome = await project.run(["doctor"]);
    expect(code).toBe(0);
    expect(stdout.replace(/Version \d+/, "Version N")).toBe(`  ✓ store       tandem.db answers.
  ✓ schema      Version N, as this package needs it.
  ✓ clock       This clock and the moments in the database agree.
  ! workers     No engine runs; instances that have not ended: 1.
                → Timers fire and code runs only while your application or
                \`tandem dev\` does.
  ✓ orphaned    No instance was left by its engine.
  ✓ stuck       No instance is stuck.
  ✓ timers      No timer is late.
  ✓ messages    No message waits.
  ✓ definitions Every instance that has not ended has its definition.
  ✓ failures    No instance has failed.

Nothing is wrong.
`);
  });

  test("finds that there is no database, or something else in its place", async () => {
    using project = new TandemProject({
      "other.db": "not a database, but quite some text in a file",
    });
    const { bad } = await examine(project);
    expect(bad).toMatchObject([{ check: "store", message: expect.stringContaining("tandem.db") }]);
    const other = await examine(project, ["--database", "other.db"]);
    expect(other.bad).toMatchObject([
      { check: "store", message: expect.stringContaining("STORE_INVALID") },
    ]);
    const postgres = "postgres://nobody:secret@127.0.0.1:1/none";
    const unreachable = await examine(project, ["--database", postgres]);
    expect(unreachable.bad).toMatchObject([{ check: "store" }]);
    expect(JSON.stringify(unreachable)).not.toContain("secret");
  });

  test("finds a schema that is older, newer or missing, and changes nothing", async () => {
    using project = new TandemProject();
    damage(project, "CREATE TABLE own (id INTEGER)");
    const missing = await examine(project);
    expect(missing.bad).toMatchObject([
      { check: "schema", advice: expect.stringContaining("tandem migrate") },
    ]);
    expect((await project.json(["migrate", "--check"])).version).toBe(0);
    await project.run(["migrate"]);
    damage(project, "INSERT INTO tandem_migrations (number) VALUES (999)");
    const newer = await examine(project);
    expect(newer.bad).toMatchObject([
      { check: "schema", message: expect.stringContaining("a newer one has been here") },
    ]);
  });

  test("finds a clock that does not agree with what is in the database", async () => {
    const [project] = await withInstance("nap");
    using _ = project;
    const future = Date.now() + 3_600_000;
    damage(project, `UPDATE tandem_instances SET started_at = ${future}`);
    const { bad } = await examine(project);
    expect(bad).toMatchObject([{ check: "clock", message: expect.stringContaining("behind") }]);
  });

  test("finds instances whose engine is gone, and those that nobody runs", async () => {
    const [project, id] = await withInstance("nap");
    using _ = project;
    damage(project, "UPDATE tandem_instances SET status = 'running', owner = 'gone'");
    const orphaned = await examine(project);
    expect(orphaned.bad).toMatchObject([{ check: "orphaned", examples: [id] }]);
    damage(project, "UPDATE tandem_instances SET owner = NULL, started_at = started_at - 100000");
    const stuck = await examine(project);
    expect(stuck.bad).toMatchObject([{ check: "stuck", examples: [id] }]);
  });

  test("finds timers, messages and schedules that nobody looks after", async () => {
    const [project, id] = await withInstance("nap");
    using _ = project;
    const past = Date.now() - 120_000;
    const store = project.store();
    const nobody = { user: undefined, tenant: undefined, businessKey: undefined };
    store.saveSchedule({
      ...{ id: "daily", revision: 1, workflow: "nap", version: undefined, cron: "0 6 * * *" },
      ...{ timezone: "UTC", initialData: {}, ...nobody, tags: [], missed: "once", isPaused: false },
      ...{ createdAt: past, nextAt: past, lastAt: undefined, lastInstanceId: undefined },
    });
    store.close();
    damage(
      project,
      `UPDATE tandem_timers SET fire_at = ${past};
       INSERT INTO tandem_messages (id, instance_id, recipient, sender, sent_at, command)
       VALUES ('m', '${id}', 'gone', NULL, ${past}, '{}')`,
    );
    const { bad } = await examine(project);
    expect(bad.map(({ check }) => check)).toEqual(["timers", "messages", "schedules"]);
    for (const { advice } of bad) expect(advice).toContain("tandem dev");
  });

  test("finds definitions that are missing, changed or broken", async () => {
    const [project] = await withInstance("expense");
    using _ = project;
    project.write("workflows.ts", expenseFile.replace('"expense"', '"costs"'));
    const missing = await examine(project);
    expect(missing.bad).toMatchObject([
      { check: "definitions", examples: ["expense 1.0.0: 1 instance"] },
    ]);
    project.write("workflows.ts", expenseFile.replace('machineStep("chat", () => "sent"),', ""));
    const changed = await examine(project);
    expect(changed.bad).toMatchObject([
      { check: "definitions", message: expect.stringContaining("has changed its shape") },
    ]);
    expect(changed.bad[0]?.examples?.join("\n")).toContain("chat");
    project.write("workflows.ts", "export const = 1;\n");
    const broken = await examine(project);
    expect(broken.bad).toMatchObject([{ check: "definitions", advice: "Mend the file." }]);
  });

  test("notes failed instances, which are nobody's fault here", async () => {
    using project = new TandemProject({
      "workflows.ts": expenseFile.replace('context.set("checked", true)', "JSON.parse('{')"),
    });
    await project.run(["start", "expense"]);
    const { bad, checks } = await examine(project);
    expect(bad).toEqual([]);
    expect(checks.find(({ check }) => check === "failures")).toMatchObject({
      status: "note",
      message: "1 instance has failed.",
    });
  });
});
