/** Real processes on one Postgres database: what one does, the others see, whatever becomes of it. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type TestDatabase } from "../support/postgres-database.ts";
import type { Child } from "./children.ts";
import { readDatabase } from "./database.ts";
import type { ChildOptions, Command, OpenTask } from "./protocol.ts";
import { Stage } from "./stage.ts";
import { World } from "./world.ts";

const pollIntervalMs = 500;
const leaseMs = 1500;
/** What a busy machine may take longer. */
const slackMs = 500;

let database: TestDatabase;
let stage: Stage;

beforeAll(async () => {
  database = await createDatabase();
  stage = new Stage();
});
afterEach(async () => {
  await stage.clear();
  await database.empty();
});
afterAll(async () => {
  await stage.remove();
  await database.drop();
});

async function begin(options: Partial<ChildOptions> & { isDeaf?: boolean } = {}): Promise<Child> {
  const { isDeaf = false, ...rest } = options;
  const store = { type: "postgres", url: database.url, isDeaf } as const;
  const child = stage.begin({ store, pollIntervalMs, leaseMs, ...rest });
  await child.begun;
  return child;
}

async function ask(child: Child, command: Command): Promise<unknown> {
  const outcome = await child.ask(command);
  if (!outcome.ok) throw new Error(`${command.type}: ${outcome.code} ${outcome.message}`);
  return outcome.value;
}

/** An instance that the process owns, because a step of it runs there. */
async function startDesk(child: Child, instanceId: string): Promise<void> {
  const start = { type: "start", workflow: "desk", reference: instanceId } as const;
  await ask(child, { ...start, isKey: false, n: 1 });
  await stage.line(`${child.name} run ${instanceId} dig 1 1`);
}

async function sign(child: Child, instanceId: string, by: string): Promise<void> {
  const tasks = (await ask(child, { type: "tasks", instanceId })) as OpenTask[];
  const [{ id: taskId } = { id: "none" }] = tasks;
  await ask(child, { type: "complete", instanceId, taskId, by });
}

const ring = (child: Child, instanceId: string, by: string) =>
  ask(child, { type: "signal", instanceId, name: "bell", by });

/** How long it takes until there is such a line. */
async function time(begun: () => unknown, line: string): Promise<number> {
  const from = performance.now();
  await Promise.all([begun(), stage.line(line)]);
  return performance.now() - from;
}

async function rows(instanceId: string) {
  const { instances } = await readDatabase({ type: "postgres", url: database.url });
  const instance = instances.get(instanceId);
  if (instance === undefined) throw new Error(`There is no instance ${instanceId}.`);
  return instance;
}

const linesWith = (words: string) =>
  stage.lines.map(({ text }) => text).filter((text) => text.includes(words));

describe("a command given to a process that does not own the instance", { timeout: 30_000 }, () => {
  test("takes effect once, at its owner, within 200 milliseconds", async () => {
    const [owner, other] = await Promise.all([begin(), begin()]);
    const times: number[] = [];
    for (const id of ["d1", "d2", "d3"]) {
      await startDesk(owner, id);
      times.push(
        await time(() => sign(other, id, `${id}-signer`), `${owner.name} run ${id} signed 1 1`),
        await time(() => ring(other, id, `${id}-ringer`), `${owner.name} run ${id} rung 1 1`),
      );
      const { signals, tasks } = await rows(id);
      expect(signals.map(({ by }) => by)).toEqual([`${id}-ringer`]);
      expect(tasks.map(({ status, endedBy }) => [status, endedBy])).toEqual([
        ["completed", `${id}-signer`],
      ]);
    }
    // Whatever else the machine does.
    expect(Math.min(...times)).toBeLessThan(200);
    expect(linesWith("run d1 signed")).toHaveLength(1);
    expect(linesWith("run d1 rung")).toHaveLength(1);
  });

  test("does so within the poll interval when notifications get lost", async () => {
    const [owner, other] = await Promise.all([begin({ isDeaf: true }), begin({ isDeaf: true })]);
    const times: number[] = [];
    for (const id of ["d1", "d2"]) {
      await startDesk(owner, id);
      const rung = `${owner.name} run ${id} rung 1 1`;
      times.push(await time(() => void ring(other, id, "ringer"), rung));
      await stage.line(`${other.name} signalled ${id} bell ringer`);
      expect((await rows(id)).signals.map(({ by }) => by)).toEqual(["ringer"]);
      expect(linesWith(`run ${id} rung`)).toHaveLength(1);
    }
    expect(Math.min(...times)).toBeLessThan(pollIntervalMs + slackMs);
  });

  test("takes effect at once where a step waits, and nobody owns the instance", async () => {
    const [first, second] = await Promise.all([begin(), begin()]);
    const start = { type: "start", workflow: "letters", isKey: false, n: 1 } as const;
    await ask(first, { ...start, reference: "l1" });
    const send = (by: string): Command => {
      return { type: "signal", instanceId: "l1", name: "note", by };
    };
    await Promise.all([
      ask(first, send("one")),
      ask(second, send("two")),
      ask(second, send("three")),
    ]);
    expect(await ask(first, { type: "waitFor", instanceId: "l1" })).toBe("completed");
    const { signals } = await rows("l1");
    expect(signals.map(({ by }) => by).sort()).toEqual(["one", "three", "two"]);
  });

  test("is refused by the owner in the words in which it is refused there", async () => {
    const [owner, other] = await Promise.all([begin(), begin()]);
    await startDesk(owner, "d1");
    await sign(owner, "d1", "first");
    const [task] = (await rows("d1")).tasks;
    const refused = await other.ask({
      ...{ type: "complete", instanceId: "d1", taskId: task?.id ?? "" },
      by: "second",
    });
    expect(refused).toMatchObject({ ok: false, code: "TASK_GONE" });
  });

  test("cancels what runs there", async () => {
    const [owner, other] = await Promise.all([begin(), begin()]);
    await startDesk(owner, "d1");
    expect(await ask(other, { type: "cancel", instanceId: "d1" })).toBe("canceled");
    expect(await ask(owner, { type: "see", instanceId: "d1" })).toBe("canceled");
  });
});

