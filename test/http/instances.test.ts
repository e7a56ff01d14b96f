import { describe, expect, test } from "vitest";
import { HttpService } from "../support/http-service.ts";

describe("starting an instance", () => {
  test("answers 201 with where it is", async () => {
    const service = new HttpService();
    const answer = await service.ask("bob", "POST /instances", {
      workflow: "expense",
      initialData: { amount: 5 },
      businessKey: "EXP-1",
      tags: ["travel"],
    });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("location")).toBe(`/api/instances/${answer.body.id}`);
    expect(answer.body).toMatchObject({
      workflow: "expense",
      version: "1.0.0",
      user: "bob",
      businessKey: "EXP-1",
      tags: ["travel"],
      startedAt: "2030-01-01T00:00:00.000Z",
    });
  });

  test("waits until it has settled if it is asked to", async () => {
    const service = new HttpService();
    const { body } = await service.ask(
      "bob",
      "POST /instances",
      { workflow: "expense" },
      { prefer: "wait=5" },
    );
    expect(body.status).toBe("waiting");
  });

  test("with the same Idempotency-Key gives the same instance, for each person their own", async () => {
    const service = new HttpService();
    const start = async (user: string) => {
      const headers = { "idempotency-key": "once" };
      return (await service.ask(user, "POST /instances", { workflow: "open" }, headers)).body.id;
    };
    const [first, again, other] = [await start("bob"), await start("bob"), await start("ann")];
    expect(again).toBe(first);
    expect(other).not.toBe(first);
    expect(await start("ann@acme")).not.toBe(other);
  });

  test("refuses the same Idempotency-Key for other data", async () => {
    const service = new HttpService();
    const headers = { "idempotency-key": "once" };
    await service.ask("bob", "POST /instances", { workflow: "open" }, headers);
    const body = { workflow: "open", initialData: { a: 1 } };
    const answer = await service.ask("bob", "POST /instances", body, headers);
    expect([answer.status, answer.body.code]).toEqual([409, "INSTANCE_EXISTS"]);
  });

  test("names the fields of initial data that do not fit", async () => {
    const service = new HttpService();
    const body = { workflow: "expense", initialData: { amount: -1 } };
    const answer = await service.ask("bob", "POST /instances", body);
    expect(answer.status).toBe(422);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body).toMatchObject({
      title: "Unprocessable Entity",
      code: "INVALID_INPUT",
      fields: [{ field: "amount", message: "must be >= 0" }],
    });
  });
});

describe("an instance", () => {
  test("is shown with its context, its steps, its graph and its history", async () => {
    const service = new HttpService();
    const id = await service.start("bob", "expense", { initialData: { amount: 5 } });
    const { body } = await service.ask("bob", `GET /instances/${id}`);
    expect(body).toMatchObject({
      status: "waiting",
      data: { amount: 5 },
      stepCount: 1,
      tasks: [{ id: `${id}/1`, path: "approve", candidateGroups: ["finance"] }],
      allowed: ["cancel"],
    });
    const steps = await service.ask("bob", `GET /instances/${id}/steps`);
    expect(steps.body.items).toMatchObject([{ id: 1, path: "approve", status: "waiting" }]);
    const graph = await service.ask("bob", `GET /instances/${id}/graph`);
    expect(graph.body.nodes[0]).toMatchObject({
      path: "approve",
      state: "waiting",
      waitingFor: [{ for: "person", candidateGroups: ["finance"] }],
    });
    const mermaid = await service.ask("bob", `GET /instances/${id}/mermaid`);
    expect(mermaid.headers.get("content-type")).toBe("text/vnd.mermaid; charset=utf-8");
    expect(mermaid.body).toMatch(/^flowchart TB\n/);
  });

  test("has an ETag that changes with it", async () => {
    const service = new HttpService();
    const id = await service.start("bob", "expense");
    const first = await service.ask("bob", `GET /instances/${id}`);
    const etag = first.headers.get("etag") ?? "";
    const known = { "if-none-match": etag };
    expect((await service.ask("bob", `GET /instances/${id}`, undefined, known)).status).toBe(304);
    const match = { "if-match": etag };
    expect((await service.ask("root", `POST /instances/${id}/pause`)).status).toBe(200);
    expect((await service.ask("bob", `GET /instances/${id}`, undefined, known)).status).toBe(200);
    const late = await service.ask("bob", `POST /instances/${id}/cancel`, {}, match);
    expect([late.status, late.body.code]).toEqual([412, "PRECONDITION_FAILED"]);
  });

  test("is cancelled by who started it, with a reason", async () => {
    const service = new HttpService();
    const id = await service.start("bob", "expense");
    const { status, body } = await service.ask("bob", `POST /instances/${id}/cancel`, {
      reason: "not needed",
    });
    expect([status, body.status, body.reason]).toEqual([200, "canceled", "not needed"]);
    const again = await service.ask("bob", `POST /instances/${id}/cancel`);
    expect([again.status, again.body.code]).toEqual([409, "INSTANCE_ENDED"]);
  });

  test("is paused, resumed, signalled and retried by administrators alone", async () => {
    const service = new HttpService();
    const id = await service.start("bob", "listening");
    for (const action of ["pause", "resume"]) {
      const refused = await service.ask("bob", `POST /instances/${id}/${action}`);
      expect([refused.status, refused.body.code]).toEqual([403, "FORBIDDEN"]);
      expect((await service.ask("root", `POST /instances/${id}/${action}`)).status).toBe(200);
    }
    const signal = { name: "go", data: { fast: true } };
    expect((await service.ask("bob", `POST /instances/${id}/signals`, signal)).status).toBe(403);
    const done = await service.ask("root", `POST /instances/${id}/signals`, signal);
    expect(done.body.status).toBe("completed");
    const { body } = await service.ask("bob", `GET /instances/${id}`);
    expect(body.data).toEqual({ hear: { fast: true } });
  });

  test("that has failed is retried", async () => {
    const service = new HttpService();
    const id = await service.start("bob", "failing");
    const { body } = await service.ask("root", `POST /instances/${id}/retry`);
    expect([body.status, body.error.code]).toEqual(["failed", "STEP_FAILED"]);
  });

  test("gets another item in its map, which is then closed", async () => {
    const service = new HttpService();
    const id = await service.start("bob", "mapping");
    const added = await service.ask("root", `POST /instances/${id}/items`, {
      stepName: "each",
      item: "b",
    });
    expect(added.status).toBe(200);
    expect((await service.ask("bob", `GET /instances/${id}`)).body.tasks).toHaveLength(2);
    const closed = await service.ask("root", `POST /instances/${id}/close-map`, {
      stepName: "each",
    });
    expect(closed.body.status).toBe("completed");
  });
});

