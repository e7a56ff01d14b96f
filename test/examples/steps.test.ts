/** What each example of a step, group or operation comes to, exactly. */
import { describe, expect, test } from "vitest";
import * as approvalDeadline from "../../examples/steps/approval-deadline.ts";
import * as compensation from "../../examples/steps/compensation.ts";
import * as definitionAsData from "../../examples/steps/definition-as-data.ts";
import * as gateways from "../../examples/steps/gateways.ts";
import * as inbox from "../../examples/steps/inbox.ts";
import * as joins from "../../examples/steps/joins.ts";
import * as limits from "../../examples/steps/limits.ts";
import * as loop from "../../examples/steps/loop.ts";
import * as map from "../../examples/steps/map.ts";
import * as nestedGroups from "../../examples/steps/nested-groups.ts";
import * as operations from "../../examples/steps/operations.ts";
import * as quorumVote from "../../examples/steps/quorum-vote.ts";
import * as reminder from "../../examples/steps/reminder.ts";
import * as retry from "../../examples/steps/retry.ts";
import * as signal from "../../examples/steps/signal.ts";
import * as subworkflow from "../../examples/steps/subworkflow.ts";
import * as webhook from "../../examples/steps/webhook.ts";
import { outcomeOf } from "./outcome.ts";

describe("gateways", () => {
  test.each([
    [
      { weight_kg: 2, value: 900, gift: true },
      ["send_parcel", "insure", "gift_wrap", "label", "hand_over"],
    ],
    [{ weight_kg: 40, value: 10, gift: false }, ["send_freight", "label", "hand_over"]],
    [{ weight_kg: 30, value: 500, gift: true }, ["send_parcel", "gift_wrap", "label", "hand_over"]],
  ])("send %j through %j", async (parcel, done) => {
    const { status, data } = await gateways.main(parcel);
    expect(status).toBe("completed");
    expect(data.done).toEqual(done);
  });
});

describe("a definition as data", () => {
  test.each([
    [{ amount: 250, receipt: "r.pdf" }, "paid"],
    [{ amount: 99 }, "paid"],
    [{ amount: 250 }, "refused"],
    [{ amount: 5000, receipt: "r.pdf" }, "refused"],
  ])("decides %j by its CEL condition: %s", async (expense, outcome) => {
    expect((await definitionAsData.main(expense)).data.outcome).toBe(outcome);
  });

  test("is checked as any other: every problem is named", () => {
    const wrong = definitionAsData.text
      .replace('"target": "pay"', '"target": "pya"')
      .replace("within_limits &&", "within_limits and");
    expect(() => definitionAsData.readDefinition(wrong)).toThrow(
      expect.objectContaining({
        code: "INVALID_DEFINITION",
        problems: expect.arrayContaining([
          expect.objectContaining({ code: "UNKNOWN_STEP" }),
          expect.objectContaining({ code: "INVALID_CONDITION" }),
        ]),
      }),
    );
  });
});

describe("a loop", () => {
  test("joins its parallel branches pass by pass", async () => {
    const { status, data, steps } = outcomeOf(await loop.main());
    expect(status).toBe("completed");
    expect(data).toMatchObject({ published: "draft 3", scores: [0, 1, 2] });
    expect(steps.filter((step) => step.startsWith("decide"))).toEqual([
      "decide: succeeded",
      "decide #2: succeeded",
      "decide #3: succeeded",
    ]);
  });
});

describe("a reminder", () => {
  test("comes every two days until the document is signed", async () => {
    expect(outcomeOf(await reminder.main(5))).toEqual({
      status: "completed",
      data: {
        signer: "ada",
        sent: true,
        reminders: ["reminder 1 to ada", "reminder 2 to ada"],
        sign: {},
        filed: true,
      },
      steps: [
        "send: succeeded",
        "sign: succeeded",
        "two_days: succeeded",
        "remind: succeeded",
        "two_days #2: succeeded",
        "remind #2: succeeded",
        "two_days #3: canceled",
        "file: succeeded",
      ],
    });
  });

  test("does not come to who signs at once", async () => {
    const instance = await reminder.main(0);
    expect(instance.status).toBe("completed");
    expect(instance.data.reminders).toBeUndefined();
  });
});

