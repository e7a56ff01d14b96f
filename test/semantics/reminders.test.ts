import { type ActRecord, humanStep, RaceGroup, TimerStep } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, Workshop } from "../support/workshop.ts";

type Options = Parameters<typeof humanStep>[1];

const hour = 3_600_000;

async function asked(options: Options, initialData = {}) {
  const shop = new Workshop();
  const sent: string[] = [];
  const note =
    (what: string): NonNullable<NonNullable<Options>["onReminder"]> =>
    (context, task) => {
      sent.push(`${what} ${task.id} ${task.assignee} ${context.get("order")}`);
    };
  const ask = humanStep("ask", {
    onReminder: note("remind"),
    onEscalation: note("escalate"),
    ...options,
  });
  await shop.start(flow({ ask }), { instanceId: "one", initialData: { order: 7, ...initialData } });
  const acts = async () => {
    const found = await shop.store.listActs({ instanceId: "one", limit: 100 });
    return found.map(({ act }) => act);
  };
  return { shop, sent, acts, task: () => shop.engine.tasks.get("one/1") };
}

const kinds = (acts: readonly ActRecord[]) => acts.map(({ type }) => type);

describe("reminders", () => {
  const reminders = [{ beforeDueMs: hour }, { afterMs: hour }];

  test("fire one after the other, by time, and tell the step", async () => {
    const { shop, sent, acts, task } = await asked({
      ...{ assignee: "ann", dueInMs: 10 * hour, reminders },
    });
    await shop.advance(hour - 1);
    expect(sent).toEqual([]);
    await shop.advance(1);
    expect(sent).toEqual(["remind one/1 ann 7"]);
    await shop.advance(8 * hour);
    expect(sent).toEqual(["remind one/1 ann 7", "remind one/1 ann 7"]);
    await shop.advance(100 * hour);
    expect((await task()).reminded).toBe(2);
    expect(await acts()).toMatchObject([
      { type: "task-reminded", user: undefined, path: "ask", taskId: "1", details: { count: 1 } },
      { type: "task-reminded", details: { count: 2 } },
    ]);
  });

  test("fire across restarts, once", async () => {
    const { shop, task } = await asked({ reminders: [{ afterMs: hour }, { afterMs: 2 * hour }] });
    await shop.restart();
    await shop.advance(hour);
    expect((await task()).reminded).toBe(1);
    await shop.crash();
    await shop.clock.advance(5 * hour);
    await shop.restart();
    await shop.advance(0);
    expect((await task()).reminded).toBe(2);
    await shop.restart();
    await shop.advance(hour);
    expect((await task()).reminded).toBe(2);
  });

  test("stop with the task", async () => {
    const { shop, acts } = await asked({ reminders: [{ afterMs: hour }] });
    await shop.complete("ask");
    await shop.advance(2 * hour);
    expect(kinds(await acts())).toEqual(["task-completed"]);
    expect(await shop.store.listTimers({ workerId: "nobody", limit: 9 })).toEqual([]);
  });

  test("stop with a task that loses its race", async () => {
    const shop = new Workshop();
    const ask = humanStep("ask", { reminders: [{ afterMs: 2 * hour }] });
    const late = new TimerStep({ name: "late", durationMs: hour });
    await shop.start(flow({ race: new RaceGroup([ask, late]) }));
    await shop.advance(hour);
    expect(await shop.status()).toBe("completed");
    expect(await shop.store.listTimers({ workerId: "nobody", limit: 9 })).toEqual([]);
  });

  test("wait while the instance is paused, and fire at resume if due", async () => {
    const { shop, task } = await asked({ reminders: [{ afterMs: hour }] });
    await shop.engine.pauseWorkflow("one");
    await shop.advance(2 * hour);
    expect((await task()).reminded).toBe(0);
    await shop.act(shop.engine.resumeWorkflow("one"));
    await shop.advance(0);
    expect((await task()).reminded).toBe(1);
  });

  test("before the due date are left out if that was before the task opened", async () => {
    const { shop, task } = await asked({
      dueInMs: hour,
      reminders: [{ beforeDueMs: 2 * hour }, { beforeDueMs: 1 }],
    });
    await shop.advance(hour - 2);
    expect((await task()).reminded).toBe(0);
    await shop.advance(2);
    expect((await task()).reminded).toBe(1);
  });

  test("go on when their hook throws", async () => {
    const { shop, task } = await asked({
      reminders: [{ afterMs: hour }],
      onReminder: () => {
        throw new TypeError("no mail today");
      },
    });
    await shop.advance(hour);
    expect(shop.logged).toEqual(['A hook of "ask" threw']);
    expect((await task()).reminded).toBe(1);
  });
});

