import type { Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildDashboard } from "../support/dashboard-build.ts";
import { DashboardServer } from "./support/dashboard-server.ts";
import { chromiumPath, People, whySkipped } from "./support/people.ts";

let people: People;
let server: DashboardServer;

/** Opens a task of a new instance for somebody. */
async function openTask(user: string, instanceId: string, stepName: string): Promise<Page> {
  const page = await people.open(user, server.url(`/inbox/${await taskId(instanceId, stepName)}`));
  await page.locator(".task-heading").waitFor();
  return page;
}

const taskId = (instanceId: string, stepName: string) => server.taskId(instanceId, stepName);
const startOrder = (businessKey: string) =>
  server.start("order_with_approvals", {
    initialData: { order_id: businessKey, amount: 1200 },
    businessKey,
  });
const statusOf = async (instanceId: string) => (await server.engine.getInstance(instanceId)).status;
const dataOf = async (instanceId: string) => (await server.engine.getInstance(instanceId)).data;

describe.skipIf(chromiumPath === undefined)(`the inbox (${whySkipped})`, () => {
  beforeAll(async () => {
    buildDashboard();
    people = await People.arrive();
    server = await DashboardServer.start();
  }, 120_000);
  afterEach(async () => {
    await people.closeWindows();
    expect(people.complaints()).toEqual([]);
  });
  afterAll(async () => {
    await people?.leave();
    await server?.close();
  });

  test("three people approve in parallel, and the instance goes on", async () => {
    const id = await startOrder("ORD-1");
    const decide = async (user: string, stepName: string) => {
      const page = await openTask(user, id, stepName);
      await page.getByRole("radio", { name: "Approve" }).check();
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText(/^Approved: /).waitFor();
    };
    await decide("bob", "legal_approval");
    await decide("cy", "finance_approval");
    await decide("ada", "manager_approval");
    expect(await statusOf(id)).toBe("completed");
    expect(await dataOf(id)).toMatchObject({ shipped: true, legal_approval: { approved: true } });
  });

  test("a part of a form appears when its condition holds, and what is missing is said", async () => {
    const id = await startOrder("ORD-2");
    const page = await openTask("ada", id, "manager_approval");
    const reason = page.getByLabel("Reason for the rejection");
    expect(await reason.count()).toBe(0);
    await page.getByRole("radio", { name: "Reject" }).check();
    await reason.fill("No");
    await reason.blur();
    await page.getByText("Give at least 5 characters.").waitFor();
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("alert").getByText("One field needs your attention").waitFor();
    await reason.fill("Too expensive");
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText(/^Rejected: /).waitFor();
    expect(await dataOf(id)).toMatchObject({
      manager_approval: { approved: false, reason: "Too expensive" },
    });
  });

  test("every kind of field gives what its schema asks for", async () => {
    const id = await server.start("onboarding");
    const page = await openTask("ada", id, "fill_in");
    await page.getByLabel("Name").fill("Lin");
    await page.getByLabel("E-mail").fill("lin@example.org");
    await page.getByLabel("Send the newsletter").check();
    await page.getByRole("textbox", { name: "First day" }).fill("2030-03-01");
    await page.getByLabel("Salary").fill("64000");
    await page.getByLabel("Seniority").selectOption({ label: "Lead" });
    await page.getByRole("checkbox", { name: "SQL" }).check();
    await page.getByRole("button", { name: "Add laptop" }).click();
    await page.getByLabel("Model").fill("A");
    await page.getByRole("button", { name: "Add laptop" }).click();
    await page.getByLabel("Model").nth(1).fill("B");
    await page.getByLabel("Screens").nth(1).fill("2");
    await page.getByRole("button", { name: "Remove Laptop 1" }).click();
    await page.getByLabel("Contract").fill("https://files.example.org/lin.pdf");
    await page.getByLabel("Notes").fill("First line\nSecond line");
    await page.getByLabel("The team has agreed").check();
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText(/^Done: /).waitFor();
    expect((await dataOf(id)).fill_in).toEqual({
      name: "Lin",
      email: "lin@example.org",
      newsletter: true,
      start: "2030-03-01",
      salary: 64_000,
      seniority: "lead",
      skills: ["SQL"],
      laptops: [{ model: "B", screens: 2 }],
      contract: "https://files.example.org/lin.pdf",
      notes: "First line\nSecond line",
      agreed: true,
    });
  });

  test("what was typed is there again after the page was closed", async () => {
    const id = await startOrder("ORD-3");
    const page = await openTask("ada", id, "manager_approval");
    await page.getByLabel("Comment").fill("Ask the supplier first");
    await page.reload();
    await page.getByText("What you had typed before is here again.").waitFor();
    expect(await page.getByLabel("Comment").inputValue()).toBe("Ask the supplier first");
    await page.getByRole("button", { name: "Discard it" }).click();
    expect(await page.getByLabel("Comment").inputValue()).toBe("");
  });

  test("of two people who decide at once one wins, and the other is told who it was", async () => {
    const id = await startOrder("ORD-4");
    const [bob, cy] = [
      await openTask("bob", id, "legal_approval"),
      await openTask("cy", id, "legal_approval"),
    ];
    for (const page of [bob, cy]) await page.getByRole("radio", { name: "Approve" }).check();
    await Promise.all(
      [bob, cy].map((page) =>
        page.getByRole("button", { name: "Send" }).click({ noWaitAfter: true }),
      ),
    );
    const won = (page: Page) => page.getByText(/^Approved: /).waitFor();
    const lost = (page: Page) => page.getByText(/(bob|cy) has already done this\./).waitFor();
    const ends = await Promise.all(
      [bob, cy].map((page) =>
        Promise.any([won(page).then(() => "won"), lost(page).then(() => "lost")]),
      ),
    );
    expect(ends.sort()).toEqual(["lost", "won"]);
  });

  test("who looks at a task that another one completes sees that without asking", async () => {
    const id = await startOrder("ORD-5");
    const cy = await openTask("cy", id, "legal_approval");
    await server.engine.completeHumanTask({
      instanceId: id,
      stepName: "legal_approval",
      userId: "bob",
      groups: ["legal"],
      data: { approved: true },
    });
    await cy.getByText("bob has already done this.").waitFor();
  });

  test("a task that was withdrawn says so, and why", async () => {
    const id = await startOrder("ORD-6");
    const page = await openTask("ada", id, "manager_approval");
    await server.engine.cancelWorkflow(id, { reason: "The customer changed their mind" });
    await page.getByText("This is no longer needed.").waitFor();
  });

  test("a new task appears in the list by itself", async () => {
    const page = await people.open("ada", server.url("/inbox?key=ORD-7"));
    await page.getByText("Nothing fits the filter").waitFor();
    await startOrder("ORD-7");
    await page.getByRole("link", { name: /Approve as the manager/ }).waitFor();
  });

  test("a task is claimed, given back, and given to somebody else", async () => {
    const id = await startOrder("ORD-8");
    const page = await openTask("bob", id, "legal_approval");
    await page.getByRole("button", { name: "Claim" }).click();
    await page.getByRole("button", { name: "Give back" }).click();
    await page.getByRole("button", { name: "Claim" }).click();
    await page.getByRole("button", { name: "Give to…" }).click();
    await page.getByLabel("Who gets it").fill("cy");
    await page.getByRole("button", { name: "Give it", exact: true }).click();
    await page.getByText("cy has the task now.").waitFor();
    const cy = await openTask("cy", id, "legal_approval");
    await cy.locator(".task-head").getByText("Yours").waitFor();
    await cy.locator(".history").getByText("gave the task to").waitFor();
  });

  test("an answer that was asked for comes back to the owner as a proposal", async () => {
    const id = await startOrder("ORD-9");
    const ada = await openTask("ada", id, "manager_approval");
    await ada.getByRole("button", { name: "Ask somebody…" }).click();
    await ada.getByLabel("Who is asked").fill("dan");
    await ada.getByRole("button", { name: "Ask", exact: true }).click();
    await ada.getByText("dan was asked").waitFor();
    const dan = await openTask("dan", id, "manager_approval");
    await dan.getByRole("radio", { name: "Approve" }).check();
    await dan.getByRole("button", { name: "Send" }).click();
    await ada.getByText("dan proposes this answer").waitFor();
    expect(await ada.getByRole("radio", { name: "Approve" }).isChecked()).toBe(true);
    await ada.getByRole("button", { name: "Send" }).click();
    await ada.getByText(/^Approved: /).waitFor();
  });

  test("a comment is there for everybody who sees the task", async () => {
    const id = await startOrder("ORD-10");
    const [bob, cy] = [
      await openTask("bob", id, "legal_approval"),
      await openTask("cy", id, "legal_approval"),
    ];
    await bob.getByRole("button", { name: "Comment" }).click();
    await bob.getByRole("dialog").getByLabel("Comment").fill("Who knows the supplier?");
    await bob.getByRole("dialog").getByRole("button", { name: "Comment" }).click();
    await cy.locator(".history").getByText("Who knows the supplier?").waitFor();
  });

  test("several tasks are decided together, and who may not is told which", async () => {
    const ids = await Promise.all([1, 2, 3].map(() => server.start("vacation")));
    const order = await startOrder("ORD-11");
    const page = await people.open("cy", server.url("/inbox"));
    const boxes = page.getByRole("checkbox", { name: "Choose Approve the vacation" });
    await boxes.nth(2).waitFor();
    for (const index of [0, 1, 2]) await boxes.nth(index).check();
    await page.getByRole("checkbox", { name: "Choose Release the budget, ORD-11" }).check();
    await page.getByRole("button", { name: "Decide together…" }).click();
    await page.getByRole("button", { name: "Approve 4" }).click();
    await page.getByRole("dialog").getByText("Approved").nth(3).waitFor();
    for (const id of ids) expect(await statusOf(id)).toBe("completed");
    expect(await dataOf(order)).toMatchObject({ finance_approval: { approved: true } });
  });

  test("the whole way by keyboard: next, reject, send", async () => {
    await Promise.all(["ORD-21", "ORD-22"].map((key) => startOrder(key)));
    const page = await people.open("ada", server.url("/inbox?view=mine&key=ORD-22"));
    await page.getByRole("link", { name: /Approve as the manager/ }).waitFor();
    await page.keyboard.press("j");
    await page.locator(".task-heading").waitFor();
    await page.keyboard.press("r");
    await expect
      .poll(() => page.evaluate("document.activeElement.labels?.[0]?.textContent"))
      .toBe("Reason for the rejection");
    await page.keyboard.type("No");
    await page.keyboard.press("Enter");
    await page.getByText("One field needs your attention").waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.keyboard.type("t this year");
    await page.keyboard.press("Enter");
    await page.getByText(/^Rejected: /).waitFor();
  });

  test("help for the keys opens with ?, and they can be turned off", async () => {
    const page = await people.open("ada", server.url("/inbox?view=mine"));
    await page.locator(".task-row").first().waitFor();
    await page.keyboard.press("?");
    await page.getByLabel("Single keys do something").uncheck();
    await page.keyboard.press("Escape");
    await page.keyboard.press("j");
    expect(page.url()).not.toMatch(/inbox\/./);
  });

  test("what the server finds wrong stands at its field", async () => {
    const id = await startOrder("ORD-12");
    const page = await openTask("ada", id, "manager_approval");
    await page.route("**/complete", (route) =>
      route.fulfill({
        status: 422,
        contentType: "application/problem+json",
        body: JSON.stringify({
          status: 422,
          code: "INVALID_FORM_DATA",
          detail: "The data does not fit.",
          fields: [{ field: "comment", message: "names a supplier that is blocked" }],
        }),
      }),
    );
    await page.getByRole("radio", { name: "Approve" }).check();
    await page.getByRole("button", { name: "Send" }).click();
    await page.locator(".field .error").getByText("names a supplier that is blocked").waitFor();
  });

  test("without the network it says so, keeps what is there, and goes on by itself", async () => {
    const id = await startOrder("ORD-13");
    const page = await openTask("ada", id, "manager_approval");
    await page.context().setOffline(true);
    await page.getByText("You are offline.", { exact: false }).waitFor();
    await page.getByRole("radio", { name: "Approve" }).check();
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText("The server cannot be reached.", { exact: false }).first().waitFor();
    await page.context().setOffline(false);
    await page.locator(".live[data-state=live]").waitFor();
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByText(/^Approved: /).waitFor();
  });
});
