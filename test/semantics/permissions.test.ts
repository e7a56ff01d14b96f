import { humanStep, type ReadonlyContext, SequentialGroup } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, refusal, Workshop } from "../support/workshop.ts";

type Who = { userId?: string; groups?: string[]; admin?: boolean };

async function attempt(options: Parameters<typeof humanStep>[1], who: Who, initialData = {}) {
  const shop = new Workshop();
  await shop.start(flow({ ask: humanStep("ask", options) }), { initialData });
  const call = shop.engine.completeHumanTask({
    instanceId: shop.id,
    stepName: "ask",
    data: {},
    ...who,
  });
  try {
    return (await call).status;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("a task", () => {
  test.each<[string, Parameters<typeof humanStep>[1], Who, string]>([
    ["anyone, if the step says neither", {}, { userId: "bob" }, "completed"],
    ["nobody in particular, if the step says neither", {}, {}, "completed"],
    ["its assignee", { assignee: "ann" }, { userId: "ann" }, "completed"],
    ["nobody but its assignee", { assignee: "ann" }, { userId: "bob" }, "NOT_ALLOWED"],
    ["no call without a user", { assignee: "ann" }, {}, "NOT_ALLOWED"],
    [
      "an assignee from the context",
      { assignee: (context: ReadonlyContext) => context.get("boss") as string },
      { userId: "eve" },
      "completed",
    ],
    ["an assignee by key", { assigneeKey: "boss" }, { userId: "eve" }, "completed"],
    ["nobody but the assignee by key", { assigneeKey: "boss" }, { userId: "ann" }, "NOT_ALLOWED"],
    ["a candidate", { candidateUsers: ["ann", "bob"] }, { userId: "bob" }, "completed"],
    ["nobody but candidates", { candidateUsers: ["ann"] }, { userId: "bob" }, "NOT_ALLOWED"],
    [
      "a member of a candidate group",
      { candidateGroups: ["legal"] },
      { userId: "bob", groups: ["it", "legal"] },
      "completed",
    ],
    [
      "nobody of other groups",
      { candidateGroups: ["legal"] },
      { userId: "bob", groups: ["it"] },
      "NOT_ALLOWED",
    ],
    [
      "a candidate user, if there are groups too",
      { candidateUsers: ["bob"], candidateGroups: ["legal"] },
      { userId: "bob" },
      "completed",
    ],
    [
      "nobody, if the candidates are an empty list",
      { candidateUsers: [] },
      { userId: "bob" },
      "NOT_ALLOWED",
    ],
    [
      "an administrator for others",
      { assignee: "ann" },
      { userId: "root", admin: true },
      "completed",
    ],
    ["no excluded user", { excludeUsers: ["bob"] }, { userId: "bob" }, "NOT_ALLOWED"],
    ["others than the excluded", { excludeUsers: ["bob"] }, { userId: "ann" }, "completed"],
    [
      "no excluded assignee",
      { assignee: "bob", excludeUsers: ["bob"] },
      { userId: "bob" },
      "NOT_ALLOWED",
    ],
    [
      "no excluded candidate",
      { candidateUsers: ["bob"], excludeUsers: ["bob"] },
      { userId: "bob" },
      "NOT_ALLOWED",
    ],
    [
      "no excluded administrator",
      { excludeUsers: ["root"] },
      { userId: "root", admin: true },
      "NOT_ALLOWED",
    ],
    [
      "no excluded user by the context",
      { excludeUsers: (context: ReadonlyContext) => [context.get("boss") as string] },
      { userId: "eve" },
      "NOT_ALLOWED",
    ],
    ["nobody unnamed, if some are excluded", { excludeUsers: ["bob"] }, {}, "NOT_ALLOWED"],
  ])("may be completed by %s", async (_who, options, who, outcome) => {
    expect(await attempt(options, who, { boss: "eve" })).toBe(outcome);
  });

  // Known to fail: who gives no name is not asked for one.
  test.each<[string, Parameters<typeof humanStep>[1], Who, string]>([
    [
      "no unnamed administrator, if some are excluded",
      { excludeUsers: ["bob"] },
      { admin: true },
      "NOT_ALLOWED",
    ],
    [
      "no unnamed member of a group, if some are excluded",
      { candidateGroups: ["legal"], excludeUsers: ["bob"] },
      { groups: ["legal"] },
      "NOT_ALLOWED",
    ],
  ])("may be completed by %s", async (_who, options, who, outcome) => {
    expect(await attempt(options, who)).toBe(outcome);
  });

  test("excludes whoever decided before", async () => {
    const shop = new Workshop();
    const second = humanStep("second", {
      excludeUsers: (context) => [context.get("first.by") as string],
    });
    await shop.start(flow({ group: new SequentialGroup([humanStep("first"), second]) }));
    await shop.complete("first", { by: "ann" }, "ann");
    const again = shop.engine.completeHumanTask({
      instanceId: shop.id,
      stepName: "second",
      userId: "ann",
      data: {},
    });
    expect(await refusal(again)).toMatchObject({
      code: "NOT_ALLOWED",
      message: 'Task "group/second": ann is excluded from this decision.',
    });
    await shop.complete("second", {}, "bob");
    expect(await shop.status()).toBe("completed");
  });
});

describe("the inbox", () => {
  test("shows a person the tasks that they may complete, oldest first", async () => {
    const shop = new Workshop();
    const steps = {
      start: shop.step(),
      mine: humanStep("mine", { assignee: "ann" }),
      hers: humanStep("hers", { assignee: "eve" }),
      legal: humanStep("legal", { candidateGroups: ["legal"] }),
      open: humanStep("open"),
      barred: humanStep("barred", { excludeUsers: ["ann"] }),
    };
    const names = ["mine", "hers", "legal", "open", "barred"];
    await shop.start(
      flow(
        steps,
        names.map((name) => `start -> ${name}`),
      ),
    );
    await shop.finish("start");
    const pathsOf = async (filter: { userId?: string; groups?: string[] }) =>
      (await shop.engine.tasks.list(filter)).items.map(({ path }) => path);
    expect(await pathsOf({})).toEqual(names);
    expect(await pathsOf({ userId: "ann" })).toEqual(["mine", "open"]);
    expect(await pathsOf({ userId: "ann", groups: ["legal"] })).toEqual(["mine", "legal", "open"]);
    expect(await pathsOf({ userId: "eve" })).toEqual(["hers", "open", "barred"]);
  });

  test("shows the title, the description and whose task it is; its id completes it", async () => {
    const shop = new Workshop();
    const ask = humanStep("ask", {
      title: (context) => `Approve ${context.get("total")}`,
      description: "As agreed",
      assignee: "ann",
    });
    await shop.start(flow({ ask }), { initialData: { total: 5 }, instanceId: "one" });
    const [task] = (await shop.engine.tasks.list()).items;
    expect(task).toMatchObject({
      instanceId: "one",
      workflow: "test",
      path: "ask",
      status: "open",
      title: "Approve 5",
      description: "As agreed",
      assignee: "ann",
      createdAt: shop.clock.now(),
    });
    await shop.engine.completeHumanTask({
      instanceId: "one",
      taskId: task?.id ?? "",
      userId: "ann",
      data: {},
    });
    expect((await shop.engine.tasks.list()).items).toEqual([]);
  });
});