describe("lists of instances", () => {
  test("show people what they started, and administrators everything", async () => {
    const service = new HttpService();
    const [mine, other] = [await service.start("bob", "open"), await service.start("ann", "open")];
    const idsOf = async (user: string, query = "") =>
      (await service.ask(user, `GET /instances${query}`)).body.items.map(
        ({ id }: { id: string }) => id,
      );
    expect(await idsOf("bob")).toEqual([mine]);
    expect(await idsOf("bob", "?user=ann")).toEqual([]);
    expect(await idsOf("root", "?order=oldest")).toEqual([mine, other]);
    expect(await idsOf("root", "?user=ann&status=waiting&status=running")).toEqual([other]);
    expect(await idsOf("root", "?status=failed")).toEqual([]);
  });

  test("come in pages", async () => {
    const service = new HttpService();
    const ids = [];
    for (let number = 0; number < 3; number++) ids.push(await service.start("bob", "open"));
    const client = service.client("bob");
    const first = await client.instances.list({ limit: 2, order: "oldest" });
    const second = await client.instances.list({ limit: 2, order: "oldest", cursor: first.next });
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(ids);
    expect(second.next).toBeUndefined();
  });

  test("are counted by workflow, version and status", async () => {
    const service = new HttpService();
    await service.start("bob", "open");
    await service.start("bob", "open");
    await service.start("ann", "failing");
    const count = async (user: string) =>
      (await service.ask(user, "GET /instance-counts")).body.items.map(
        (item: { workflow: string; status: string; count: number }) =>
          `${item.workflow} ${item.status} ${item.count}`,
      );
    expect(await count("bob")).toEqual(["open waiting 2"]);
    expect(await count("root")).toEqual(["failing failed 1", "open waiting 2"]);
  });

  test("are changed in bulk by administrators, with a preview", async () => {
    const service = new HttpService();
    await service.start("bob", "open");
    await service.start("ann", "open");
    const change = { action: "cancel", filter: { workflow: "open" } };
    expect((await service.ask("bob", "POST /instance-changes", change)).status).toBe(403);
    const preview = await service.ask("root", "POST /instance-changes", {
      ...change,
      dryRun: true,
    });
    expect(preview.body).toEqual({ matched: 2, done: 0, refused: [] });
    const done = await service.ask("root", "POST /instance-changes", { ...change, reason: "over" });
    expect(done.body).toEqual({ matched: 2, done: 2, refused: [] });
    const { body } = await service.ask("bob", "GET /instances");
    expect(body.items).toMatchObject([{ status: "canceled", reason: "over" }]);
  });
});
