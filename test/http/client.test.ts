import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Client, createClient, RequestFailedError } from "tandem-workflows/client";
import { type OperationId, paths } from "tandem-workflows/http";
import { describe, expect, test } from "vitest";
import { HttpService } from "../support/http-service.ts";

/** A call of the client for each operation. */
const calls: Readonly<Record<OperationId, (client: Client) => unknown>> = {
  getMe: (client) => client.me(),
  listDefinitions: (client) => client.definitions.list(),
  getDefinition: (client) => client.definitions.get("w", "1.0.0"),
  listDefinitionVersions: (client) => client.definitions.versions("w"),
  getDefinitionGraph: (client) => client.definitions.graph("w"),
  getDefinitionMermaid: (client) => client.definitions.mermaid("w"),
  startInstance: (client) => client.instances.start({ workflow: "w" }),
  listInstances: (client) => client.instances.list(),
  countInstances: (client) => client.instances.count(),
  changeInstances: (client) => client.instances.changeAll({ action: "pause", filter: {} }),
  getInstance: (client) => client.instances.get("i"),
  listSteps: (client) => client.instances.steps("i"),
  getInstanceGraph: (client) => client.instances.graph("i"),
  getInstanceMermaid: (client) => client.instances.mermaid("i"),
  listInstanceHistory: (client) => client.instances.history("i"),
  cancelInstance: (client) => client.instances.cancel("i"),
  pauseInstance: (client) => client.instances.pause("i"),
  resumeInstance: (client) => client.instances.resume("i"),
  retryInstance: (client) => client.instances.retry("i"),
  upgradeInstance: (client) => client.instances.upgrade("i", { version: "2.0.0" }),
  sendSignal: (client) => client.instances.signal("i", { name: "go" }),
  cancelStep: (client) => client.instances.cancelStep("i", "s"),
  addItem: (client) => client.instances.addItem("i", "s", 1),
  closeMap: (client) => client.instances.closeMap("i", "s"),
  listTasks: (client) => client.tasks.list(),
  countTasks: (client) => client.tasks.count(),
  getTask: (client) => client.tasks.get("i/1"),
  listTaskHistory: (client) => client.tasks.history("i/1"),
  claimTask: (client) => client.tasks.claim("i/1"),
  releaseTask: (client) => client.tasks.release("i/1"),
  reassignTask: (client) => client.tasks.reassign("i/1", "ann"),
  delegateTask: (client) => client.tasks.delegate("i/1", "ann"),
  commentOnTask: (client) => client.tasks.comment("i/1", "text"),
  completeTask: (client) => client.tasks.complete("i/1", {}),
  completeWebhook: (client) => client.completeWebhook("t", {}),
  listSchedules: (client) => client.schedules.list(),
  getSchedule: (client) => client.schedules.get("s"),
  saveSchedule: (client) => client.schedules.save("s", { workflow: "w", cron: "* * * * *" }),
  removeSchedule: (client) => client.schedules.remove("s"),
  pauseSchedule: (client) => client.schedules.pause("s"),
  resumeSchedule: (client) => client.schedules.resume("s"),
  getStatistics: (client) => client.statistics(),
  getHealth: (client) => client.health(),
  streamEvents: (client) => client.stream({}, { onEvent: () => {} })(),
};

const values: Readonly<Record<string, string>> = {
  ...{ workflow: "w", instanceId: "i", taskId: "1", scheduleId: "s", token: "t" },
};

describe("the client", () => {
  test.each(Object.entries(calls))("calls %s by its method and path", async (id, call) => {
    const asked: string[] = [];
    const client = createClient({
      baseUrl: "https://example.org/api/",
      fetch: async (input, init) => {
        const { pathname } = new URL(String(input));
        asked.push(`${init?.method} ${pathname.replace("/api", "")}`);
        return Response.json({});
      },
    });
    await call(client);
    const expected = paths[id as OperationId].replace(
      /\{(\w+)\}/g,
      (_all, name: string) => values[name] ?? "",
    );
    expect(asked).toEqual([expected]);
  });

  test("throws what the server refused, with its code, status and fields", async () => {
    const service = new HttpService();
    const start = service.client("bob").instances.start({
      workflow: "expense",
      initialData: { amount: -1 },
    });
    const error = await start.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RequestFailedError);
    expect(error).toMatchObject({
      code: "INVALID_INPUT",
      status: 422,
      fields: [{ field: "amount", message: "must be >= 0" }],
    });
  });

  test("throws REQUEST_FAILED if something else than the API answers", async () => {
    const fetch = async () => new Response("<html>Bad gateway</html>", { status: 502 });
    const client = createClient({ baseUrl: "/api", fetch });
    await expect(client.me()).rejects.toMatchObject({ code: "REQUEST_FAILED", status: 502 });
  });

  test("asks for headers anew with each call, and writes ids into the path as they are", async () => {
    const asked: string[] = [];
    let token = 0;
    const client = createClient({
      baseUrl: "https://example.org/api",
      headers: async () => ({ authorization: `Bearer ${++token}` }),
      fetch: async (input, init) => {
        asked.push(`${String(input)} ${new Headers(init?.headers).get("authorization")}`);
        return Response.json({});
      },
    });
    await client.instances.get("a/b ü?");
    await client.tasks.get("a/b/7");
    expect(asked).toEqual([
      "https://example.org/api/instances/a%2Fb%20%C3%BC%3F Bearer 1",
      "https://example.org/api/tasks/a%2Fb/7 Bearer 2",
    ]);
  });

  test("imports nothing of Node and nothing of the engine", () => {
    const root = resolve(import.meta.dirname, "../../src/http");
    const seen = new Set<string>();
    const visit = (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = readFileSync(file, "utf8");
      for (const [, specifier = ""] of text.matchAll(
        /^(?:import|export)(?! type)[^;]*? from "([^"]+)";/gm,
      )) {
        expect(specifier, file).toMatch(/^\.\.?\//);
        visit(resolve(file, "..", specifier));
      }
    };
    visit(resolve(root, "client.ts"));
    expect([...seen].map((file) => file.slice(file.indexOf("/src/") + 5)).sort()).toEqual([
      "errors.ts",
      "http/client.ts",
      "http/paths.ts",
      "http/request-sender.ts",
      "http/stream-reader.ts",
    ]);
  });

  test("reaches instances whose ids have slashes and spaces", async () => {
    const service = new HttpService();
    const instanceId = "orders/2030 ü";
    await service.engine.startWorkflow("open", { instanceId, user: "bob" });
    const client = service.client("bob");
    expect((await client.instances.get(instanceId)).id).toBe(instanceId);
    expect((await client.tasks.complete(`${instanceId}/1`, {})).status).toBe("completed");
  });
});