describe("an approval in an inbox", () => {
  test("is claimed, delegated, answered and decided; whoever has it is reminded", async () => {
    inbox.outbox.length = 0;
    const { instance, proposal } = await inbox.claimAndDelegate();
    expect(proposal).toMatchObject({ by: "cy", data: { approved: true } });
    expect(instance.status).toBe("completed");
    expect(instance.data).toMatchObject({ approve: { approved: true }, ordered: true });
    expect(inbox.outbox).toEqual(["reminder to cy: Approve 1200 EUR"]);
  });

  test("goes to the director when nobody answers", async () => {
    inbox.outbox.length = 0;
    const { items } = await inbox.forgotten();
    expect(items).toMatchObject([{ assignee: "dora", priority: 100, reminded: 1, escalated: 1 }]);
    expect(inbox.outbox).toEqual([
      "reminder to managers: Approve 1200 EUR",
      "escalation to dora: Approve 1200 EUR",
    ]);
  });
});

describe("a webhook", () => {
  test("ends with the callback, whose token works once", async () => {
    const { instance, again } = await webhook.main();
    expect(outcomeOf(instance)).toEqual({
      status: "completed",
      data: { amount: 30, payment: { paid: true, reference: "P-1" }, shipped: "P-1" },
      steps: ["payment: succeeded", "ship: succeeded"],
    });
    expect(again).toBe("TOKEN_USED");
  });

  test("brings an answer to decide by", async () => {
    const { instance } = await webhook.main({ paid: false });
    expect(instance.data.shipped).toBeNull();
  });
});

describe("a signal", () => {
  test("that came early is kept, and counts once", async () => {
    expect(outcomeOf(await signal.main())).toEqual({
      status: "completed",
      data: { courier: { van: "B-XY 12" }, van: "B-XY 12", departure: { at: "09:30" } },
      steps: ["courier: succeeded", "load: succeeded", "departure: succeeded"],
    });
  });
});

describe("a subworkflow", () => {
  test("gives what its mapping names, and nothing else", async () => {
    expect((await subworkflow.main()).data).toEqual({
      order_id: 17,
      basket: { net: 100 },
      invoice: { number: "R-17", total: 119 },
      sent: "R-17",
    });
  });
});

describe("a map", () => {
  test("gives results in the order of the items", async () => {
    const { data, steps } = await map.main(["x", "y", "z"]);
    expect(data.sent).toEqual(["0: x", "1: y", "2: z"]);
    expect(steps.map(({ path }) => path)).toEqual([
      "send_all",
      "send_all/send[0]",
      "send_all/send[1]",
      "send_all/send[2]",
      "send_all/count",
    ]);
  });

  test("of an empty list succeeds at once", async () => {
    expect((await map.main([])).status).toBe("completed");
  });

  test("takes more items while it runs, and ends when enough have answered", async () => {
    const { status, data, steps } = outcomeOf(await map.inviteReviewers());
    expect(status).toBe("completed");
    expect(data.reviews).toEqual([{ text: "fine" }, { text: "good" }]);
    expect(steps).toContain("each_reviewer/ask[1]/review: canceled");
  });
});

describe("a quorum", () => {
  test.each([
    [
      { cy: "yes", ada: "yes" },
      { ada: { vote: "yes" }, cy: { vote: "yes" }, decision: "carried" },
    ],
    [
      { ada: "no", bob: "no" },
      { decision: "rejected", because: "QUORUM_NOT_REACHED" },
    ],
    [{ bob: "veto" }, { decision: "rejected", because: "QUORUM_VETOED" }],
  ])("of %j gives %j", async (votes, data) => {
    expect((await quorumVote.main(votes)).data).toEqual(data);
  });
});

