import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/postgres-database.ts";
import { expenseFile, TandemProject } from "../support/tandem-project.ts";

let database: TestDatabase;
let project: TandemProject;
let env: Readonly<Record<string, string>>;

beforeAll(async () => {
  database = await createDatabase();
  project = new TandemProject({ "workflows.ts": expenseFile });
  env = { TANDEM_DATABASE: database.url };
});

afterAll(async () => {
  project[Symbol.dispose]();
  await database.drop();
});

describe("tandem on PostgreSQL", () => {
  test("migrates, starts, completes and shows as on SQLite", async () => {
    const unmigrated = await project.run(["doctor"], { env });
    expect([unmigrated.code, unmigrated.stdout]).toEqual([1, expect.stringContaining("no tables")]);
    expect((await project.json(["migrate"], { env })).before).toBe(0);
    const { id, tasks } = await project.json(["start", "expense"], { env });
    await project.run(["complete", tasks[0].id], { env, input: "yes\nbooks\n\n\n" });
    const shown = await project.json(["show", id], { env });
    expect(shown.status).toBe("completed");
    const { items } = await project.json(["list"], { env });
    expect(items.map((item: { id: string }) => item.id)).toEqual([id]);
  });

  test("is found well, and its clock is compared", async () => {
    const { checks, problems } = await project.json(["doctor"], { env });
    expect(problems).toBe(0);
    expect(checks.find(({ check }: { check: string }) => check === "clock").message).toBe(
      "This clock and that of the database agree.",
    );
  });

  test("finds what is planted there too", async () => {
    await project.run(["start", "nap"], { env });
    await database.query("UPDATE tandem_timers SET fire_at = fire_at - 7200000");
    const { checks } = await project.json(["doctor"], { env });
    const bad = checks.filter(({ status }: { status: string }) => status === "problem");
    expect(bad).toMatchObject([{ check: "timers" }]);
  });
});
