import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { describe, expect, test } from "vitest";
import { expenseFile, linesOf, TandemProject } from "../support/tandem-project.ts";

const busyFile = `
import { machineStep, WorkflowDefinition } from "tandem-workflows";
const flow = (name, step) =>
  new WorkflowDefinition({ name, steps: { step }, initialStep: "step", terminalSteps: ["step"] });
export const busy = flow("busy", machineStep("step", () => new Promise(() => {})));
export const deadly = flow("deadly", machineStep("step", () => process.exit(3)));
`;

/** A running `tandem dev`, whose reports are read one at a time. */
class Dev {
  readonly child: ChildProcess;
  readonly #lines: AsyncGenerator<string>;

  constructor(project: TandemProject, words: readonly string[] = []) {
    this.child = project.start(["dev", "--json", "--port", freePort(), ...words]);
    this.#lines = linesOf(this.child);
  }

  // biome-ignore lint/suspicious/noExplicitAny: what tests look into
  async next(): Promise<any> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new TypeError("tandem dev has ended");
    return JSON.parse(value);
  }

  async stop(signal: NodeJS.Signals = "SIGINT"): Promise<number | null> {
    const ended = once(this.child, "exit");
    this.child.kill(signal);
    return (await ended)[0] as number | null;
  }
}

/** Another for each; nobody else on this machine uses them. */
let port = 24_680 + (process.pid % 1000);
const freePort = () => String(port++);

const edited = expenseFile.replace('title: "Approve the expense"', 'title: "Yes or no?"');
const mistyped = expenseFile.replace('new Edge("check", "approve")', 'new Edge("chek", "approve")');

