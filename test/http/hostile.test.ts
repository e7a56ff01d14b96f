import { describe, expect, test } from "vitest";
import { HttpService } from "../support/http-service.ts";

const encoder = new TextEncoder();

/** A request whose body is exactly these bytes. */
async function send(
  service: HttpService,
  body: string | Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Readonly<Record<string, string>> = {},
  path = "/instances",
) {
  const response = await service.handler(
    new Request(`http://localhost/api${path}`, {
      method: "POST",
      body,
      headers: { "x-test-user": "bob", "content-type": "application/json", ...headers },
      ...(body instanceof ReadableStream && { duplex: "half" }),
    } as RequestInit),
  );
  const text = await response.text();
  return { ...(text === "" ? {} : JSON.parse(text)), status: response.status };
}

describe("a body", () => {
  test.each([
    ["is not JSON", "{", 400, "INVALID_REQUEST"],
    ["is nothing", "", 400, "INVALID_REQUEST"],
    ["is another kind of value", "[]", 400, "INVALID_REQUEST"],
    ["lacks what is required", "{}", 400, "INVALID_REQUEST"],
    ["has what is not known", '{"workflow":"open","x":1}', 400, "INVALID_REQUEST"],
    ["has the wrong type", '{"workflow":7}', 400, "INVALID_REQUEST"],
    [
      "has a NUL where a name belongs",
      '{"workflow":"open","businessKey":"\\u0000"}',
      400,
      "INVALID_ARGUMENT",
    ],
    [
      "would change a prototype",
      '{"workflow":"open","__proto__":{"admin":true}}',
      400,
      "INVALID_REQUEST",
    ],
    [
      "is too deep",
      `{"workflow":"open","initialData":${"[".repeat(64)}${"]".repeat(64)}}`,
      400,
      "INVALID_REQUEST",
    ],
    ["is very deep", "[".repeat(500_000), 400, "INVALID_REQUEST"],
  ])("that %s is refused", async (_what, body, status, code) => {
    expect(await send(new HttpService(), body)).toMatchObject({ status, code });
  });

  test("that is not UTF-8 is refused", async () => {
    const body = new Uint8Array([...encoder.encode('{"workflow":"'), 0xff, 0xfe, 0x22, 0x7d]);
    expect(await send(new HttpService(), body)).toMatchObject({
      status: 400,
      detail: "The body is not UTF-8; send JSON in UTF-8.",
    });
  });

  test("in another encoding or format is refused", async () => {
    const body = '{"workflow":"open"}';
    for (const headers of [
      { "content-type": "text/plain" },
      { "content-type": "application/x-www-form-urlencoded" },
      { "content-type": "application/json; charset=utf-16" },
      { "content-type": "multipart/form-data; boundary=x" },
      { "content-encoding": "gzip" },
    ]) {
      const { status, code } = await send(new HttpService(), body, headers as never);
      expect([status, code]).toEqual([415, "UNSUPPORTED_MEDIA_TYPE"]);
    }
    for (const type of ["application/json; charset=UTF-8", "application/vnd.api+json"]) {
      expect((await send(new HttpService(), body, { "content-type": type })).status).toBe(201);
    }
  });

  test("that is too large is refused, and read no further than the limit", async () => {
    const service = new HttpService({ maxBodyBytes: 1000 });
    const large = JSON.stringify({ workflow: "open", initialData: { a: "x".repeat(1000) } });
    expect(await send(service, large)).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
    let pulled = 0;
    const endless = new ReadableStream({
      pull(controller) {
        pulled++;
        controller.enqueue(encoder.encode("x".repeat(100)));
      },
    });
    expect(await send(service, endless)).toMatchObject({ status: 413, code: "BODY_TOO_LARGE" });
    expect(pulled).toBeLessThan(20);
  });

  test("that announces to be too large is not read", async () => {
    const headers = { "content-length": "99999999" };
    expect(await send(new HttpService(), "{}", headers)).toMatchObject({ status: 413 });
  });

  test("keeps keys that mean something to JavaScript as keys like others", async () => {
    const service = new HttpService();
    const data = '{"__proto__":{"admin":true},"constructor":{"prototype":1},"toString":"x"}';
    const started = await send(service, `{"workflow":"open","initialData":${data}}`);
    expect(started.status).toBe(201);
    const response = await service.handler(
      new Request(`http://localhost/api/instances/${started.id}`, {
        headers: { "x-test-user": "bob" },
      }),
    );
    expect(await response.text()).toContain(`"data":${data}`);
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });
});

