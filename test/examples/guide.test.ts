/** What each example of the guide comes to, exactly. */
import { describe, expect, test } from "vitest";
import * as chord from "../../examples/guide/chord.ts";
import * as forkAndJoin from "../../examples/guide/fork-and-join.ts";
import * as groupFailures from "../../examples/guide/group-failures.ts";
import * as ownGroup from "../../examples/guide/own-group.ts";
import * as approvals from "../../examples/guide/parallel-approvals.ts";
import * as parallelGroup from "../../examples/guide/parallel-group.ts";
import * as partialFailures from "../../examples/guide/partial-failures.ts";
import * as race from "../../examples/guide/race.ts";
import * as robustCallback from "../../examples/guide/robust-callback.ts";
import * as throttledGroup from "../../examples/guide/throttled-group.ts";
import * as timeouts from "../../examples/guide/timeouts.ts";
import { outcomeOf, overlap } from "./outcome.ts";

describe("fork and join by edges", () => {
  test("runs three steps at once and the step behind them once", async () => {
    const instance = await forkAndJoin.main();
    expect(outcomeOf(instance)).toEqual({
      status: "completed",
      data: {
        processed: true,
        email_sent: true,
        slack_sent: true,
        sms_sent: true,
        sent: ["email", "slack", "sms"],
      },
      steps: [
        "process: succeeded",
        "send_email: succeeded",
        "send_slack: succeeded",
        "send_sms: succeeded",
        "complete: succeeded",
      ],
    });
    expect(overlap(instance, "send_email", "send_slack")).toBe(true);
    expect(overlap(instance, "send_email", "complete")).toBe(false);
  });
});

describe("a parallel group", () => {
  test("merges what its members wrote, in declared order", async () => {
    const instance = await parallelGroup.main();
    expect(instance.status).toBe("completed");
    expect(Object.entries(instance.data)).toEqual([
      ["status", "everybody knows"],
      ["send_email_done", true],
      ["send_slack_done", true],
      ["send_sms_done", true],
    ]);
    expect(overlap(instance, "notify/send_email", "notify/send_sms")).toBe(true);
  });
});

describe("a chord", () => {
  test("gives the callback the results in declared order, whoever was first", async () => {
    const { data, steps } = await chord.main();
    expect(data).toEqual({
      north_price: 31,
      south_price: 24,
      west_price: 28,
      best: { shop: "south", price: 24 },
      compared: ["north", "south", "west"],
      prices: [31, 24, 28],
    });
    expect(steps.filter(({ path }) => path === "fetch/aggregate")).toHaveLength(1);
  });
});

describe("parallel approvals", () => {
  test("wait for all three, in whatever order they come", async () => {
    expect(outcomeOf(await approvals.main())).toEqual({
      status: "completed",
      data: {
        legal_approval: { approved: true },
        finance_approval: { approved: true, budget_code: "B-7" },
        security_approval: { approved: true, risk_level: "low" },
        all_approved: true,
      },
      steps: [
        "approvals: succeeded",
        "approvals/legal_approval: succeeded",
        "approvals/finance_approval: succeeded",
        "approvals/security_approval: succeeded",
        "approvals/check_approvals: succeeded",
      ],
    });
  });

  test("are not all given when one says no", async () => {
    const answers = approvals.answers.map((answer) =>
      answer.stepName === "legal_approval" ? { ...answer, data: { approved: false } } : answer,
    );
    expect((await approvals.main(answers)).data.all_approved).toBe(false);
  });

  test("are still waited for while one is missing", async () => {
    const instance = await approvals.main(approvals.answers.slice(0, 2));
    expect(instance.status).toBe("waiting");
    expect(instance.data).toEqual({});
  });
});

describe("partial failures that steps handle", () => {
  test("leave what worked and what did not", async () => {
    const { status, data } = await partialFailures.main();
    expect(status).toBe("completed");
    expect(data).toMatchObject({
      fetch_api2_error: "api2 answers 503",
      successful_fetches: ["api1", "api3"],
      failed_fetches: ["api2"],
    });
  });

  test("fail the instance when nothing worked", async () => {
    const { status, error } = await partialFailures.main(["api1", "api2", "api3"]);
    expect(status).toBe("failed");
    expect(error).toMatchObject({ path: "handle_results", message: "All fetches failed" });
  });
});