describe("escalations", () => {
  test("give the task to somebody else, raise its priority, and tell the step", async () => {
    const { shop, sent, acts, task } = await asked(
      {
        ...{ assignee: "ann", dueInMs: hour },
        escalations: [
          { overdueMs: hour, assignee: (context) => context.get("boss") as string, priority: 90 },
          { overdueMs: 2 * hour, candidateGroups: ["board"] },
        ],
      },
      { boss: "eve" },
    );
    await shop.advance(2 * hour);
    expect(await task()).toMatchObject({ assignee: "eve", priority: 90, escalated: 1 });
    expect(sent).toEqual(["escalate one/1 eve 7"]);
    await shop.advance(hour);
    expect(await task()).toMatchObject({
      assignee: undefined,
      candidateUsers: undefined,
      candidateGroups: ["board"],
      priority: 90,
      escalated: 2,
    });
    expect((await acts()).map(({ type, details }) => [type, details])).toEqual([
      ["task-escalated", { count: 1, from: "ann", to: "eve", priority: 90 }],
      ["task-escalated", { count: 2, from: "eve", candidateGroups: ["board"] }],
    ]);
  });

  test("take the task from whoever claimed it", async () => {
    const { shop, task } = await asked({
      candidateGroups: ["legal"],
      escalations: [{ afterMs: hour, candidateUsers: ["eve"] }],
    });
    await shop.engine.tasks.claim({ taskId: "one/1", userId: "ann", groups: ["legal"] });
    await shop.advance(hour);
    expect(await task()).toMatchObject({
      assignee: undefined,
      claimedAt: undefined,
      candidateUsers: ["eve"],
      candidateGroups: undefined,
    });
  });

  test("never give it to who is excluded: the history says so", async () => {
    const { shop, acts, task } = await asked({
      assignee: "ann",
      excludeUsers: ["eve"],
      escalations: [
        { afterMs: hour, assignee: "eve" },
        { afterMs: 2 * hour, candidateUsers: ["eve", "fay"] },
      ],
    });
    await shop.advance(hour);
    expect(await task()).toMatchObject({ assignee: "ann", escalated: 1 });
    await shop.advance(hour);
    expect(await task()).toMatchObject({ assignee: undefined, candidateUsers: ["fay"] });
    expect((await acts()).map(({ details }) => details?.excluded)).toEqual([["eve"], ["eve"]]);
  });

  test("of a task that was overdue when it opened come at once", async () => {
    const { shop, task } = await asked({
      dueAt: () => "2020-01-01T00:00:00Z",
      escalations: [{ overdueMs: 0, assignee: "eve" }],
    });
    await shop.advance(0);
    expect(await task()).toMatchObject({ assignee: "eve", escalated: 1 });
  });

  test("fail the step if their function throws", async () => {
    const { shop } = await asked({
      escalations: [
        {
          afterMs: hour,
          assignee: () => {
            throw new TypeError("no boss");
          },
        },
      ],
    });
    await shop.advance(hour);
    expect(await shop.error()).toMatchObject({
      code: "FUNCTION_FAILED",
      message: '"ask": an escalation: no boss',
    });
  });
});

describe("a human step", () => {
  const step = (options: object) => () => flow({ ask: humanStep("ask", options) });

  test.each<[string, object, string]>([
    ["a priority out of range", { priority: 101 }, "priority is 101; it must be a whole number"],
    ["shows that is no list", { shows: "total" }, 'shows is "total"; it must be a list of strings'],
    ["two due dates", { dueInMs: 1, dueAt: 1 }, "it has both dueInMs and dueAt"],
    ["a due date that is none", { dueAt: "tomorrow" }, 'dueAt is "tomorrow"; it must be a valid'],
    ["reminders that are no list", { reminders: 5 }, "reminders is 5; it must be a list"],
    ["a reminder that is no object", { reminders: [5] }, "reminders[0]: it is 5"],
    ["a reminder without a time", { reminders: [{}] }, "neither afterMs nor beforeDueMs"],
    [
      "a reminder before no due date",
      { reminders: [{ beforeDueMs: 1 }] },
      "beforeDueMs counts from the due date, but the step has none",
    ],
    [
      "a reminder with two times",
      { dueInMs: 9, reminders: [{ afterMs: 1, beforeDueMs: 1 }] },
      "it has both afterMs and beforeDueMs",
    ],
    ["an escalation of nothing", { escalations: [{ afterMs: 1 }] }, "it changes nothing"],
    [
      "an escalation to one and to many",
      { escalations: [{ afterMs: 1, assignee: "a", candidateUsers: ["b"] }] },
      "it has both an assignee and candidates",
    ],
    ["a hook that is none", { onReminder: "mail" }, 'onReminder is "mail"; it must be a function'],
    ["delegateDecides that is no flag", { delegateDecides: 1 }, "delegateDecides is 1"],
  ])("with %s is refused", (_what, options, message) => {
    expect(step(options)).toThrow(message);
  });
});
