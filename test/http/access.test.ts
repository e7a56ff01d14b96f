import { type OperationId, paths, routes } from "tandem-workflows/http";
import { describe, expect, test } from "vitest";
import { HttpService } from "../support/http-service.ts";

const operations = Object.entries(paths) as [OperationId, string][];

/** The line of an operation with these values in its path. */
function lineOf(id: OperationId, values: Readonly<Record<string, string>> = {}): string {
  return paths[id].replace(/\{(\w+)\}/g, (_all, name: string) => values[name] ?? "nothing");
}

const bodies: Partial<Record<OperationId, object>> = {
  startInstance: { workflow: "open" },
  changeInstances: { action: "cancel", filter: {} },
  upgradeInstance: { version: "2.0.0" },
  sendSignal: { name: "go" },
  cancelStep: { stepName: "ask" },
  addItem: { stepName: "ask", item: 1 },
  closeMap: { stepName: "ask" },
  reassignTask: { to: "bob" },
  delegateTask: { to: "bob" },
  commentOnTask: { text: "hm" },
  completeTask: { data: {} },
  saveSchedule: { workflow: "open", cron: "0 0 * * *" },
};

describe("without authenticate", () => {
  test.each(operations)("%s is refused", async (_id, line) => {
    const service = new HttpService({ authenticate: undefined as never });
    const { status, body } = await service.ask("root", line);
    expect([status, body.code]).toEqual([401, "UNAUTHENTICATED"]);
  });

  test("says so once", () => {
    const { logged } = new HttpService({ authenticate: undefined as never });
    expect(logged).toEqual([
      "Every request to /api is refused: give `authenticate`, or `development: true`.",
    ]);
  });
});

describe("in development", () => {
  const develop = () => new HttpService({ authenticate: undefined as never, development: true });
  const get = (service: HttpService, url: string, remoteAddress?: string, headers = {}) =>
    service.handler(new Request(url, { headers }), { remoteAddress });

  test("says loudly that everybody on this machine is an administrator", () => {
    expect(develop().logged).toEqual([
      expect.stringMatching(/^DEVELOPMENT: whoever reaches \/api/),
    ]);
  });

  test.each([
    ["http://localhost/api/me", "127.0.0.1"],
    ["http://127.0.0.1:3000/api/me", "::ffff:127.0.0.1"],
    ["http://[::1]:3000/api/me", "::1"],
    ["http://localhost/api/me", undefined],
  ])("answers %s from %s", async (url, from) => {
    const response = await get(develop(), url, from);
    expect(await response.json()).toMatchObject({ user: "developer", isAdmin: true });
  });

  test.each([
    ["from another machine", "http://localhost/api/me", "10.0.0.7", {}],
    ["for another name, which may lead here", "http://evil.example/api/me", "127.0.0.1", {}],
    [
      "that was handed on",
      "http://localhost/api/me",
      "127.0.0.1",
      { "x-forwarded-for": "1.2.3.4" },
    ],
  ])("refuses what comes %s", async (_what, url, from, headers) => {
    expect((await get(develop(), url, from, headers)).status).toBe(401);
  });
});

describe("who is not known", () => {
  const known = operations.filter(([id]) => routes[id].access !== "public");

  test.each(known)("is refused %s", async (_id, line) => {
    const { status, body, headers } = await new HttpService().ask("", line);
    expect([status, body.code]).toEqual([401, "UNAUTHENTICATED"]);
    expect(headers.get("www-authenticate")).toBe("Bearer");
  });
});

describe("what authenticate gives", () => {
  test.each([{ roles: "administrators" }, { groups: "finance" }, { user: "" }, { tenant: 7 }])(
    "is refused as a fault if it is %j",
    async (principal) => {
      const service = new HttpService({ authenticate: () => principal as never });
      const { status, body } = await service.ask("", "GET /me");
      expect([status, body.code]).toEqual([500, "INTERNAL"]);
      expect(service.logged[0]).toContain("authenticate gave something else");
    },
  );
});

describe("people who are no administrators", () => {
  const administrative = operations.filter(([id]) => routes[id].access === "administrators");

  test.each(administrative)("are refused %s", async (id) => {
    const { status, body } = await new HttpService().ask("bob", lineOf(id), bodies[id]);
    expect([status, body.code]).toEqual([403, "FORBIDDEN"]);
  });

  test("may not act on behalf of somebody", async () => {
    const service = new HttpService();
    const id = await service.start("bob", "open");
    const body = { data: {}, onBehalfOf: "ann" };
    const answer = await service.ask("bob", `POST /tasks/${id}/1/complete`, body);
    expect([answer.status, answer.body.code]).toEqual([403, "FORBIDDEN"]);
  });

  test("may not ask for everybody's tasks", async () => {
    expect((await new HttpService().ask("bob", "GET /tasks?scope=all")).status).toBe(403);
  });
});