describe("partial failures that the group handles", () => {
  test("fail-fast cancels the others and takes the failure edge", async () => {
    expect(outcomeOf(await groupFailures.main("fail-fast"))).toEqual({
      status: "completed",
      data: {
        apology: "Please try again later.",
        reason: "GROUP_FAILED",
        failures: ["gather/price: The price service is down"],
      },
      steps: [
        "gather: failed",
        "gather/stock: canceled",
        "gather/price: failed",
        "gather/rating: canceled",
        "apologize: succeeded",
      ],
    });
  });

  test("wait-all lets all end and reports every error", async () => {
    const { data, steps } = await groupFailures.main("wait-all");
    expect(data.failures).toEqual([
      "gather/price: The price service is down",
      "gather/rating: The rating service is down",
    ]);
    expect(steps.find(({ path }) => path === "gather/stock")?.status).toBe("succeeded");
  });

  test("collect succeeds and gives the callback every outcome", async () => {
    expect((await groupFailures.main("collect")).data).toEqual({
      found: [{ in_stock: 4 }],
      missing: ["The price service is down", "The rating service is down"],
      shown: true,
    });
  });
});

describe("timeouts", () => {
  test("in the step's own code and declared", async () => {
    expect(outcomeOf(await timeouts.main())).toEqual({
      status: "completed",
      data: {
        timed_out: true,
        data: null,
        answer: "fresh news",
        attempts: 2,
        fallback: { because: "STEP_TIMEOUT", data: "yesterday's news" },
      },
      steps: [
        "fetch: succeeded",
        "fetch/timed_fetch: succeeded",
        "fetch/declared_timeout (attempt 2): succeeded",
        "slow_fetch: failed",
        "use_cache: succeeded",
      ],
    });
  });
});

describe("a race", () => {
  test("is won by the first to succeed, and the other leaves no trace", async () => {
    const instance = await race.main();
    expect(outcomeOf(instance)).toEqual({
      status: "completed",
      data: { fast_is_down: false, source: "fast", data: 41 },
      steps: [
        "fetch: succeeded",
        "fetch/fast_source: succeeded",
        "fetch/reliable_source: canceled",
      ],
    });
    expect(instance.result("fetch")).toMatchObject({ winner: "fast_source" });
  });

  test("is not lost by a failure while somebody is still running", async () => {
    const { data } = await race.main({ fastIsDown: true });
    expect(data).toEqual({ fast_is_down: true, source: "reliable", data: 42 });
  });
});

describe("a throttled group", () => {
  test("keeps to its limit and to the order of the results", async () => {
    throttledGroup.load.most = 0;
    const { data } = await throttledGroup.main();
    expect(data).toEqual({ answers: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] });
    expect(throttledGroup.load.most).toBe(3);
  });
});

describe("a group of one's own", () => {
  test("starts the largest first, two at a time", async () => {
    const instance = await ownGroup.main();
    expect(instance.data).toEqual({
      converted: expect.arrayContaining(["film", "interview", "credits", "teaser"]),
      megabytes: 210,
    });
    expect(instance.steps.map(({ path, status }) => `${path}: ${status}`)).toEqual([
      "convert: succeeded",
      "convert/film: succeeded",
      "convert/interview: succeeded",
      "convert/credits: succeeded",
      "convert/teaser: succeeded",
    ]);
    expect(instance.result("convert")).toEqual(["film", "interview", "credits", "teaser"]);
    expect(overlap(instance, "convert/film", "convert/interview")).toBe(true);
    expect(overlap(instance, "convert/interview", "convert/credits")).toBe(false);
  });
});

describe("a robust callback", () => {
  test("sorts results from errors, timeouts included", async () => {
    expect((await robustCallback.main()).data).toEqual({
      results: { profile: { name: "Ada" } },
      errors: { orders: "STEP_FAILED", advice: "STEP_TIMEOUT" },
      partial_success: true,
      page: "shown",
    });
  });
});
