import {
  type ActRecord,
  humanStep,
  type ListTasksOptions,
  ParallelGroup,
  type ReadonlyContext,
  type WorkflowDefinition,
} from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, refusal, Workshop } from "../support/workshop.ts";

const hour = 3_600_000;

/** Ten tasks, of which each is due before the one that opened before it. */
async function stocked() {
  const shop = new Workshop();
  const numberOf = (context: ReadonlyContext) => context.get("n") as number;
  const ask = humanStep("ask", {
    title: (context) => `Task ${numberOf(context)}`,
    candidateGroups: (context) => [numberOf(context) % 2 === 0 ? "even" : "odd"],
    dueInMs: (context) => (20 - 2 * numberOf(context)) * hour,
  });
  const workflows = ["flow0", "flow1", "flow2"].map((name) => flow({ ask }, [], { name }));
  for (let n = 0; n < 10; n++) {
    const tenant = n < 5 ? "north" : "south";
    const workflow = workflows[n % 3] as WorkflowDefinition;
    await shop.start(workflow, { instanceId: `i${n}`, tenant, initialData: { n } });
    await shop.advance(hour);
  }
  return shop;
}

async function titles(shop: Workshop, options: ListTasksOptions): Promise<string> {
  const { items } = await shop.engine.tasks.list(options);
  return items.map(({ title }) => title.replace("Task ", "")).join("");
}

/** Every page, read to the end. */
async function pages(shop: Workshop, options: ListTasksOptions): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await shop.engine.tasks.list({ ...options, ...(cursor && { cursor }) });
    found.push(page.items.map(({ title }) => title.replace("Task ", "")).join(""));
    cursor = page.next;
  } while (cursor !== undefined);
  return found;
}

describe("engine.tasks.list", () => {
  test("gives pages that follow each other, in each order", async () => {
    const shop = await stocked();
    expect(await pages(shop, { limit: 4 })).toEqual(["0123", "4567", "89"]);
    expect(await pages(shop, { limit: 5 })).toEqual(["01234", "56789"]);
    expect(await pages(shop, { limit: 4, order: "due" })).toEqual(["9876", "5432", "10"]);
    for (const n of [3, 1, 2]) {
      await shop.engine.completeHumanTask({ taskId: `i${n}/1`, userId: "ann", admin: true });
      await shop.advance(1);
    }
    const ended = { status: "completed", order: "ended" } as const;
    expect(await pages(shop, { ...ended, limit: 2 })).toEqual(["21", "3"]);
  });

  test("goes on where the page before ended, whatever has gone since", async () => {
    const shop = await stocked();
    const { next } = await shop.engine.tasks.list({ limit: 4 });
    await shop.engine.cancelWorkflow("i3");
    await shop.engine.cancelWorkflow("i4");
    expect(await titles(shop, { limit: 4, cursor: next as string })).toBe("5678");
  });

  test.each<[string, ListTasksOptions, string]>([
    ["a user", { userId: "ann" }, ""],
    ["a user with groups", { userId: "ann", groups: ["even"] }, "02468"],
    ["groups", { groups: ["odd", "even"] }, "0123456789"],
    ["a workflow", { workflow: "flow1" }, "147"],
    ["a tenant", { tenant: "south", groups: ["odd"] }, "579"],
    ["an instance", { instanceId: "i3" }, "3"],
    ["a step", { stepName: "other" }, ""],
    ["nobody's", { isAssigned: false, limit: 2 }, "01"],
    ["an assignee", { assignee: "ann" }, ""],
    ["a state", { status: "withdrawn" }, ""],
  ])("filters by %s", async (_what, options, expected) => {
    expect(await titles(await stocked(), options)).toBe(expected);
  });

  test("filters by due date and by who completed", async () => {
    const shop = await stocked();
    const { items } = await shop.engine.tasks.list();
    const [dueFrom, dueBefore] = [items[5]?.dueAt as number, items[2]?.dueAt as number];
    expect(await titles(shop, { dueFrom, dueBefore })).toBe("345");
    await shop.engine.completeHumanTask({ taskId: "i3/1", userId: "ann", groups: ["odd"] });
    expect(await titles(shop, { status: "completed", endedBy: "ann" })).toBe("3");
    expect(await titles(shop, { status: "completed", endedBy: "bob" })).toBe("");
  });

  test("counts, no further than told", async () => {
    const { engine } = await stocked();
    expect(await engine.tasks.count()).toBe(10);
    expect(await engine.tasks.count({ groups: ["odd"] })).toBe(5);
    expect(await engine.tasks.count({}, { atMost: 3 })).toBe(3);
  });

  test.each<[string, object, string]>([
    ["no cursor at all", { cursor: "first" }, 'cursor is "first"; give the "next" of the page'],
    ["a limit of 0", { limit: 0 }, "limit is 0; it must be a whole number from 1 to 1000"],
    ["a limit beyond 1000", { limit: 1001 }, "limit is 1001"],
    ["an unknown order", { order: "title" }, 'order is "title"; it must be one of "created"'],
    ["an unknown state", { status: "done" }, 'status is "done"; it must be one of "open"'],
    ["groups that are no list", { groups: "legal" }, 'groups is "legal"; it must be a list'],
    ["a date that is none", { dueFrom: "now" }, 'dueFrom is "now"; it must be whole milliseconds'],
    ["a flag that is none", { isAssigned: "no" }, 'isAssigned is "no"; it must be true or false'],
    ["a user that is none", { userId: 7 }, "userId must be a string"],
  ])("refuses %s", async (_what, options, message) => {
    const { engine } = new Workshop();
    const refused = await refusal(engine.tasks.list(options as ListTasksOptions));
    expect(refused.code).toBe("INVALID_ARGUMENT");
    expect(refused.message).toContain(message);
  });

  test("refuses a cursor of another order", async () => {
    const { engine } = await stocked();
    const { next } = await engine.tasks.list({ limit: 1, order: "due" });
    expect(await refusal(engine.tasks.list({ limit: 1, cursor: next as string }))).toMatchObject({
      code: "INVALID_ARGUMENT",
      message:
        'cursor is of a list in the order "due"; ' +
        'give the "next" of a page in the order "created".',
    });
  });
});

describe("engine.tasks.get", () => {
  test("finds a task in any state by its id", async () => {
    const { engine } = await stocked();
    expect(await engine.tasks.get("i3/1")).toMatchObject({ id: "i3/1", tenant: "north" });
    await engine.cancelWorkflow("i3");
    expect(await engine.tasks.get("i3/1")).toMatchObject({ status: "withdrawn" });
  });

  test.each([
    ["i3/9", "UNKNOWN_TASK"],
    ["nowhere/1", "UNKNOWN_INSTANCE"],
    ["", "INVALID_ARGUMENT"],
  ])("refuses %o", async (taskId, code) => {
    const { engine } = await stocked();
    expect(await refusal(engine.tasks.get(taskId))).toMatchObject({ code });
  });
});

test("completing a task is one change of its instance, its act included", async () => {
  const shop = new Workshop();
  const group = new ParallelGroup([humanStep("a"), humanStep("b")]);
  await shop.start(flow({ group }), { instanceId: "one" });
  const [before] = await shop.store.versions(["one"]);
  await shop.complete("a");
  expect(await shop.store.versions(["one"])).toEqual([(before as number) + 1]);
  const acts = await shop.store.listActs({ instanceId: "one", limit: 10 });
  expect(acts.map(({ act }): ActRecord["type"] => act.type)).toEqual(["task-completed"]);
});