describe("instances of a process", { timeout: 30_000 }, () => {
  test("go on in another within the lease and a poll when it is killed", async () => {
    const [owner, other] = await Promise.all([begin(), begin()]);
    await startDesk(owner, "d1");
    const ms = await time(() => owner.kill(), `${other.name} run d1 dig 1 2`);
    expect(ms).toBeLessThan(leaseMs + pollIntervalMs + slackMs);
    expect(ms).toBeGreaterThan(leaseMs - 2 * pollIntervalMs);
  });

  test("go on at once when it stops in good order", async () => {
    const [owner, other] = await Promise.all([begin(), begin()]);
    await startDesk(owner, "d1");
    const ms = await time(() => owner.close(), `${other.name} run d1 dig 1 2`);
    expect(ms).toBeLessThan(leaseMs / 2);
  });

  test("are spread among those that are left", async () => {
    const [owner, ...others] = await Promise.all([begin(), begin(), begin()]);
    const ids = Array.from({ length: 120 }, (_, index) => `d${index}`);
    await Promise.all(ids.map((id) => startDesk(owner, id)));
    await owner.kill();
    await Promise.all(ids.map((id) => stage.line(`run ${id} dig 1 2`)));
    for (const { name } of others) {
      expect(linesWith(`${name} run d`).length).toBeGreaterThan(0);
    }
    expect(linesWith(" dig 1 2")).toHaveLength(ids.length);
  });
});

describe("a process that was frozen for longer than the lease", { timeout: 30_000 }, () => {
  test("writes nothing of what it had begun, and takes part again", async () => {
    const [frozen, other] = await Promise.all([begin(), begin()]);
    await startDesk(frozen, "d1");
    await stage.line(`${frozen.name} run d1 nap 1 1`);
    frozen.freeze();
    await stage.line(`${other.name} recorded d1 nap 1 2`);
    const before = await rows("d1");
    frozen.thaw();
    // Its nap is over long ago; it sees that nobody wants to know.
    expect(await ask(frozen, { type: "see", instanceId: "d1" })).toBe("running");
    await sign(frozen, "d1", "signer");
    await stage.line(`${other.name} run d1 signed 1 1`);
    const after = await rows("d1");
    const nap = ({ path }: { path: string }) => path === "nap";
    expect(after.executions.find(nap)).toEqual(before.executions.find(nap));
    expect(after.executions.find(nap)).toMatchObject({ status: "succeeded", attempt: 2 });
    expect(after.owner).toBe(before.owner);
    expect(linesWith("recorded d1 nap")).toEqual([`${other.name} recorded d1 nap 1 2`]);
    await ask(other, { type: "cancel", instanceId: "d1" });
    await startDesk(frozen, "d2");
    await stage.line(`${frozen.name} recorded d2 nap 1 1`);
  });

  test("has in the meantime not kept others from acting on its instances", async () => {
    const [frozen, other] = await Promise.all([begin(), begin()]);
    await startDesk(frozen, "d1");
    frozen.freeze();
    const ms = await time(() => sign(other, "d1", "signer"), `${other.name} run d1 signed 1 1`);
    expect(ms).toBeLessThan(leaseMs + 2 * pollIntervalMs + slackMs);
    frozen.thaw();
    expect(await ask(frozen, { type: "tasks", instanceId: "d1" })).toEqual([]);
  });
});

test("clocks that differ by ten minutes break nothing", { timeout: 60_000 }, async () => {
  const store = { type: "postgres", url: database.url } as const;
  const seed = Number(process.env.TANDEM_KILL_SEED ?? 1);
  const world = new World({
    ...{ seed, store, processes: 2, atOnce: 16, pollIntervalMs: 100, leaseMs: 5000 },
    aheadMs: [0, 600_000],
  });
  try {
    await world.progress(1_500);
    const { wrong } = await world.judge({ mayOverlap: true, clocksDiffer: true });
    expect(wrong.join("\n\n")).toBe("");
  } finally {
    await world.remove();
  }
});
