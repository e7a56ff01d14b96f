import { type Join, ParallelGateway } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { edge } from "../support/definition-problems.ts";
import { flow, Workshop } from "../support/workshop.ts";

const fork = ["a -> b -> join", "a -> c -> join", "a -> d -> join"];

/** `a` forks into `b`, `c` and `d`, which lead to `join`. */
async function threeBranches(join: Join, cancelRest = false): Promise<Workshop> {
  const shop = new Workshop();
  const steps = {
    ...shop.steps("a", "b", "c", "d"),
    join: shop.step("join", { join, ...(cancelRest ? { cancelRest } : {}) }),
  };
  await shop.start(flow(steps, fork));
  await shop.finish("a");
  return shop;
}

describe('join: "any"', () => {
  test("starts at the first arrival, and the others of the round change nothing", async () => {
    const shop = await threeBranches("any");
    await shop.finish("c");
    expect(shop.running).toEqual(["b", "d", "join"]);
    await shop.finish("b");
    await shop.finish("d");
    expect(shop.running).toEqual(["join"]);
    await shop.finish("join");
    expect(await shop.status()).toBe("completed");
    expect(await shop.statuses("join")).toEqual(["succeeded"]);
  });

  test("completes only when the late branches have ended too", async () => {
    const shop = await threeBranches("any");
    await shop.finish("c");
    await shop.finish("join");
    expect(await shop.status()).toBe("running");
    await shop.finish("b");
    await shop.finish("d");
    expect(await shop.status()).toBe("completed");
  });

  test("is skipped when nothing arrived", async () => {
    const shop = new Workshop();
    const steps = { ...shop.steps("a", "b", "c", "d"), join: shop.step("", { join: "any" }) };
    const edges = [
      edge("a", "b", { condition: () => false }),
      edge("a", "c", { condition: () => false }),
      edge("a", "d", { otherwise: true }),
      "b -> join",
      "c -> join",
    ];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    await shop.finish("d");
    expect(await shop.status()).toBe("completed");
    expect(await shop.statuses("join")).toEqual([]);
  });
});

describe("join: n", () => {
  test("starts at the n-th arrival, once", async () => {
    const shop = await threeBranches(2);
    await shop.finish("d");
    expect(shop.running).toEqual(["b", "c"]);
    await shop.finish("b");
    expect(shop.running).toEqual(["c", "join"]);
    await shop.finish("c");
    await shop.finish("join");
    expect(await shop.statuses("join")).toEqual(["succeeded"]);
    expect(await shop.status()).toBe("completed");
  });

  test("fails the instance when some arrived and the number can no longer be reached", async () => {
    const shop = new Workshop();
    const steps = {
      ...shop.steps("a", "b", "c", "d", "other"),
      join: shop.step("", { join: 2 }),
    };
    const edges = [
      "a -> b -> join",
      "a -> c",
      edge("c", "join", { condition: () => false }),
      edge("c", "other", { otherwise: true }),
      edge("a", "d", { condition: () => false }),
      "d -> join",
    ];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    await shop.finish("b");
    await shop.finish("c");
    expect(await shop.status()).toBe("failed");
    expect(await shop.error()).toEqual({
      code: "JOIN_UNREACHABLE",
      message:
        'The join "join" needs arrivals on 2 of its 3 edges, has them on 1, and no more can come.',
      path: "join",
    });
    expect(await shop.statuses("other")).toEqual(["canceled"]);
  });

  test("counts one arrival of each edge, and fails if a surplus cannot be used any more", async () => {
    // `b` delivers twice before `c` does; two arrivals of one edge are not two of n.
    const shop = new Workshop();
    const steps = {
      ...shop.steps("a", "c"),
      b: shop.step("b", { join: "each" }),
      join: shop.step("join", { join: 2 }),
    };
    const edges = ["a -> b -> join", "a -> c -> join", edge("b", "b", { condition: "again" })];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    await shop.finish("b", { set: { again: true } });
    await shop.finish("b", { set: { again: false } });
    expect(shop.running).toEqual(["c"]);
    await shop.finish("c");
    expect(await shop.statuses("join")).toEqual(["canceled"]);
    expect(await shop.error()).toMatchObject({ code: "JOIN_UNREACHABLE", path: "join" });
  });
});

