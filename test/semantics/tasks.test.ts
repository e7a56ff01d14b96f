import { type ActRecord, type HumanTask, humanStep, SequentialGroup } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, refusal, Workshop } from "../support/workshop.ts";

type Options = Parameters<typeof humanStep>[1];

const legal = { candidateGroups: ["legal"] };
const ann = { userId: "ann", groups: ["legal"] };
const bob = { userId: "bob", groups: ["legal"] };
const eve = { userId: "eve", groups: ["sales"] };
const root = { userId: "root", admin: true };

/** An instance that waits for one person. */
async function asked(options: Options = {}, initialData = {}) {
  const shop = new Workshop();
  await shop.start(flow({ ask: humanStep("ask", options) }), { initialData, instanceId: "one" });
  const ask = { instanceId: "one", stepName: "ask" } as const;
  const { tasks } = shop.engine;
  const complete = (who: object, data: object = {}) =>
    shop.engine.completeHumanTask({ ...ask, ...who, data });
  return { shop, tasks, ask, complete };
}

/** What was done, in the words of the history. */
async function acts(shop: Workshop): Promise<ActRecord[]> {
  const found = await shop.store.listActs({ instanceId: shop.id, limit: 100 });
  return found.map(({ act }) => act);
}

async function pathsFor(shop: Workshop, who: { userId?: string; groups?: string[] }) {
  return (await shop.engine.tasks.list(who)).items.map(({ path }) => path);
}

describe("claiming", () => {
  test("takes a task for oneself: the others neither see it nor may act", async () => {
    const { shop, tasks, ask, complete } = await asked(legal);
    const claimed = await tasks.claim({ ...ask, ...ann });
    expect(claimed).toMatchObject({ id: "one/1", assignee: "ann", claimedAt: shop.clock.now() });
    expect(await pathsFor(shop, ann)).toEqual(["ask"]);
    expect(await pathsFor(shop, bob)).toEqual([]);
    expect(await refusal(complete(bob))).toMatchObject({
      code: "TASK_CLAIMED",
      message: `Task "ask" was claimed by ann at ${new Date(shop.clock.now()).toISOString()}.`,
    });
    expect((await complete(ann)).status).toBe("completed");
  });

  test("is won by one", async () => {
    const { tasks, ask } = await asked(legal);
    await tasks.claim({ ...ask, ...ann });
    expect(await refusal(tasks.claim({ ...ask, ...bob }))).toMatchObject({ code: "TASK_CLAIMED" });
    expect((await tasks.get("one/1")).assignee).toBe("ann");
  });

  test("counts once when the same person does it twice", async () => {
    const { shop, tasks, ask } = await asked(legal);
    await tasks.claim({ ...ask, ...ann });
    expect((await tasks.claim({ ...ask, ...ann })).assignee).toBe("ann");
    expect((await acts(shop)).map(({ type }) => type)).toEqual(["task-claimed"]);
  });

  test("is for those who may complete it, who must be named", async () => {
    const { tasks, ask } = await asked(legal);
    expect(await refusal(tasks.claim({ ...ask, ...eve }))).toMatchObject({ code: "NOT_ALLOWED" });
    expect(await refusal(tasks.claim({ ...ask, groups: ["legal"] }))).toEqual({
      name: "NotAllowedError",
      code: "NOT_ALLOWED",
      message: 'Task "ask": a claim needs a user; say who claims it.',
    });
  });

  test("does not take what was given to somebody, not even for an administrator", async () => {
    const { tasks, ask } = await asked({ assignee: "ann" });
    expect(await refusal(tasks.claim({ ...ask, ...root }))).toMatchObject({
      code: "NOT_ALLOWED",
      message: 'Task "ask": it belongs to ann; reassign it instead of claiming it.',
    });
  });

  test("is accepted while the instance is paused", async () => {
    const { shop, tasks, ask, complete } = await asked(legal);
    await shop.engine.pauseWorkflow("one");
    await tasks.claim({ ...ask, ...ann });
    expect((await complete(ann)).status).toBe("completed");
  });
});

