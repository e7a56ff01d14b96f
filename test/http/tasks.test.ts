import { describe, expect, test } from "vitest";
import { HttpService } from "../support/http-service.ts";

async function withExpense() {
  const service = new HttpService();
  const instanceId = await service.start("bob", "expense", { businessKey: "EXP-1" });
  const path = `/tasks/${instanceId}/1`;
  return { service, instanceId, path };
}

describe("the inbox", () => {
  test("shows people what they may do, with counts", async () => {
    const { service, instanceId } = await withExpense();
    const anybody = await service.start("ann", "open");
    const idsOf = async (user: string, query = "") =>
      (await service.ask(user, `GET /tasks${query}`)).body.items.map(
        ({ id }: { id: string }) => id,
      );
    expect(await idsOf("ann")).toEqual([`${instanceId}/1`, `${anybody}/1`]);
    expect(await idsOf("bob")).toEqual([`${anybody}/1`]);
    expect(await idsOf("ann", "?businessKey=EXP-1")).toEqual([`${instanceId}/1`]);
    expect(await idsOf("ann", "?workflow=open&assigned=false")).toEqual([`${anybody}/1`]);
    expect(await idsOf("root", "?scope=all&stepName=approve")).toEqual([`${instanceId}/1`]);
    await service.ask("ann", `POST /tasks/${instanceId}/1/claim`);
    expect((await service.ask("ann", "GET /task-counts")).body).toEqual({
      open: 2,
      assigned: 1,
      available: 1,
      overdue: 0,
      atMost: 1000,
    });
  });

  test("shows what somebody has done", async () => {
    const { service, path } = await withExpense();
    await service.ask("ann", `POST ${path}/complete`, { data: { approved: false } });
    const query = "?status=completed&endedBy=ann&order=ended";
    const { body } = await service.ask("ann", `GET /tasks${query}`);
    expect(body.items).toMatchObject([{ status: "completed", endedBy: "ann" }]);
  });
});

describe("a task", () => {
  test("is shown with its form, and what one may do with it", async () => {
    const { service, path } = await withExpense();
    const { body, headers } = await service.ask("ann", `GET ${path}`);
    expect(body).toMatchObject({
      title: "Approve the expense",
      status: "open",
      businessKey: "EXP-1",
      workflowVersion: "1.0.0",
      form: { properties: { approved: { type: "boolean", title: "Do you approve?" } } },
      allowed: ["claim", "comment", "complete"],
    });
    const known = { "if-none-match": headers.get("etag") ?? "" };
    expect((await service.ask("ann", `GET ${path}`, undefined, known)).status).toBe(304);
  });

  test("is claimed by one, and given back", async () => {
    const { service, path } = await withExpense();
    const claims = await Promise.all(
      ["ann", "root"].map((user) => service.ask(user, `POST ${path}/claim`)),
    );
    expect(claims.map(({ status }) => status).sort()).toEqual([200, 409]);
    const lost = claims.find(({ status }) => status === 409);
    expect(lost?.body.code).toBe("TASK_CLAIMED");
    const winner = claims.find(({ status }) => status === 200)?.body.assignee;
    const released = await service.ask(winner, `POST ${path}/release`);
    expect([released.status, released.body.assignee]).toEqual([200, undefined]);
    const again = await service.ask("root", `POST ${path}/release`);
    expect([again.status, again.body.code]).toEqual([409, "TASK_NOT_CLAIMED"]);
  });

  test("is delegated, answered and decided, and its history tells it", async () => {
    const { service, path } = await withExpense();
    await service.ask("ann", `POST ${path}/claim`);
    const asked = await service.ask("ann", `POST ${path}/delegate`, { to: "bob" });
    expect([asked.status, asked.body.assignee, asked.body.owner]).toEqual([200, "bob", "ann"]);
    const answer = await service.ask("bob", `POST ${path}/complete`, { data: { approved: true } });
    expect(answer.status).toBe(200);
    const back = await service.ask("ann", `GET ${path}`);
    expect(back.body).toMatchObject({
      status: "open",
      assignee: "ann",
      proposal: { by: "bob", at: expect.stringMatching(/Z$/), data: { approved: true } },
    });
    await service.ask("ann", `POST ${path}/comments`, { text: "agreed" });
    await service.ask("ann", `POST ${path}/complete`, { data: { approved: true } });
    const { body } = await service.ask("ann", `GET ${path}/history`);
    expect(
      body.items.map(({ type, user, through }: Record<string, string>) => [type, user, through]),
    ).toEqual([
      ["task-claimed", "ann", "http"],
      ["task-delegated", "ann", "http"],
      ["task-answered", "bob", "http"],
      ["task-commented", "ann", "http"],
      ["task-completed", "ann", "http"],
    ]);
    expect(body.items[0].taskId).toBe(path.slice("/tasks/".length));
  });

  test("is reassigned by an administrator for somebody, and the history says for whom", async () => {
    const { service, path } = await withExpense();
    const given = await service.ask("root", `POST ${path}/reassign`, {
      to: "carl",
      onBehalfOf: "ann",
    });
    expect([given.status, given.body.assignee]).toEqual([200, "carl"]);
    const { body } = await service.ask("root", `GET ${path}/history`);
    expect(body.items).toMatchObject([
      { type: "task-reassigned", user: "root", onBehalfOf: "ann", details: { to: "carl" } },
    ]);
    // It is no longer for the group.
    expect((await service.ask("ann", `GET ${path}`)).status).toBe(404);
  });

  test("names the fields that do not fit its form", async () => {
    const { service, path } = await withExpense();
    const body = { data: { approved: "yes", extra: 1 } };
    const answer = await service.ask("ann", `POST ${path}/complete`, body);
    expect([answer.status, answer.body.code]).toEqual([422, "INVALID_FORM_DATA"]);
    expect(answer.body.fields).toEqual([
      { field: "extra", message: "is not a field of this form" },
      { field: "approved", message: "must be boolean" },
    ]);
  });

  test("that has changed since it was seen is not completed", async () => {
    const { service, path } = await withExpense();
    const client = service.client("ann");
    const { etagOf } = await import("tandem-workflows/client");
    const id = path.slice("/tasks/".length);
    const seen = await client.tasks.get(id);
    const claimed = await client.tasks.claim(id);
    await expect(
      client.tasks.complete(id, { approved: true }, { ifMatch: etagOf(seen) }),
    ).rejects.toMatchObject({ code: "PRECONDITION_FAILED", status: 412 });
    const done = await client.tasks.complete(id, { approved: true }, { ifMatch: etagOf(claimed) });
    expect(done.status).toBe("completed");
  });

  test("that is gone says what became of it, also when it is shown", async () => {
    const { service, instanceId, path } = await withExpense();
    await service.ask("bob", `POST /instances/${instanceId}/cancel`, { reason: "a mistake" });
    const gone = await service.ask("ann", `POST ${path}/claim`);
    expect([gone.status, gone.body.code]).toEqual([409, "TASK_GONE"]);
    const { status, body } = await service.ask("ann", `GET ${path}`);
    expect([status, body.status, body.allowed]).toEqual([200, "withdrawn", []]);
  });
});