describe("a round", () => {
  /** `again` leads `b` back to itself, so that it delivers as often as the test wants. */
  async function loopingBranch(join: Join): Promise<Workshop> {
    const shop = new Workshop();
    const steps = {
      ...shop.steps("a", "c"),
      b: shop.step("b", { join: "each" }),
      join: shop.step("join", { join }),
    };
    const edges = ["a -> b -> join", "a -> c -> join", edge("b", "b", { condition: "again" })];
    await shop.start(flow(steps, edges), { initialData: { again: true } });
    await shop.finish("a");
    return shop;
  }

  test("lets what arrives on a counted edge wait for the next round", async () => {
    const shop = await loopingBranch("any");
    await shop.finish("b");
    expect(shop.running).toEqual(["c", "b", "join"]);
    await shop.finish("b", { set: { again: false } });
    // `b` is done; `c` can still arrive, so the round is open and the second arrival waits.
    expect(shop.running).toEqual(["c", "join"]);
    await shop.finish("c");
    // The round closed; the arrival that waited opens the next.
    expect(shop.running).toEqual(["join", "join"]);
    await shop.finish("join");
    await shop.finish("join");
    expect(await shop.status()).toBe("completed");
  });

  test("takes in what comes on its other edges at once, so that nobody can cancel it", async () => {
    const shop = new Workshop();
    const steps = {
      ...shop.steps("a", "b", "c", "end"),
      join: shop.step("join", { join: "any" }),
      canceler: new ParallelGateway({ cancels: ["join"] }),
    };
    const edges = ["a -> b -> join", "a -> c -> canceler -> end", "c -> join"];
    await shop.start(flow(steps, edges));
    for (const name of ["a", "b", "join", "c"]) await shop.finish(name);
    expect(shop.running).toEqual(["end"]);
    expect(await shop.statuses("join")).toEqual(["succeeded"]);
  });

  test("closes when the other edges can no longer deliver", async () => {
    const shop = new Workshop();
    const steps = {
      ...shop.steps("a", "c", "other"),
      b: shop.step("b", { join: "each" }),
      join: shop.step("join", { join: "any" }),
    };
    const edges = [
      "a -> b -> join",
      "a -> c",
      edge("c", "join", { condition: () => false }),
      edge("c", "other", { otherwise: true }),
      edge("b", "b", { condition: "again" }),
    ];
    await shop.start(flow(steps, edges), { initialData: { again: true } });
    await shop.finish("a");
    await shop.finish("b");
    await shop.finish("b", { set: { again: false } });
    expect(shop.running).toEqual(["c", "join"]);
    await shop.finish("c");
    expect(shop.running).toEqual(["join", "other", "join"]);
  });
});

