import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { expenseFile, TandemProject } from "../support/tandem-project.ts";

let project: TandemProject;

beforeAll(() => {
  project = new TandemProject({ "workflows.ts": expenseFile });
});

afterAll(() => project[Symbol.dispose]());

async function newTask(): Promise<string> {
  const { tasks } = await project.json(["start", "expense", "--data", '{"amount": 120}']);
  return tasks[0].id;
}

const instanceOf = (taskId: string) => taskId.slice(0, taskId.lastIndexOf("/"));

describe("tandem complete", () => {
  test("asks for each field of the form until the answer is right", async () => {
    const task = await newTask();
    const answers = ["perhaps", "y", "3", "2", "ten", "7", "20", `${"x".repeat(21)}`, "fine"];
    const { code, stdout, stderr } = await project.run(["complete", task], {
      input: `${answers.join("\n")}\n`,
    });
    expect(stderr).toBe(`Approve the expense  for finance (group)
  amount: 120

Do you approve it? (yes or no): 
  answer yes or no
Do you approve it? (yes or no): 
  1) travel
  2) books
Account (a number of the list): 
  choose a number from 1 to 2
Account (a number of the list): 
Limit (a number) [50]: 
  write a number
Limit (a number) [50]: 
  must be >= 10
Limit (a number) [50]: 
Note (Enter to leave it out): 
  must NOT have more than 20 characters
Note (Enter to leave it out): 
`);
    expect(code).toBe(0);
    expect(stdout).toContain("completed approve\nexpense 1.0.0  completed\n");
    const { data } = await project.json(["show", instanceOf(task)]);
    expect(data.approve).toEqual({ approved: true, account: "books", limit: 20, note: "fine" });
  });

  test("takes what the form presets, and leaves out what is not needed", async () => {
    const task = await newTask();
    await project.run(["complete", task], { input: "no\ntravel\n\n\n" });
    const { data, status } = await project.json(["show", instanceOf(task)]);
    expect(data.approve).toEqual({ approved: false, account: "travel", limit: 50 });
    expect(status).toBe("completed");
  });

  test("sends nothing when stdin ends before the form does", async () => {
    const task = await newTask();
    const { code, stderr } = await project.run(["complete", task], { input: "yes\n" });
    expect(code).toBe(2);
    expect(stderr).toContain("error USAGE\n  The form asks for more than stdin has.");
    expect((await project.json(["show", instanceOf(task)])).status).toBe("waiting");
  });

  test("takes an instance for its only task, and data from a file", async () => {
    const id = instanceOf(await newTask());
    project.write("data.json", '{"approved": true, "account": "books"}');
    const task = await project.json(["complete", id, "--data", "@data.json"]);
    expect(task).toMatchObject({ status: "completed", path: "approve", endedBy: "ada" });
  });

  test("names each field that is wrong", async () => {
    const task = await newTask();
    const wrong = ["complete", task, "--data", '{"approved": 1}'];
    const { code, stderr } = await project.run(wrong);
    expect(code).toBe(1);
    expect(stderr).toBe(`error INVALID_FORM_DATA
  The data for task "approve" does not fit its form: account: is required;
  approved: must be boolean.
`);
    const json = await project.run([...wrong, "--json"]);
    expect(json.stdout).toBe("");
    const { error } = JSON.parse(json.stderr);
    expect(error.code).toBe("INVALID_FORM_DATA");
    expect(error.fields.map(({ field }: { field: string }) => field).sort()).toEqual([
      "account",
      "approved",
    ]);
  });

  test("keeps to who may do it, and says what became of a task that is gone", async () => {
    const task = await newTask();
    const data = '{"approved": true, "account": "books"}';
    const excluded = await project.run(["complete", task, "--data", data, "--as", "eve"]);
    expect([excluded.code, excluded.stderr.split("\n")[0]]).toEqual([1, "error NOT_ALLOWED"]);
    expect((await project.run(["complete", task, "--data", data, "--as", "bob"])).code).toBe(0);
    const gone = await project.run(["complete", task, "--data", data]);
    expect([gone.code, gone.stderr.split("\n")[0]]).toEqual([1, "error TASK_GONE"]);
    expect(gone.stderr).toContain("completed by bob");
  });
});