describe("an instance that is not theirs", () => {
  const about = operations.filter(([, line]) => line.includes("{instanceId}"));

  test.each(about)(
    "is answered like none to people of the same and other tenants: %s",
    async (id) => {
      const service = new HttpService();
      const instanceId = await service.start("bob@acme", "expense");
      for (const user of ["ann@other", "admin@other", "ann", "bob"]) {
        const ask = async (which: string) => {
          const line = lineOf(id, { instanceId: which, taskId: "1" });
          const { status, body } = await service.ask(user, line, bodies[id]);
          return JSON.stringify([status, body]).replaceAll(which, "it");
        };
        const answer = await ask(instanceId);
        expect(answer).toMatch(/^\[404,.*"UNKNOWN_(?:INSTANCE|TASK)"/);
        expect(answer).toBe(await ask("no-such-id"));
      }
    },
  );
});

describe("tenants", () => {
  test("keep lists and counts apart", async () => {
    const service = new HttpService();
    await service.start("bob@acme", "expense");
    for (const user of ["admin@other", "ann@other", "bob", "ann"]) {
      expect((await service.ask(user, "GET /instances")).body.items).toEqual([]);
      expect((await service.ask(user, "GET /instance-counts")).body.items).toEqual([]);
      expect((await service.ask(user, "GET /tasks")).body.items).toEqual([]);
      expect((await service.ask(user, "GET /task-counts")).body).toMatchObject({ open: 0 });
    }
    expect((await service.ask("admin@acme", "GET /instances")).body.items).toHaveLength(1);
    expect((await service.ask("ann@acme", "GET /tasks")).body.items).toHaveLength(1);
    expect((await service.ask("root", "GET /instances?tenant=acme")).body.items).toHaveLength(1);
  });

  test("cannot be asked for by others", async () => {
    const service = new HttpService();
    for (const line of ["GET /instances?tenant=acme", "GET /tasks?tenant=acme"]) {
      for (const user of ["admin@other", "bob"]) {
        expect((await service.ask(user, line)).status).toBe(403);
      }
    }
  });

  test("bound changes in bulk", async () => {
    const service = new HttpService();
    await service.start("bob@acme", "open");
    const change = { action: "cancel", filter: { workflow: "open" } };
    const { body } = await service.ask("admin@other", "POST /instance-changes", change);
    expect(body).toEqual({ matched: 0, done: 0, refused: [] });
  });

  test("keep schedules apart, and statistics are for those who see all", async () => {
    const service = new HttpService();
    const schedule = { workflow: "open", cron: "0 0 * * *" };
    expect((await service.ask("admin@acme", "PUT /schedules/nightly", schedule)).status).toBe(200);
    for (const line of ["GET", "DELETE", "PUT"]) {
      const body = line === "PUT" ? schedule : undefined;
      const answer = await service.ask("admin@other", `${line} /schedules/nightly`, body);
      expect([answer.status, answer.body.code]).toEqual([404, "UNKNOWN_SCHEDULE"]);
    }
    expect((await service.ask("admin@other", "GET /schedules")).body.items).toEqual([]);
    expect((await service.ask("admin@acme", "GET /statistics")).status).toBe(403);
    expect((await service.ask("root", "GET /statistics")).status).toBe(200);
  });
});

describe("authorize", () => {
  test("decides before the defaults do, also in lists", async () => {
    const service = new HttpService({
      authorize: ({ user }, action, resource) => {
        if (user !== "auditor") return undefined;
        if (action === "instance.list") return true;
        return action === "instance.read" && resource.type === "instance"
          ? resource.instance.workflow === "expense"
          : undefined;
      },
      authenticate: (request) => ({ user: request.headers.get("x-test-user") ?? "nobody" }),
    });
    const seen = await service.start("bob", "expense");
    const hidden = await service.start("bob", "open");
    const list = await service.ask("auditor", "GET /instances");
    expect(list.body.items.map(({ id }: { id: string }) => id)).toEqual([seen]);
    const counts = await service.ask("auditor", "GET /instance-counts");
    expect(counts.body.items).toMatchObject([{ workflow: "expense", count: 1 }]);
    expect((await service.ask("auditor", `GET /instances/${seen}`)).status).toBe(200);
    expect((await service.ask("auditor", `GET /instances/${hidden}`)).status).toBe(404);
    expect((await service.ask("auditor", `POST /instances/${seen}/cancel`)).status).toBe(403);
  });

  test("can forbid to start a workflow", async () => {
    const service = new HttpService({
      authorize: (_who, action) => (action === "instance.start" ? false : undefined),
    });
    expect((await service.ask("bob", "POST /instances", { workflow: "open" })).status).toBe(403);
  });

  test("can hide a workflow", async () => {
    const service = new HttpService({
      authorize: (_who, _action, resource) =>
        resource.type === "workflow" && resource.workflow === "open" ? false : undefined,
    });
    expect((await service.ask("bob", "POST /instances", { workflow: "open" })).status).toBe(404);
    expect((await service.ask("bob", "GET /definitions/open")).status).toBe(404);
    const { body } = await service.ask("bob", "GET /definitions");
    expect(body.items.map(({ workflow }: { workflow: string }) => workflow)).not.toContain("open");
  });
});

describe("pages of other sites", () => {
  const start = (headers: Readonly<Record<string, string>>, options = {}) =>
    new HttpService(options).ask("bob", "POST /instances", { workflow: "open" }, headers);

  test.each([
    [{ "sec-fetch-site": "cross-site" }],
    [{ "sec-fetch-site": "same-site" }],
    [{ origin: "https://evil.example" }],
    [{ origin: "null" }],
    [{ origin: "http://localhost:8080" }],
    [{ "sec-fetch-site": "cross-site", origin: "http://localhost" }],
  ])("are refused what changes something: %j", async (headers) => {
    const { status, body } = await start(headers as Record<string, string>);
    expect([status, body.code]).toEqual([403, "CROSS_SITE"]);
  });

  test.each([
    [{}],
    [{ "sec-fetch-site": "same-origin", origin: "https://localhost" }],
    [{ origin: "http://localhost" }],
    [{ origin: "https://localhost" }],
  ])("are not what sends %j", async (headers) => {
    expect((await start(headers as Record<string, string>)).status).toBe(201);
  });

  test("that are named may change something", async () => {
    const options = { allowedOrigins: ["https://app.example"] };
    const headers = { origin: "https://app.example", "sec-fetch-site": "cross-site" };
    expect((await start(headers, options)).status).toBe(201);
  });
});