describe("tandem dev", () => {
  test("serves the API, and other commands reach it and its database", async () => {
    using project = new TandemProject({ "workflows.ts": expenseFile });
    const dev = new Dev(project);
    const { type, api, workflows } = await dev.next();
    expect([type, workflows.map(({ name }: { name: string }) => name)]).toEqual([
      "listening",
      ["expense", "nap"],
    ]);
    const here = ["--url", api];
    const { id, status } = await project.json(["start", "expense", ...here]);
    expect(status).toBe("waiting");
    // The same, on the database itself.
    const { tasks } = await project.json(["show", id]);
    const data = '{"approved": true, "account": "books"}';
    await project.run(["complete", tasks[0].id, "--data", data, ...here]);
    const shown = await project.json(["show", id, "--history", ...here]);
    expect(shown.status).toBe("completed");
    expect(shown.history.map(({ user }: { user: string }) => user)).toEqual([
      "developer",
      "developer",
    ]);
    const { items } = await project.json(["list", ...here]);
    expect(items).toEqual((await project.json(["list"])).items);
    const doctor = await project.run(["doctor", ...here]);
    expect([doctor.code, doctor.stdout.split("\n")[0]]).toEqual([
      0,
      `  ✓ server      ${api} answers, and so does its store.`,
    ]);
    const refused = await project.run(["tasks", "--as", "bob", ...here], {
      env: { TANDEM_USER: "" },
    });
    expect([refused.code, refused.stderr.split("\n")[0]]).toEqual([2, "error USAGE"]);
    expect(await dev.stop()).toBe(0);
  });

  test("starts anew when a file changes, and nothing is lost", async () => {
    using project = new TandemProject({
      "workflows.ts": expenseFile.replace('"Approve the expense"', "title"),
      "words.ts": 'export const title = "First";\n',
    });
    const source = expenseFile.replace('"Approve the expense"', "title");
    project.write("workflows.ts", `import { title } from "./words.ts";\n${source}`);
    const dev = new Dev(project);
    const { api } = await dev.next();
    const { id } = await project.json(["start", "expense", "--url", api]);
    project.write("words.ts", 'export const title = "Second";\n');
    expect((await dev.next()).type).toBe("reloaded");
    const { status } = await project.json(["show", id, "--url", api]);
    expect(status).toBe("waiting");
    const { tasks } = await project.json(["start", "expense", "--url", api]);
    expect(tasks[0].title).toBe("Second");
    expect(await dev.stop("SIGTERM")).toBe(0);
  });

  test("says what is wrong with a definition while the one before goes on", async () => {
    using project = new TandemProject({ "workflows.ts": expenseFile });
    const dev = new Dev(project);
    const { api } = await dev.next();
    project.write("workflows.ts", mistyped);
    const { type, message } = await dev.next();
    expect(type).toBe("failed");
    expect(message).toContain('(did you mean "check"?)');
    const { id } = await project.json(["start", "nap", "--url", api]);
    expect(id).toBeDefined();
    project.write("workflows.ts", edited);
    expect((await dev.next()).type).toBe("reloaded");
    await dev.stop();
  });

  test("waits until the definitions are right for the first time", async () => {
    using project = new TandemProject({ "workflows.ts": "export const = 1;\n" });
    const dev = new Dev(project);
    expect((await dev.next()).type).toBe("failed");
    project.write("workflows.ts", expenseFile);
    expect((await dev.next()).type).toBe("listening");
    await dev.stop();
  });

  test("does not let a changed shape loose on instances, and tells of those left behind", async () => {
    using project = new TandemProject({ "workflows.ts": expenseFile });
    const dev = new Dev(project);
    const { api } = await dev.next();
    await project.run(["start", "expense", "--url", api]);
    project.write("workflows.ts", expenseFile.replace('machineStep("chat", () => "sent"),', ""));
    const changed = await dev.next();
    expect([changed.type, changed.message.split("(")[0]]).toEqual([
      "failed",
      'Workflow "expense" version 1.0.0 has changed its shape ',
    ]);
    project.write("workflows.ts", expenseFile.replace('"1.0.0"', '"2.0.0"'));
    expect((await dev.next()).type).toBe("reloaded");
    expect(await dev.next()).toEqual({ type: "missing", names: ["expense 1.0.0 (1)"] });
    await dev.stop();
  });

  test("runs code that commands on the same database can reach", async () => {
    using project = new TandemProject({ "workflows.ts": busyFile });
    const dev = new Dev(project);
    const { api } = await dev.next();
    const { id } = await project.json(["start", "busy", "--url", api]);
    expect((await project.json(["show", id])).status).toBe("running");
    expect((await project.json(["doctor"])).problems).toBe(0);
    const canceled = await project.json(["cancel", id]);
    expect(canceled.status).toBe("canceled");
    await dev.stop();
  });

  test("says when its process ends by itself, and starts another when a file changes", async () => {
    using project = new TandemProject({ "workflows.ts": busyFile });
    const dev = new Dev(project);
    const { api } = await dev.next();
    await project.run(["start", "deadly", "--url", api]);
    expect(await dev.next()).toEqual({ type: "ended", code: 3 });
    project.write("workflows.ts", busyFile.replace("process.exit(3)", '"well"'));
    expect((await dev.next()).type).toBe("listening");
    const { items } = await project.json(["list", "--url", api]);
    for (const { id } of items) {
      const followed = await project.run(["show", id, "--follow", "--url", api]);
      expect(followed.stdout).toContain("deadly completed\n");
    }
    await dev.stop();
  });

  test("leaves no process behind when it is killed", async () => {
    using project = new TandemProject({ "workflows.ts": expenseFile });
    const dev = new Dev(project);
    const { api } = await dev.next();
    expect((await fetch(`${api}/health`)).status).toBe(200);
    await dev.stop("SIGKILL");
    const isGone = () =>
      fetch(`${api}/health`).then(
        () => false,
        () => true,
      );
    while (!(await isGone()));
  });

  test("says that its port is taken", async () => {
    using project = new TandemProject({ "workflows.ts": expenseFile });
    const dev = new Dev(project);
    const { api } = await dev.next();
    const { port: taken } = new URL(api);
    const { code, stderr } = await project.run(["dev", "--port", taken, "--database", "other.db"]);
    expect(code).toBe(1);
    expect(stderr).toContain(`✗ Port ${taken} is taken; --port names another.`);
    await dev.stop();
  });

  test("says where to click", async () => {
    using project = new TandemProject({ "workflows.ts": expenseFile });
    const child = project.start(["dev", "--port", freePort()]);
    const said: string[] = [];
    for await (const line of linesOf(child)) {
      said.push(line);
      if (line.startsWith("Ctrl-C")) child.kill("SIGINT");
    }
    const text = said.join("\n").replaceAll(String(port - 1), "PORT");
    expect(
      text.replace(/ {2}Dashboard .*\n/, ""),
    ).toBe(`Tandem runs expense 1.0.0, nap 1.0.0  (workflows.ts)

  API        http://localhost:PORT/api/docs
  Database   tandem.db

Start an instance, here in another terminal or in the dashboard:
  npx tandem start expense

Ctrl-C stops it; what waits goes on the next time.
Stopped.`);
  });
});

describe("Ctrl-C", () => {
  test("leaves what runs to others", async () => {
    using project = new TandemProject({ "workflows.ts": expenseFile });
    const child = project.start(["start", "nap", "--wait", "--key", "k"]);
    // Until it waits.
    for (;;) {
      const { items } = await project.json(["list"]).catch(() => ({ items: [] }));
      if (items[0]?.status === "waiting") break;
    }
    const ended = once(child, "exit");
    child.kill("SIGINT");
    expect((await ended)[0]).toBe(130);
    const store = project.store();
    expect(store.beat({ id: "nobody", beat: 2 })).toEqual([]);
    store.close();
  });
});
