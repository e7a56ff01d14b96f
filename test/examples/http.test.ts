/** The HTTP API in the applications of `examples/http/`, each over a connection of its own. */
import { createClient } from "tandem-workflows/client";
import { describe, expect, test } from "vitest";
import type { RunningServer } from "../../examples/http/approvals.ts";
import * as expressApp from "../../examples/http/express.ts";
import * as fastifyApp from "../../examples/http/fastify.ts";
import * as honoApp from "../../examples/http/hono.ts";
import * as next from "../../examples/http/next.ts";
import * as nodeApp from "../../examples/http/node.ts";

const methods: Readonly<Record<string, (request: Request) => Promise<Response>>> = { ...next };

/** What Next.js does with a route file: calls the function that is named like the method. */
async function startNext(): Promise<RunningServer & { fetch: typeof fetch }> {
  return {
    url: "http://localhost:3000",
    close: async () => {},
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const route = methods[request.method];
      return route === undefined ? new Response(null, { status: 405 }) : route(request);
    },
  };
}

const applications: readonly [
  string,
  () => Promise<RunningServer & { fetch?: typeof fetch }>,
  string,
][] = [
  ["node", nodeApp.start, "/api"],
  ["Hono", honoApp.start, "/api"],
  ["Express", expressApp.start, "/workflows/api"],
  ["Fastify", fastifyApp.start, "/api"],
  ["Next.js", startNext, "/api"],
];

describe.each(applications)("in %s", (_name, start, basePath) => {
  test("people start, decide, and hear of it", async () => {
    const server = await start();
    const clientOf = (name: string) =>
      createClient({
        baseUrl: server.url + basePath,
        headers: { authorization: `Bearer ${name}'s session` },
        ...(server.fetch !== undefined && { fetch: server.fetch }),
      });
    const [ann, bob] = [clientOf("ann"), clientOf("bob")];
    try {
      const heard = Promise.withResolvers<string>();
      const opened = Promise.withResolvers<void>();
      const end = ann.stream(
        { inbox: true },
        {
          onOpen: opened.resolve,
          onEvent: (event) => event.type === "task" && heard.resolve(event.taskId),
        },
      );
      await opened.promise;
      const { id } = await bob.instances.start({
        workflow: "purchase",
        initialData: { what: "Äpfel 🍎" },
      });
      const taskId = await heard.promise;
      end();
      expect((await ann.tasks.list()).items.map((task) => task.id)).toEqual([taskId]);
      expect((await bob.tasks.list()).items).toEqual([]);
      const done = await ann.tasks.complete(taskId, { approved: true });
      expect([done.status, done.endedBy]).toEqual(["completed", "ann"]);
      const instance = await bob.instances.get(id);
      expect(instance.status).toBe("completed");
      expect(instance.data).toEqual({
        what: "Äpfel 🍎",
        approve: { approved: true },
        ordered: true,
      });
    } finally {
      await server.close();
    }
  });

  test("strangers, broken bodies and wrong methods are told what is wrong", async () => {
    const server = await start();
    const send = server.fetch ?? fetch;
    const headers = { authorization: "Bearer bob's session", "content-type": "application/json" };
    const url = `${server.url}${basePath}/instances`;
    try {
      expect((await send(url)).status).toBe(401);
      const unknown = await send(`${url}/none`, { headers });
      expect(await unknown.json()).toMatchObject({ code: "UNKNOWN_INSTANCE" });
      const typo = await send(url, { method: "POST", headers, body: '{"workflow":1}' });
      expect([typo.status, typo.headers.get("content-type")]).toEqual([
        400,
        "application/problem+json",
      ]);
      expect((await send(url, { method: "PUT", headers })).status).toBe(405);
    } finally {
      await server.close();
    }
  });
});