describe("releasing", () => {
  test("gives the task back to its candidates", async () => {
    const { shop, tasks, ask } = await asked(legal);
    await tasks.claim({ ...ask, ...ann });
    const released = await tasks.release({ ...ask, ...ann });
    expect(released).toMatchObject({ assignee: undefined, claimedAt: undefined });
    expect(await pathsFor(shop, bob)).toEqual(["ask"]);
    expect((await acts(shop)).map(({ type, user }) => [type, user])).toEqual([
      ["task-claimed", "ann"],
      ["task-released", "ann"],
    ]);
  });

  test("is for whoever claimed it, and for administrators", async () => {
    const { tasks, ask } = await asked(legal);
    await tasks.claim({ ...ask, ...ann });
    expect(await refusal(tasks.release({ ...ask, ...bob }))).toMatchObject({
      code: "TASK_CLAIMED",
    });
    expect((await tasks.release({ ...ask, ...root })).assignee).toBe(undefined);
  });

  test.each<[string, Options]>([
    ["what nobody has", legal],
    ["what was given to somebody", { assignee: "ann" }],
  ])("does not work on %s", async (_what, options) => {
    const { tasks, ask } = await asked(options);
    expect(await refusal(tasks.release({ ...ask, ...ann }))).toMatchObject({
      code: "TASK_NOT_CLAIMED",
    });
  });
});

describe("reassigning", () => {
  test("gives the task to somebody else for good", async () => {
    const { shop, tasks, ask, complete } = await asked(legal);
    await tasks.claim({ ...ask, ...ann });
    const given = await tasks.reassign({ ...ask, ...ann, to: "cid" });
    expect(given).toMatchObject({ assignee: "cid", claimedAt: undefined, owner: undefined });
    expect(await refusal(complete(ann))).toMatchObject({ code: "NOT_ALLOWED" });
    expect(await refusal(tasks.release({ ...ask, userId: "cid" }))).toMatchObject({
      code: "TASK_NOT_CLAIMED",
    });
    expect((await complete({ userId: "cid" })).status).toBe("completed");
    expect((await acts(shop))[1]).toMatchObject({
      type: "task-reassigned",
      user: "ann",
      details: { from: "ann", to: "cid" },
    });
  });

  test("is for those who may complete it", async () => {
    const { tasks, ask } = await asked({ assignee: "ann" });
    const call = tasks.reassign({ ...ask, ...eve, to: "eve" });
    expect(await refusal(call)).toMatchObject({ code: "NOT_ALLOWED" });
  });
});

