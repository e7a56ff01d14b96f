import { MemoryStore } from "tandem-workflows";
import { describe, expect, test } from "vitest";
import { HttpService } from "../support/http-service.ts";

/** Tells what was to be kept under which name. */
class WatchedStore extends MemoryStore {
  readonly settings: string[] = [];

  override keepSetting(key: string, value: string, replacing?: string) {
    this.settings.push(`${key} ${value} ${replacing}`);
    return super.keepSetting(key, value, replacing);
  }
}

const form = (fields: Readonly<Record<string, string>>) => new URLSearchParams(fields).toString();

/** An expense of bob's that finance decides, and a link for ann. */
async function prepare(options: { userId?: string; groups?: string[]; validForMs?: number } = {}) {
  const store = new WatchedStore();
  const service = new HttpService({}, { store });
  const instanceId = await service.start("bob", "expense");
  const token = await service.engine.decisionLinks.issue({
    taskId: `${instanceId}/1`,
    userId: "ann",
    groups: ["finance"],
    ...options,
  });
  const open = () => service.handler(new Request(`http://localhost/api/decisions/${token}`));
  const post = (body: string, headers: Readonly<Record<string, string>> = {}) =>
    service.handler(
      new Request(`http://localhost/api/decisions/${token}`, {
        method: "POST",
        body,
        headers: { "content-type": "application/x-www-form-urlencoded", ...headers },
      }),
    );
  return { service, store, instanceId, token, open, post };
}

describe("a decision link", () => {
  test("opens a page with the task's form, and opening it decides nothing", async () => {
    const { service, instanceId, open } = await prepare();
    for (let time = 0; time < 3; time++) {
      const response = await open();
      const page = await response.text();
      expect([response.status, response.headers.get("cache-control")]).toEqual([200, "no-store"]);
      expect(response.headers.get("referrer-policy")).toBe("same-origin");
      expect(page).toContain("<h1>Approve the expense</h1>");
      expect(page).toContain('<input type="radio" name="approved" value="true" required>');
      expect(page).not.toContain("<script");
    }
    expect((await service.engine.getInstance(instanceId)).status).toBe("waiting");
  });

  test("decides when the page's form is sent, once", async () => {
    const { service, instanceId, open, post } = await prepare();
    const answer = await post(form({ approved: "true", note: "fine" }));
    expect([answer.status, await answer.text()]).toEqual([
      200,
      expect.stringContaining("Your answer was recorded."),
    ]);
    const instance = await service.engine.getInstance(instanceId);
    expect(instance.status).toBe("completed");
    expect(instance.data).toEqual({ approve: { approved: true, note: "fine" } });
    expect((await post(form({ approved: "false" }))).status).toBe(410);
    expect((await open()).status).toBe(410);
  });

  test("decides once, however many send at the same moment", async () => {
    const { post } = await prepare();
    const sent = Array.from({ length: 10 }, (_, index) =>
      post(form({ approved: String(index % 2 === 0) })),
    );
    const statuses = (await Promise.all(sent)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 410)).toHaveLength(9);
  });

  test("can be used again after data that does not fit", async () => {
    const { post } = await prepare();
    const refused = await post(form({ note: "x".repeat(300) }));
    const page = await refused.text();
    expect(refused.status).toBe(422);
    expect(page).toContain("approved: is required");
    expect(page).toContain("note: must NOT have more than 200 characters");
    expect((await post(form({ approved: "true" }))).status).toBe(200);
  });

  test("expires", async () => {
    const { service, open, post } = await prepare({ validForMs: 1000 });
    await service.clock.advance(1000);
    for (const response of [await open(), await post(form({ approved: "true" }))]) {
      expect([response.status, await response.text()]).toEqual([
        404,
        expect.stringContaining("The link has expired."),
      ]);
    }
  });

  test("shows nothing of a task that is not, or no longer, that person's", async () => {
    for (const options of [{ userId: "eve", groups: [] }, { groups: ["sales"] }]) {
      const { open, post } = await prepare(options);
      for (const response of [await open(), await post(form({ approved: "true" }))]) {
        const page = await response.text();
        expect(response.status).toBe(404);
        expect(page).toContain("The task is no longer yours.");
        expect(page).not.toContain("Approve the expense");
      }
    }
  });

  test("says what became of a task that is gone", async () => {
    const { service, instanceId, open } = await prepare();
    await service.engine.completeHumanTask({
      instanceId,
      stepName: "approve",
      userId: "carl",
      groups: ["finance"],
      data: { approved: true },
    });
    expect(await (await open()).text()).toContain("It was completed by carl.");
  });

  test.each([
    ["a word", "x"],
    ["two words", "a.b"],
    ["a NUL", "%00"],
    ["dots", ".."],
    ["JSON", "e30.AAAA"],
    ["much", `${"A".repeat(5000)}.B`],
  ])("that was not issued here (%s) is refused", async (_what, token) => {
    const service = new HttpService();
    const url = `http://localhost/api/decisions/${token}`;
    const response = await service.handler(new Request(url));
    expect(response.status).toBe(404);
    expect(service.logged).toEqual([]);
  });

  test("that was changed, or signed elsewhere, is refused", async () => {
    const { service, token } = await prepare();
    const [subject = "", signature = ""] = token.split(".");
    const other = await prepare();
    const forged = Buffer.from(JSON.stringify(["x/1", "eve", [], 9e15, "n"])).toString("base64url");
    for (const bad of [`${forged}.${signature}`, `${subject}.${signature}A`, other.token]) {
      const url = `http://localhost/api/decisions/${bad}`;
      expect((await service.handler(new Request(url))).status).toBe(404);
    }
  });

  test("is kept as a hash alone", async () => {
    const { store, token, post } = await prepare();
    await post(form({ approved: "true" }));
    const kept = store.settings.join("\n");
    expect(kept).toContain("decision_link/");
    for (const part of token.split(".")) expect(kept).not.toContain(part);
  });

  test.each([
    ["a page of another site", { origin: "https://evil.example" }],
    ["a frame without an origin", { origin: "null" }],
    ["another site", { "sec-fetch-site": "cross-site" }],
  ])("is not decided by %s", async (_who, headers) => {
    const { post } = await prepare();
    expect((await post(form({ approved: "true" }), headers as never)).status).toBe(403);
  });

  test("takes forms alone", async () => {
    const { post } = await prepare();
    const json = { "content-type": "application/json" };
    expect((await post('{"approved":true}', json)).status).toBe(415);
  });
});

describe("a form with markup in it", () => {
  test("shows it as text", async () => {
    const { fieldMarkup, fieldsOf } = await import("../../src/http/form-markup.ts");
    const evil = '"><script>alert(1)</script>';
    const fields = fieldsOf({
      type: "object",
      properties: { [evil]: { type: "string", title: evil, description: evil } },
    });
    const markup = (await Promise.all((fields ?? []).map(fieldMarkup))).join("");
    expect(markup).not.toContain("<script");
    expect(markup).toContain("&lt;script&gt;");
  });
});
