import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";

const { resolve: find } = createRequire(import.meta.url);

/** The browser: named by TANDEM_TEST_CHROMIUM, or found on the path. */
function findChromium(): string | undefined {
  const given = process.env.TANDEM_TEST_CHROMIUM;
  if (given !== undefined) return given;
  const folders = (process.env.PATH ?? "").split(":");
  const names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
  return folders
    .flatMap((folder) => names.map((name) => resolve(folder, name)))
    .find((path) => existsSync(path));
}

export const chromiumPath = findChromium();
export const whySkipped = "needs Chromium: install it, or name its program in TANDEM_TEST_CHROMIUM";

/** Several signed-in people, each with a browser profile of their own. */
export class People {
  readonly #browser: Browser;
  readonly #complaints: string[] = [];

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async arrive(): Promise<People> {
    const browser = await chromium.launch({
      ...(chromiumPath !== undefined && { executablePath: chromiumPath }),
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
    return new People(browser);
  }

  /** A new window of somebody, at a page. */
  async open(
    user: string | undefined,
    url: string,
    options: BrowserContextOptions = {},
  ): Promise<Page> {
    const context = await this.#browser.newContext({
      locale: "en-GB",
      timezoneId: "Europe/Berlin",
      viewport: { width: 1280, height: 860 },
      ...options,
    });
    context.setDefaultTimeout(15_000);
    if (user !== undefined) {
      const { origin } = new URL(url);
      await context.addCookies([{ name: "user", value: user, url: origin }]);
    }
    const page = await context.newPage();
    page.on("pageerror", (error) => this.#complaints.push(`error: ${error.message}`));
    page.on("console", (message) => {
      // What the server refuses is what some tests are about.
      const isRefusal = /Failed to load resource/.test(message.text());
      if (message.type() === "error" && !isRefusal) this.#complaints.push(message.text());
    });
    await page.goto(url);
    return page;
  }

  /** What browsers complained of since the last time: errors, violations of the policy. */
  complaints(): string[] {
    return this.#complaints.splice(0);
  }

  async closeWindows(): Promise<void> {
    await Promise.all(this.#browser.contexts().map((context) => context.close()));
  }

  async leave(): Promise<void> {
    await this.#browser.close();
  }
}

const axeSource = readFileSync(find("axe-core/axe.min.js"), "utf8");
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** What axe finds on the page. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const found = await page.evaluate(
    (tags) =>
      (
        globalThis as unknown as {
          axe: { run(options: object): Promise<{ violations: Violation[] }> };
        }
      ).axe.run({ runOnly: tags }),
    rules,
  );
  const { hash } = new URL(page.url());
  return found.violations.flatMap(({ id, nodes }) =>
    nodes.map((node) => `${hash} ${id}: ${node.html.slice(0, 160)} ${node.failureSummary}`),
  );
}

/** By how much a page is wider than its window. */
export function sidewaysScroll(page: Page): Promise<number> {
  return page.evaluate<number>(
    "document.documentElement.scrollWidth - document.documentElement.clientWidth",
  );
}