describe("cancelRest", () => {
  test("cancels what could still arrive when the join starts", async () => {
    const shop = await threeBranches("any", true);
    await shop.finish("c");
    expect(shop.running).toEqual(["join"]);
    expect(await shop.statuses("b")).toEqual(["canceled"]);
    expect(await shop.statuses("d")).toEqual(["canceled"]);
    await shop.finish("join");
    expect(await shop.status()).toBe("completed");
  });

  test("with a number: at the n-th arrival", async () => {
    const shop = await threeBranches(2, true);
    await shop.finish("c");
    expect(shop.running).toEqual(["b", "d"]);
    await shop.finish("b");
    expect(shop.running).toEqual(["join"]);
    expect(await shop.statuses("d")).toEqual(["canceled"]);
  });

  test("takes the cancel edges of what it cancels", async () => {
    const shop = new Workshop();
    const steps = {
      ...shop.steps("a", "b", "c", "tidy"),
      join: shop.step("", { join: "any", cancelRest: true }),
    };
    const edges = ["a -> b -> join", "a -> c -> join", edge("c", "tidy", { on: "cancel" })];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    await shop.finish("b");
    expect(shop.running.sort()).toEqual(["join", "tidy"]);
  });

  test("leaves alone what cannot reach the join", async () => {
    const shop = new Workshop();
    const steps = {
      ...shop.steps("a", "b", "c", "apart"),
      join: shop.step("", { join: "any", cancelRest: true }),
    };
    await shop.start(flow(steps, ["a -> b -> join", "a -> c -> join", "a -> apart"]));
    await shop.finish("a");
    await shop.finish("b");
    expect(shop.running).toEqual(["apart", "join"]);
  });

  test("cancels arrivals that wait at another join on the way", async () => {
    const shop = new Workshop();
    const steps = {
      ...shop.steps("a", "b", "c", "d", "between"),
      join: shop.step("", { join: "any", cancelRest: true }),
    };
    const edges = ["a -> b -> between -> join", "a -> c -> between", "a -> d -> join"];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    await shop.finish("b");
    await shop.finish("d");
    expect(shop.running).toEqual(["join"]);
    expect(await shop.statuses("between")).toEqual(["canceled"]);
    await shop.finish("join");
    expect(await shop.status()).toBe("completed");
  });
});

describe('join: "each"', () => {
  test("starts once for every arrival", async () => {
    const shop = await threeBranches("each");
    await shop.finish("b");
    expect(shop.running).toEqual(["c", "d", "join"]);
    await shop.finish("c");
    await shop.finish("d");
    expect(shop.running).toEqual(["join", "join", "join"]);
    for (let run = 0; run < 3; run++) await shop.finish("join");
    expect(await shop.status()).toBe("completed");
    const { steps } = await shop.view();
    const iterations = steps.filter(({ path }) => path === "join").map((step) => step.iteration);
    expect(iterations).toEqual([1, 2, 3]);
  });
});

describe('join: "and"', () => {
  test("starts with one token on every edge", async () => {
    const shop = await threeBranches("and");
    await shop.finish("b");
    await shop.finish("d");
    expect(shop.running).toEqual(["c"]);
    await shop.finish("c");
    expect(shop.running).toEqual(["join"]);
    await shop.finish("join");
    expect(await shop.status()).toBe("completed");
  });

  test("fails the instance when an edge can no longer deliver", async () => {
    const shop = new Workshop();
    const steps = { ...shop.steps("a", "b", "c"), join: shop.step("", { join: "and" }) };
    const edges = ["a -> b -> join", edge("a", "c", { condition: () => false }), "c -> join"];
    await shop.start(flow(steps, edges));
    await shop.finish("a");
    await shop.finish("b");
    expect(await shop.error()).toEqual({
      code: "JOIN_UNREACHABLE",
      message:
        'The join "join" needs arrivals on 2 of its 2 edges, has them on 1, and no more can come.',
      path: "join",
    });
  });

  test("keeps surplus for its next run", async () => {
    const shop = new Workshop();
    const steps = {
      ...shop.steps("a", "end"),
      b: shop.step("b", { join: "each" }),
      c: shop.step("c", { join: "each" }),
      join: shop.step("join", { join: "and" }),
    };
    const edges = [
      "a -> b -> join -> end",
      "a -> c -> join",
      edge("b", "b", { condition: "b" }),
      edge("c", "c", { condition: "c" }),
    ];
    await shop.start(flow({ ...steps, end: shop.step("end", { join: "each" }) }, edges), {
      initialData: { b: true, c: true },
    });
    await shop.finish("a");
    await shop.finish("b");
    await shop.finish("b", { set: { b: false } });
    expect(shop.running).toEqual(["c"]);
    await shop.finish("c");
    expect(shop.running).toEqual(["c", "join"]);
    await shop.finish("c", { set: { c: false } });
    expect(shop.running).toEqual(["join", "join"]);
  });
});
