import { WebhookStep } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { flow, Workshop } from "../support/workshop.ts";

const mail = (shop: Workshop, options: object = {}) =>
  flow({ mail: shop.step("", { limit: "smtp", ...options }) });

describe("a limit", () => {
  test("holds across all instances: so many at the same time, first come, first served", async () => {
    const shop = new Workshop({ limits: { smtp: { concurrent: 2 } } });
    const definition = mail(shop);
    for (let index = 0; index < 4; index++) await shop.start(definition);
    expect(shop.running).toEqual(["mail", "mail"]);
    await shop.finish("mail");
    expect(shop.running).toEqual(["mail", "mail"]);
    await shop.finish("mail");
    await shop.finish("mail");
    await shop.finish("mail");
    expect(shop.begun).toHaveLength(4);
  });

  test("gives its place back when a step fails, and during the wait for the next attempt", async () => {
    const shop = new Workshop({ limits: { smtp: { concurrent: 1 } } });
    const definition = mail(shop, { retry: { maxAttempts: 2, initialIntervalMs: 100 } });
    await shop.start(definition);
    await shop.start(definition);
    await shop.fail("mail");
    expect(shop.running).toEqual(["mail"]);
    await shop.advance(100);
    expect(shop.begun).toHaveLength(2);
    await shop.finish("mail");
    expect(shop.begun).toHaveLength(3);
  });

  test("lets so many begin in any one second", async () => {
    const shop = new Workshop({ limits: { smtp: { perSecond: 2 } } });
    const definition = mail(shop);
    for (let index = 0; index < 5; index++) await shop.start(definition);
    expect(shop.begun).toHaveLength(2);
    await shop.advance(999);
    expect(shop.begun).toHaveLength(2);
    await shop.advance(1);
    expect(shop.begun).toHaveLength(4);
    await shop.advance(1000);
    expect(shop.begun).toHaveLength(5);
  });

  test("counts neither time nor attempts for a step that waits for its place", async () => {
    const shop = new Workshop({ limits: { smtp: { concurrent: 1 } } });
    const definition = mail(shop, { timeoutMs: 100 });
    await shop.start(definition);
    await shop.start(definition);
    await shop.advance(50);
    await shop.finish("mail");
    await shop.advance(99);
    expect(shop.running).toEqual(["mail"]);
    expect(shop.context("mail").attempt).toBe(1);
    await shop.advance(1);
    expect(await shop.error()).toMatchObject({ code: "STEP_TIMEOUT" });
  });

  test("forgets a step that is cancelled while it waits for its place", async () => {
    const shop = new Workshop({ limits: { smtp: { concurrent: 1 } } });
    const definition = mail(shop);
    await shop.start(definition);
    await shop.start(definition);
    await shop.act(shop.engine.cancelWorkflow(shop.id));
    await shop.start(definition);
    await shop.finish("mail");
    expect(shop.begun).toHaveLength(2);
    await shop.finish("mail");
    expect(await shop.status()).toBe("completed");
  });

  test("uses up nothing of a rate for a step that was cancelled while it waited", async () => {
    const shop = new Workshop({ limits: { smtp: { concurrent: 1, perSecond: 2 } } });
    const definition = mail(shop);
    await shop.start(definition);
    await shop.start(definition);
    await shop.act(shop.engine.cancelWorkflow(shop.id));
    await shop.start(definition);
    await shop.finish("mail");
    expect(shop.begun).toHaveLength(2);
  });

  test("ends the wait for a place at the step's deadline", async () => {
    const shop = new Workshop({ limits: { smtp: { concurrent: 1 } } });
    const definition = mail(shop, { deadlineMs: 100 });
    await shop.start(
      mail(shop).steps.mail === undefined
        ? definition
        : flow({ mail: shop.step("", { limit: "smtp" }) }, [], { name: "first" }),
    );
    await shop.start(definition);
    await shop.advance(100);
    expect(await shop.error()).toMatchObject({ code: "STEP_DEADLINE" });
    expect(shop.begun).toHaveLength(1);
  });

  test("does not hold for steps that do not name it", async () => {
    const shop = new Workshop({ limits: { smtp: { concurrent: 1 } } });
    await shop.start(mail(shop));
    await shop.start(flow(shop.steps("a"), [], { name: "other" }));
    expect(shop.running).toEqual(["mail", "a"]);
  });

  test("holds for the code of a webhook step, too", async () => {
    const shop = new Workshop({ limits: { smtp: { concurrent: 1 } } });
    let calls = 0;
    const hook = new WebhookStep({
      limit: "smtp",
      execute: () => {
        calls++;
        return new Promise(() => {});
      },
    });
    const definition = flow({ hook });
    await shop.start(definition);
    await shop.start(definition);
    expect(calls).toBe(1);
  });
});
