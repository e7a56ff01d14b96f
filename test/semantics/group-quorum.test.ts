import { humanStep, QuorumGroup } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, Workshop } from "../support/workshop.ts";

const vote = (required: number, options: object = {}) =>
  flow({
    vote: new QuorumGroup([humanStep("x"), humanStep("y"), humanStep("z")], {
      required,
      counts: (ballot) => ballot.approved,
      ...options,
    }),
  });

describe("QuorumGroup", () => {
  test("succeeds at the required number; the rest is cancelled", async () => {
    const shop = new Workshop();
    const group = new QuorumGroup([shop.step("x"), shop.step("y"), shop.step("z")], {
      required: 2,
    });
    await shop.start(flow({ group }));
    await shop.finish("group/z", { result: "z", set: { z: 1 } });
    await shop.finish("group/x", { result: "x", set: { x: 1 } });
    expect(await shop.status()).toBe("completed");
    expect((await shop.view()).result("group")).toEqual(["x", null, "z"]);
    expect(await shop.statuses("group/y")).toEqual(["canceled"]);
    expect(await shop.data()).toEqual({ x: 1, z: 1 });
  });

  test("counts by a predicate on the result", async () => {
    const shop = new Workshop();
    await shop.start(vote(2));
    await shop.complete("x", { approved: true });
    await shop.complete("y", { approved: false });
    expect(await shop.status()).toBe("waiting");
    await shop.complete("z", { approved: true });
    expect(await shop.status()).toBe("completed");
  });

  test("counts by an expression on the result", async () => {
    const shop = new Workshop();
    await shop.start(vote(1, { counts: "result.approved" }));
    await shop.complete("x", { approved: false });
    await shop.complete("y", { approved: true });
    expect(await shop.status()).toBe("completed");
  });

  test("fails as soon as the number can no longer be reached; the rest is cancelled", async () => {
    const shop = new Workshop();
    await shop.start(vote(2));
    await shop.complete("x", { approved: false });
    expect(await shop.status()).toBe("waiting");
    await shop.complete("y", { approved: false });
    expect(await shop.error()).toMatchObject({ code: "QUORUM_NOT_REACHED", path: "vote" });
    expect(await shop.openTasks()).toEqual([]);
    expect(await shop.statuses("vote/z")).toEqual(["canceled"]);
  });

  test("fails with the errors of members when failures make the number unreachable", async () => {
    const shop = new Workshop();
    const group = new QuorumGroup([shop.step("x"), shop.step("y")], { required: 2 });
    await shop.start(flow({ group }));
    await shop.fail("group/x", new Error("no x"));
    expect(await shop.error()).toMatchObject({
      code: "QUORUM_NOT_REACHED",
      errors: [{ message: "no x", path: "group/x" }],
    });
    expect(shop.running).toEqual([]);
  });

  test("says in its message how many were required and how many there were", async () => {
    const shop = new Workshop();
    await shop.start(vote(3));
    await shop.complete("x", { approved: true });
    await shop.complete("y", { approved: false });
    const message = (await shop.error())?.message ?? "";
    expect(message).toContain('"vote"');
    expect(message).toContain("3");
    expect(message).toContain("1");
  });

  test("fails at once on a veto, which the error attributes", async () => {
    const shop = new Workshop();
    await shop.start(vote(2, { veto: (ballot: { veto?: boolean }) => ballot.veto === true }));
    await shop.complete("x", { approved: true });
    await shop.complete("y", { approved: true, veto: true });
    expect(await shop.error()).toMatchObject({ code: "QUORUM_VETOED", path: "vote" });
    expect((await shop.error())?.message).toContain("vote/y");
    expect(await shop.data()).toEqual({});
    expect(await shop.statuses("vote/z")).toEqual(["canceled"]);
  });

  test("fails with FUNCTION_FAILED when a predicate throws", async () => {
    const shop = new Workshop();
    await shop.start(vote(1, { counts: "result.nope" }));
    await shop.complete("x", { approved: true });
    expect(await shop.error()).toMatchObject({ code: "FUNCTION_FAILED", path: "vote" });
    expect((await shop.error())?.message).toContain("vote/x");
  });

  test("does not count a skipped member as success or failure", async () => {
    const shop = new Workshop();
    const idle = shop.step("x", { canExecute: () => false });
    const group = new QuorumGroup([idle, shop.step("y"), shop.step("z")], { required: 2 });
    await shop.start(flow({ group }));
    expect(shop.running).toEqual(["group/y", "group/z"]);
    await shop.finish("group/y");
    expect(await shop.status()).toBe("running");
    await shop.finish("group/z");
    expect(await shop.status()).toBe("completed");
  });

  test("fails when skipped members leave too few", async () => {
    const shop = new Workshop();
    const idle = shop.step("x", { canExecute: () => false });
    const group = new QuorumGroup([idle, shop.step("y")], { required: 2 });
    await shop.start(flow({ group }));
    if (shop.running.length > 0) await shop.finish("group/y");
    expect(await shop.error()).toMatchObject({ code: "QUORUM_NOT_REACHED" });
  });

  test("is skipped when all members are", async () => {
    const shop = new Workshop();
    const idle = (name: string) => shop.step(name, { canExecute: () => false });
    const group = new QuorumGroup([idle("x"), idle("y")], { required: 1 });
    await shop.start(flow({ group }));
    expect(await shop.statuses("group")).toEqual(["skipped"]);
    expect(await shop.status()).toBe("completed");
  });

  test("starts all its members at once", async () => {
    const shop = new Workshop();
    await shop.start(vote(2));
    expect(await shop.openTasks()).toEqual(["vote/x", "vote/y", "vote/z"]);
  });
});