describe("a query", () => {
  test.each([
    "limit=0",
    "limit=1001",
    "limit=x",
    "limit=1&limit=2",
    "order=up",
    "status=gone",
    "startedFrom=yesterday",
    "nonsense=1",
    "__proto__=1",
    "cursor=!",
    "cursor=WzEsMl0",
    `workflow=${"x".repeat(501)}`,
    "workflow=%00",
  ])("%s is refused", async (query) => {
    const { status, body } = await new HttpService().ask("root", `GET /instances?${query}`);
    expect(status).toBe(400);
    expect(body.code).toMatch(/^INVALID_(?:REQUEST|ARGUMENT)$/);
  });
});

describe("an address", () => {
  test.each([
    "/nothing",
    "/instances/",
    "/instances/%",
    "/instances/%ff",
    "/instances/%00",
    "/instances/a%2Fb",
    "/../../etc/passwd",
    "/instances//steps",
    "//evil.example/instances",
    `/instances/${"x".repeat(10_000)}`,
  ])("%s that leads nowhere is answered so", async (path) => {
    const { status, body } = await new HttpService().ask("root", `GET ${path}`);
    expect(status).toBe(404);
    expect(body.code).toMatch(/^UNKNOWN_/);
  });

  test("tells which methods it knows", async () => {
    const { status, body, headers } = await new HttpService().ask("root", "DELETE /instances");
    expect([status, body.code]).toEqual([405, "METHOD_NOT_ALLOWED"]);
    expect(headers.get("allow")).toBe("GET, POST");
  });

  test("is looked at without a body by HEAD", async () => {
    const { status, body, headers } = await new HttpService().ask("root", "HEAD /me");
    expect([status, body, headers.get("content-type")]).toEqual([200, "", "application/json"]);
  });
});

describe("failures", () => {
  test("of the server are told to its log, not to who asks", async () => {
    const service = new HttpService({
      authorize: () => {
        throw new TypeError("secret detail");
      },
    });
    const { status, body } = await service.ask("bob", "GET /definitions");
    expect([status, body.code, body.detail]).toEqual([
      500,
      "INTERNAL",
      "The server failed; its log says why.",
    ]);
    expect(service.logged).toEqual([expect.stringContaining("secret detail")]);
  });

  test("of the store are answered with 503 and when to try again", async () => {
    const service = new HttpService();
    await service.engine.close();
    const { status, body, headers } = await service.ask("", "GET /health");
    expect([status, body.code]).toEqual([503, "ENGINE_CLOSED"]);
    expect(headers.get("retry-after")).toBe("2");
  });
});

describe("the same request at the same moment", () => {
  test("with one Idempotency-Key starts one instance", async () => {
    const service = new HttpService();
    const headers = { "idempotency-key": "k" };
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        service.ask("bob", "POST /instances", { workflow: "open" }, headers),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await service.ask("root", "GET /instances")).body.items).toHaveLength(1);
  });

  test("completes a task once", async () => {
    const service = new HttpService();
    const id = await service.start("bob", "expense");
    const answers = await Promise.all(
      Array.from({ length: 10 }, () =>
        service.ask("ann", `POST /tasks/${id}/1/complete`, { data: { approved: true } }),
      ),
    );
    const statuses = answers.map(({ status }) => status).sort();
    expect(statuses).toEqual([200, ...Array(9).fill(409)]);
    const gone = answers.find(({ status }) => status === 409);
    expect(gone?.body).toMatchObject({ code: "TASK_GONE" });
    expect(gone?.body.detail).toMatch(/^Task "approve" was completed by ann at /);
  });
});