describe("delegating", () => {
  test("asks somebody else, whose answer returns to the owner, who decides", async () => {
    const { shop, tasks, ask, complete } = await asked({ assignee: "ann" });
    const delegated = await tasks.delegate({ ...ask, ...ann, to: "cid" });
    expect(delegated).toMatchObject({ assignee: "cid", owner: "ann" });
    expect(await pathsFor(shop, { userId: "cid" })).toEqual(["ask"]);
    expect(await pathsFor(shop, { userId: "ann" })).toEqual(["ask"]);

    expect((await complete({ userId: "cid" }, { approved: true })).status).toBe("waiting");
    const at = shop.clock.now();
    const proposal = { by: "cid", at, data: { approved: true } };
    const returned = await tasks.get("one/1");
    expect(returned).toMatchObject({ status: "open", assignee: "ann", owner: undefined, proposal });
    expect(await pathsFor(shop, { userId: "cid" })).toEqual([]);

    await complete(ann, { approved: false });
    expect(await shop.data()).toMatchObject({ ask: { approved: false } });
    const details = { to: "ann", data: { approved: true } };
    expect((await acts(shop)).map((act) => [act.type, act.user, act.details])).toEqual([
      ["task-delegated", "ann", { from: "ann", to: "cid", owner: "ann" }],
      ["task-answered", "cid", details],
      ["task-completed", "ann", undefined],
    ]);
  });

  test("lets the delegate decide if the step says so", async () => {
    const { tasks, ask, complete } = await asked({ assignee: "ann", delegateDecides: true });
    await tasks.delegate({ ...ask, ...ann, to: "cid" });
    expect((await complete({ userId: "cid" })).status).toBe("completed");
  });

  test("lets the owner decide without waiting for the answer", async () => {
    const { tasks, ask, complete } = await asked({ assignee: "ann" });
    await tasks.delegate({ ...ask, ...ann, to: "cid" });
    expect((await complete(ann)).status).toBe("completed");
  });

  test("keeps the first owner when the delegate delegates on", async () => {
    const { tasks, ask, complete } = await asked({ assignee: "ann" });
    await tasks.delegate({ ...ask, ...ann, to: "cid" });
    expect(await tasks.delegate({ ...ask, userId: "cid", to: "dan" })).toMatchObject({
      assignee: "dan",
      owner: "ann",
    });
    await complete({ userId: "dan" });
    expect(await tasks.get("one/1")).toMatchObject({ assignee: "ann", owner: undefined });
  });

  test("of a task that nobody has makes whoever delegates it the owner", async () => {
    const { tasks, ask } = await asked(legal);
    expect(await tasks.delegate({ ...ask, ...bob, to: "cid" })).toMatchObject({ owner: "bob" });
  });

  test("by an administrator brings the answer to whoever had the task", async () => {
    const { tasks, ask } = await asked({ assignee: "ann" });
    expect(await tasks.delegate({ ...ask, ...root, to: "cid" })).toMatchObject({ owner: "ann" });
  });

  test("to its owner, or by nobody, is refused", async () => {
    const { tasks, ask } = await asked({ assignee: "ann" });
    expect(await refusal(tasks.delegate({ ...ask, ...ann, to: "ann" }))).toMatchObject({
      code: "NOT_ALLOWED",
      message: 'Task "ask": ann is its owner, who cannot be its delegate.',
    });
    const open = await asked();
    expect(await refusal(open.tasks.delegate({ ...open.ask, to: "cid" }))).toMatchObject({
      code: "NOT_ALLOWED",
      message: 'Task "ask": the answer to a delegation needs an owner; say who delegates it.',
    });
  });

  test("needs valid data of the delegate too", async () => {
    const formSchema = { type: "object", required: ["approved"] } as const;
    const { tasks, ask, complete } = await asked({ assignee: "ann", formSchema });
    await tasks.delegate({ ...ask, ...ann, to: "cid" });
    expect(await refusal(complete({ userId: "cid" }))).toMatchObject({
      code: "INVALID_FORM_DATA",
    });
  });
});

describe("a comment", () => {
  test("stands in the history and changes nothing", async () => {
    const { shop, tasks, ask } = await asked(legal);
    const before = await tasks.get("one/1");
    expect(await tasks.comment({ ...ask, ...bob, text: "Ask Cid" })).toEqual(before);
    expect(await acts(shop)).toEqual([
      {
        type: "task-commented",
        at: shop.clock.now(),
        user: "bob",
        onBehalfOf: undefined,
        through: undefined,
        path: "ask",
        taskId: "1",
        details: { text: "Ask Cid" },
      },
    ]);
  });

  test("is for those who may complete the task, and has a text", async () => {
    const { tasks, ask } = await asked(legal);
    const call = tasks.comment({ ...ask, ...eve, text: "Hello" });
    expect(await refusal(call)).toMatchObject({ code: "NOT_ALLOWED" });
    expect(await refusal(tasks.comment({ ...ask, ...bob, text: " " }))).toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  });
});

describe("who is excluded", () => {
  const options: Options = { ...legal, excludeUsers: ["bob"] };

  test("does not see the task and cannot claim it", async () => {
    const { shop, tasks, ask } = await asked(options);
    expect(await pathsFor(shop, bob)).toEqual([]);
    expect(await refusal(tasks.get("one/1", bob))).toMatchObject({ code: "NOT_ALLOWED" });
    expect(await refusal(tasks.claim({ ...ask, ...bob }))).toMatchObject({
      code: "NOT_ALLOWED",
      message: 'Task "ask": bob is excluded from this decision.',
    });
  });

  test.each(["reassign", "delegate"] as const)("cannot get it by %s", async (way) => {
    const { tasks, ask } = await asked(options);
    for (const who of [ann, root]) {
      expect(await refusal(tasks[way]({ ...ask, ...who, to: "bob" }))).toEqual({
        name: "NotAllowedError",
        code: "NOT_ALLOWED",
        message: 'Task "ask": bob is excluded from this decision and cannot get it.',
      });
    }
  });

  test("cannot act through an administrator, nor as one", async () => {
    const { complete } = await asked(options);
    for (const who of [
      { ...root, onBehalfOf: "bob" },
      { ...bob, admin: true },
    ]) {
      expect(await refusal(complete(who))).toMatchObject({ code: "NOT_ALLOWED" });
    }
  });
});

