import { LocalExecutionEngine, WorkflowRegistry } from "tandem-workflows";
import { createHttpHandler, type HttpOptions } from "tandem-workflows/http";
import { beforeAll, describe, expect, test } from "vitest";
import { buildDashboard } from "../support/dashboard-build.ts";

const handlerWith = (options: HttpOptions) =>
  createHttpHandler(new LocalExecutionEngine(new WorkflowRegistry()), {
    authenticate: () => undefined,
    ...options,
  });

const get = (path: string, options: HttpOptions = { dashboard: true }, headers = {}) =>
  handlerWith(options)(new Request(`http://localhost${path}`, { headers }));

describe("the dashboard's files", () => {
  beforeAll(buildDashboard, 120_000);

  test("are sent with a policy that allows nothing inline and nothing from elsewhere", async () => {
    const page = await get("/api/dashboard/");
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("content-security-policy")).toBe(
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
        "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; " +
        "frame-ancestors 'self'",
    );
    const text = await page.text();
    expect(text).not.toMatch(/<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=/);
    expect(text).not.toMatch(/(?:src|href)="(?!\.\/)/);
  });

  test("are there below whatever path the handler has", async () => {
    const options = { basePath: "/a/b", dashboard: true };
    expect((await get("/a/b/dashboard/", options)).status).toBe(200);
    expect((await get("/api/dashboard/", options)).status).toBe(404);
    const moved = await get("/a/b/dashboard", options);
    expect([moved.status, moved.headers.get("location")]).toEqual([308, "./dashboard/"]);
  });

  test("may be kept for ever if their names have a hash, and are compressed", async () => {
    const page = await (await get("/api/dashboard/")).text();
    const name = /src="\.\/(assets\/[^"]+\.js)"/.exec(page)?.[1];
    const headers = { "accept-encoding": "gzip" };
    const script = await get(`/api/dashboard/${name}`, { dashboard: true }, headers);
    expect(script.headers.get("cache-control")).toBe("public, max-age=31536000, immutable");
    expect(script.headers.get("content-encoding")).toBe("gzip");
    expect(script.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect((await get("/api/dashboard/")).headers.get("cache-control")).toBe("no-cache");
  });

  test("are not sent again if they have not changed", async () => {
    const etag = (await get("/api/dashboard/")).headers.get("etag") ?? "";
    const again = await get("/api/dashboard/", { dashboard: true }, { "if-none-match": etag });
    expect([again.status, await again.text()]).toEqual([304, ""]);
  });

  test.each(["..%2f..%2fpackage.json", "nothing.js", "assets/"])(
    "are all that is there: %s is not found",
    async (name) => {
      // Who asks is not known: an address of the API answers so, before it says what there is.
      expect([401, 404]).toContain((await get(`/api/dashboard/${name}`)).status);
    },
  );

  test("carry the options, whatever stands in them", async () => {
    const title = `"><script>alert(1)</script>&`;
    const page = await get("/api/dashboard/", { dashboard: { title } });
    const text = await page.text();
    expect(text).toContain("&quot;&gt;".replace("&gt;", ">").concat("&lt;script>alert(1)"));
    expect(text).not.toContain("<script>alert");
  });

  test("are not there unless they are asked for", async () => {
    expect((await get("/api/dashboard/", {})).status).toBe(404);
  });

  test.each([
    [{ title: "" }, /dashboard\.title must be a text/],
    [{ logoUrl: "https://elsewhere.example/logo.svg" }, /it must be an address on this server/],
    [{ logoUrl: "//elsewhere.example/logo.svg" }, /it must be an address on this server/],
    [{ theme: { "--accent": "red" } }, /without the dashes before them/],
  ])("refuse the options %j", (dashboard, message) => {
    expect(() => handlerWith({ dashboard })).toThrow(message);
  });
});