describe("an approval with a deadline", () => {
  test.each([
    [{ approved: true, afterDays: 2 }, "paid"],
    [{ approved: false, afterDays: 0 }, "refused"],
    [undefined, "escalated"],
  ])("answered by %j is %s", async (answer, outcome) => {
    const { status, data } = await approvalDeadline.main(answer);
    expect([status, data.outcome]).toEqual(["completed", outcome]);
  });

  test("answered too late finds the task gone", async () => {
    await expect(approvalDeadline.main({ approved: true, afterDays: 4 })).rejects.toMatchObject({
      code: "TASK_GONE",
    });
  });
});

describe("compensation", () => {
  test("undoes what had succeeded, latest first", async () => {
    const { status, error } = await compensation.main();
    expect([status, error?.message]).toEqual(["failed", "The card was declined"]);
    expect(compensation.log).toEqual([
      "book flight",
      "book hotel",
      "book car",
      "pay",
      "cancel car-1",
      "cancel hotel-1",
      "cancel flight-1",
    ]);
  });
});

describe("retry", () => {
  test("tries again after longer and longer delays, with the same key", async () => {
    const instance = await retry.main();
    expect(instance.data.charged).toEqual({ attempts: 3, key: "ORD-1:1" });
    expect((instance.endedAt ?? 0) - instance.startedAt).toBe(3000);
  });

  test("does not repeat what cannot be mended", async () => {
    const instance = await retry.main("");
    expect(instance.error).toMatchObject({ code: "BAD_REQUEST", path: "charge" });
    expect(instance.steps.map(({ attempt }) => attempt)).toEqual([1]);
  });
});

describe("limits", () => {
  test("hold across instances: four in any second", async () => {
    const seconds = (await limits.main(10)).map(({ second }) => second);
    expect(seconds).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
  });
});

describe("operations", () => {
  test("paused, it records completions and starts nothing", async () => {
    const { paused, resumed } = await operations.pauseAndResume();
    expect(outcomeOf(paused)).toEqual({
      status: "paused",
      data: { pack: {} },
      steps: ["pack: succeeded", "weigh: pending"],
    });
    expect(outcomeOf(resumed).steps).toEqual([
      "pack: succeeded",
      "weigh: succeeded",
      "book_courier: succeeded",
    ]);
  });

  test("a retry runs what failed and keeps the rest", async () => {
    const { failed, retried } = await operations.retry();
    expect(failed.status).toBe("failed");
    expect(outcomeOf(retried)).toEqual({
      status: "completed",
      data: { pack: {}, weighed: true, courier: "booked at attempt 2" },
      steps: ["pack: succeeded", "weigh: succeeded", "book_courier (attempt 2): succeeded"],
    });
  });

  test("cancelling withdraws the task", async () => {
    const { instance, openTasks } = await operations.cancel();
    expect([instance.status, instance.reason]).toEqual([
      "canceled",
      "the customer changed their mind",
    ]);
    expect(openTasks).toEqual([]);
  });
});

describe("joins", () => {
  test.each([
    ["any" as const, ["north"], ["south", "west"]],
    [2 as const, ["north", "south"], ["west"]],
  ])("%j start early and cancel the rest", async (join, succeeded, canceled) => {
    const { steps } = await joins.main(join);
    const withStatus = (status: string) =>
      steps.filter((step) => step.status === status).map(({ path }) => path);
    expect(withStatus("succeeded")).toEqual(["ask", ...succeeded, "order"]);
    expect(withStatus("canceled")).toEqual(canceled);
  });
});

describe("nested groups", () => {
  test("run by their kind, and merge in declared order", async () => {
    const { data } = await nestedGroups.main("driver");
    expect(data.done).toEqual([
      "create_user",
      "create_mailbox",
      "fit_shoes",
      "fit_jacket",
      "check_licence",
      "drive",
    ]);
  });

  test("skip a choice that names nobody", async () => {
    const { status, steps } = await nestedGroups.main("clerk");
    expect(status).toBe("completed");
    expect(steps.at(-1)).toMatchObject({ path: "train", status: "skipped" });
  });
});