describe("an administrator", () => {
  test("acts on behalf of somebody, and the history says so", async () => {
    const { shop, tasks, ask, complete } = await asked(legal);
    const who = { ...root, onBehalfOf: "ann", through: "http" };
    expect(await tasks.claim({ ...ask, ...who })).toMatchObject({ assignee: "ann" });
    await complete(who);
    const common = { user: "root", onBehalfOf: "ann", through: "http" };
    expect(await acts(shop)).toMatchObject([
      { type: "task-claimed", ...common },
      { type: "task-completed", ...common },
    ]);
  });

  test("alone may act on behalf of others", async () => {
    const { shop, complete } = await asked(legal);
    expect(await refusal(complete({ ...bob, onBehalfOf: "ann" }))).toEqual({
      name: "NotAllowedError",
      code: "NOT_ALLOWED",
      message: "bob may not act on behalf of ann: only an administrator may.",
    });
    const cancel = shop.engine.cancelWorkflow("one", { userId: "bob", onBehalfOf: "ann" });
    expect(await refusal(cancel)).toMatchObject({ code: "NOT_ALLOWED" });
  });

  test("answers for a delegate", async () => {
    const { tasks, ask, complete } = await asked({ assignee: "ann" });
    await tasks.delegate({ ...ask, ...ann, to: "cid" });
    await complete({ ...root, onBehalfOf: "cid" });
    expect(await tasks.get("one/1")).toMatchObject({ assignee: "ann", proposal: { by: "cid" } });
  });
});

describe("a task that is gone", () => {
  const calls = (tasks: Workshop["engine"]["tasks"]) =>
    [
      (o: object) => tasks.claim(o),
      (o: object) => tasks.release(o),
      (o: object) => tasks.reassign({ ...o, to: "cid" }),
      (o: object) => tasks.delegate({ ...o, to: "cid" }),
      (o: object) => tasks.comment({ ...o, text: "late" }),
    ] as const;

  test("says that it was completed, when, and by whom", async () => {
    const { shop, tasks, ask, complete } = await asked(legal);
    await complete(ann);
    const at = new Date(shop.clock.now()).toISOString();
    for (const call of calls(tasks)) {
      expect(await refusal(call({ ...ask, ...bob }))).toEqual({
        name: "TaskGoneError",
        code: "TASK_GONE",
        message: `Task "ask" was completed by ann at ${at}.`,
      });
    }
  });

  test("says that it was withdrawn, why, when, and by whom", async () => {
    const { shop, tasks, ask } = await asked(legal);
    await shop.engine.cancelWorkflow("one", { userId: "root", reason: "a mistake" });
    const at = new Date(shop.clock.now()).toISOString();
    for (const call of calls(tasks)) {
      expect(await refusal(call({ ...ask, ...bob }))).toMatchObject({
        code: "TASK_GONE",
        message: `Task "ask" was withdrawn by root at ${at}: a mistake.`,
      });
    }
  });

  test("can still be looked at by those who had it", async () => {
    const { tasks, complete } = await asked(legal);
    await complete(ann, { yes: true });
    for (const who of [ann, bob, root]) {
      expect(await tasks.get("one/1", who)).toMatchObject({
        status: "completed",
        endedBy: "ann",
      });
    }
    expect(await refusal(tasks.get("one/1", eve))).toMatchObject({ code: "NOT_ALLOWED" });
  });
});

