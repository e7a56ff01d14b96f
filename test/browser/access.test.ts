import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BrowserContextOptions } from "playwright-core";
import { SqliteStore } from "tandem-workflows/sqlite";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { buildDashboard } from "../support/dashboard-build.ts";
import { DashboardServer } from "./support/dashboard-server.ts";
import { axeFindings, chromiumPath, People, sidewaysScroll, whySkipped } from "./support/people.ts";

let people: People;
let server: DashboardServer;
let pages: readonly string[];
const folder = mkdtempSync(join(tmpdir(), "tandem-dashboard-"));

const looks: readonly (readonly [string, BrowserContextOptions])[] = [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["on a phone", { viewport: { width: 320, height: 640 }, hasTouch: true, isMobile: true }],
];

describe.skipIf(chromiumPath === undefined)(`access (${whySkipped})`, () => {
  beforeAll(async () => {
    buildDashboard();
    people = await People.arrive();
    const store = new SqliteStore(join(folder, "dashboard.db"));
    server = await DashboardServer.start({ store });
    const data = { order_id: "ORD-1", amount: 12_050, customer: { name: "Grace Hopper" } };
    const order = await server.start("order_with_approvals", {
      initialData: data,
      businessKey: "ORD-1",
      tags: ["eu", "rush"],
    });
    const failed = await server.start("import_prices");
    const article = await server.start("write_until_good");
    const onboarding = await server.start("onboarding");
    pages = [
      "/inbox",
      `/inbox/${await server.taskId(order, "legal_approval")}`,
      `/inbox/${await server.taskId(onboarding, "fill_in")}`,
      "/instances",
      `/instances/${order}`,
      `/instances/${article}`,
      `/instances/${failed}`,
      `/instances/${order}?tab=timeline`,
      `/instances/${order}?tab=data`,
      `/instances/${order}?tab=history`,
      "/workflows",
      "/workflows/order_with_approvals",
      "/operations",
      "/nowhere",
    ];
  }, 120_000);
  afterEach(async () => {
    await people.closeWindows();
    expect(people.complaints()).toEqual([]);
  });
  afterAll(async () => {
    await people?.leave();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each(looks)(
    "axe finds nothing on any page, %s, and nothing is wider than the window",
    async (_name, options) => {
      const page = await people.open("ada", server.url(), options);
      const findings: string[] = [];
      for (const path of pages) {
        await page.goto(server.url(path));
        await page.locator("main h1, main h2").first().waitFor();
        if (/instances\/[^?]*$|workflows\/./.test(path)) {
          await page.locator(".graph-node").first().waitFor();
        }
        await page.locator(".skeleton").first().waitFor({ state: "detached" });
        findings.push(...(await axeFindings(page)));
        const over = await sidewaysScroll(page);
        if (over > 0) findings.push(`${path} is ${over} pixels wider than its window`);
      }
      expect(findings).toEqual([]);
    },
    240_000,
  );

  test("dialogs and mistakes in a form are accessible too", async () => {
    const page = await people.open("ada", server.url(pages[2] ?? ""));
    await page.getByRole("button", { name: "Send" }).click();
    await page.getByRole("alert").first().waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.goto(server.url("/instances"));
    await page.getByRole("button", { name: "Change all of these…" }).click();
    await page.getByText("are meant.", { exact: false }).waitFor();
    expect(await axeFindings(page)).toEqual([]);
  });

  test("colours follow the choice, and it is kept", async () => {
    const page = await people.open("ada", server.url("/inbox"), { colorScheme: "light" });
    const background = () =>
      page.evaluate<string>("getComputedStyle(document.body.parentElement).backgroundColor");
    const light = await background();
    await page.getByRole("button", { name: "System colours; change them" }).click();
    expect(await background()).not.toBe(light);
    await page.reload();
    await page.getByRole("button", { name: "Dark colours; change them" }).waitFor();
    expect(await background()).not.toBe(light);
  });

  test("reduced motion: nothing moves for longer than a moment", async () => {
    const page = await people.open("ada", server.url("/inbox"), { reducedMotion: "reduce" });
    await page.locator(".button").first().waitFor();
    const longest = await page.evaluate<number>(
      `Math.max(...[...document.querySelectorAll("*")].map((element) =>
        parseFloat(getComputedStyle(element).transitionDuration) || 0))`,
    );
    expect(longest).toBeLessThan(0.01);
  });

  test("dates are those of the reader's language and time zone", async () => {
    const id = await server.start("order_with_approvals", {
      initialData: { order_id: "ORD-9", amount: 1, contract: "2030-01-01T23:30:00.000Z" },
    });
    const text = async (locale: string, timezoneId: string) => {
      const page = await people.open("ada", server.url(`/instances/${id}?tab=data`), {
        locale,
        timezoneId,
      });
      return page.locator("time[datetime='2030-01-01T23:30:00.000Z']").textContent();
    };
    expect(await text("de-DE", "Europe/Berlin")).toBe("02.01.2030, 00:30");
    expect(await text("en-US", "America/New_York")).toMatch(/^Jan 1, 2030, 6:30\sPM$/);
  });

  test("it works below another path, and behind a proxy that takes a part of it away", async () => {
    const other = await DashboardServer.start({
      basePath: "/internal/flows",
      proxyPath: "/company",
      dashboard: { title: "Acme approvals", theme: { accent: "rgb(0, 100, 80)" } },
    });
    try {
      await other.start("vacation", { businessKey: "V-1" });
      const page = await people.open("ada", other.url().replace(/\/$/, ""));
      await page.waitForURL(/\/company\/internal\/flows\/dashboard\//);
      await page.getByRole("link", { name: /Approve the vacation/ }).click();
      await page.getByRole("radio", { name: "Yes" }).check();
      await page.getByRole("button", { name: "Send" }).click();
      await page.getByText(/^Approved: /).waitFor();
      expect(await page.title()).toBe("Inbox · Acme approvals");
      await page.goto(other.url("/workflows/order_with_approvals"));
      await page.locator(".graph-node").first().waitFor();
      const accent = "getComputedStyle(document.documentElement).getPropertyValue('--accent')";
      expect(await page.evaluate<string>(accent)).toBe("rgb(0, 100, 80)");
    } finally {
      await other.close();
    }
  });

  test("who is not known is asked for a token, and is told if it is wrong", async () => {
    const page = await people.open(undefined, server.url("/inbox"));
    await page.getByLabel("Access token").fill("nonsense");
    await page.getByRole("button", { name: "Use the token" }).click();
    await page.getByText("This token was not accepted.").waitFor();
    expect(await axeFindings(page)).toEqual([]);
    await page.getByLabel("Access token").fill("token-of-bob");
    await page.getByRole("button", { name: "Use the token" }).click();
    await page.getByRole("heading", { name: "Inbox" }).waitFor();
    await page.locator(".live[data-state=live]").waitFor();
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByLabel("Access token").waitFor();
  });

  test("nothing comes from elsewhere, and the inbox needs less than 200 kB of scripts", async () => {
    const page = await people.open("ada", server.url());
    const sizes = await page.evaluate<{ name: string; encodedBodySize: number }[]>(
      `performance.getEntriesByType("resource")
        .map(({ name, encodedBodySize }) => ({ name, encodedBodySize }))`,
    );
    expect(sizes.map(({ name }) => new URL(name).origin)).toEqual(sizes.map(() => server.origin));
    const scripts = sizes.filter(({ name }) => name.endsWith(".js"));
    const total = scripts.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
    expect(scripts.length).toBeGreaterThan(0);
    expect(total).toBeGreaterThan(1000);
    expect(total).toBeLessThan(200_000);
  });
});