describe("what a person is shown", () => {
  test("is recorded with the task, as it was when it opened", async () => {
    const shop = new Workshop();
    const ask = humanStep("ask", { shows: ["order.total", "customer", "missing"] });
    await shop.start(flow({ ask }), {
      initialData: { order: { total: 5 }, customer: "Ada", secret: 1 },
    });
    const { items } = await shop.engine.tasks.list();
    expect(items[0]?.shown).toEqual({ "order.total": 5, customer: "Ada" });
    await shop.complete("ask");
    const { items: done } = await shop.engine.tasks.list({ status: "completed" });
    expect(done[0]?.shown).toEqual({ "order.total": 5, customer: "Ada" });
  });

  test("has the form, the priority and the due date", async () => {
    const formSchema = { type: "object", required: ["approved"] } as const;
    const { shop, tasks } = await asked(
      { formSchema, priority: (context) => context.get("urgency") as number, dueInMs: 1000 },
      { urgency: 90 },
    );
    const dueAt = shop.clock.now() + 1000;
    const expected = { form: formSchema, priority: 90, dueAt, workflowVersion: "1.0.0" };
    const { items } = await tasks.list();
    for (const task of [items[0], await tasks.get("one/1"), (await shop.view()).tasks[0]]) {
      expect(task).toMatchObject(expected);
      expect(task).toEqual(items[0] as HumanTask);
    }
  });

  test.each([
    ["a date", (now: number) => new Date(now + 5)],
    ["an ISO string", (now: number) => new Date(now + 5).toISOString()],
    ["milliseconds", (now: number) => now + 5],
    ["nothing", () => undefined],
  ])("is due at %s that a function gave", async (what, dueAt) => {
    const shop = new Workshop();
    const now = shop.clock.now();
    await shop.start(flow({ ask: humanStep("ask", { dueAt: () => dueAt(now) }) }));
    const { items } = await shop.engine.tasks.list();
    expect(items[0]?.dueAt).toBe(what === "nothing" ? undefined : now + 5);
  });

  test.each<[string, Options, string]>([
    ["a priority out of range", { priority: () => 101 }, "priority gave 101"],
    ["a due date that is none", { dueAt: () => "soon" }, "dueAt gave soon"],
    ["a negative time", { dueInMs: () => -1 }, "dueInMs gave -1"],
  ])("fails the step when a function gives %s", async (_what, options, message) => {
    const { shop } = await asked(options);
    expect(await shop.error()).toMatchObject({ code: "FUNCTION_FAILED" });
    expect((await shop.error())?.message).toContain(message);
  });
});

describe("the history", () => {
  test("has every act of operators, with who and how", async () => {
    const shop = new Workshop();
    await shop.start(flow({ a: shop.step(), b: humanStep("b") }, ["a -> b"]), {
      user: "ann",
      through: "cli",
    });
    const by = { userId: "olga", through: "http" };
    await shop.engine.pauseWorkflow(shop.id, by);
    await shop.engine.pauseWorkflow(shop.id, by);
    await shop.engine.resumeWorkflow(shop.id, by);
    await shop.fail("a");
    await shop.act(shop.engine.retryWorkflow(shop.id, by));
    await shop.finish("a");
    await shop.engine.signal({ instanceId: shop.id, name: "go", ...by });
    await shop.engine.signal({ instanceId: shop.id, name: "go" });
    await shop.act(shop.engine.cancelStep({ instanceId: shop.id, stepName: "b", ...by }));
    expect((await acts(shop)).map(({ type, user, through }) => [type, user, through])).toEqual([
      ["started", "ann", "cli"],
      ["paused", "olga", "http"],
      ["resumed", "olga", "http"],
      ["retried", "olga", "http"],
      ["signaled", "olga", "http"],
      ["step-canceled", "olga", "http"],
    ]);
  });

  test("has no act of what was refused, or done by nobody", async () => {
    const { shop, tasks, ask } = await asked({ ...legal, excludeUsers: ["bob"] });
    await refusal(tasks.claim({ ...ask, ...bob }));
    await refusal(tasks.reassign({ ...ask, ...ann, to: "bob" }));
    expect(await acts(shop)).toEqual([]);
  });

  test("has whoever completed each of several tasks", async () => {
    const shop = new Workshop();
    const group = new SequentialGroup([humanStep("first"), humanStep("second")]);
    await shop.start(flow({ group }));
    await shop.complete("first", {}, "ann");
    await shop.complete("second", {}, "bob");
    expect((await acts(shop)).map(({ type, user, path }) => [type, user, path])).toEqual([
      ["task-completed", "ann", "group/first"],
      ["task-completed", "bob", "group/second"],
    ]);
  });
});
