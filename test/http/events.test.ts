import { afterEach, describe, expect, test } from "vitest";
import { HttpService } from "../support/http-service.ts";

/** Reads the frames of a stream as they come. */
class Reader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest = "";

  constructor(response: Response) {
    if (response.body === null) throw new TypeError("The answer has no body.");
    this.#reader = response.body.getReader();
  }

  /** The next frame with data, or the first comment or greeting if `all`. */
  async frame(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf("\n\n");
      if (end >= 0) {
        const frame = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 2);
        return frame;
      }
      const { done, value } = await this.#reader.read();
      if (done) return "ended";
      this.#rest += new TextDecoder().decode(value);
    }
  }

  async event(): Promise<Record<string, unknown>> {
    for (;;) {
      const frame = await this.frame();
      const data = /^data: (.*)$/m.exec(frame)?.[1];
      if (data !== undefined) return { id: /^id: (.*)$/m.exec(frame)?.[1], ...JSON.parse(data) };
      if (frame === "ended") return { type: "ended" };
    }
  }

  /** What instance or task each of the next events is about. */
  async events(count: number): Promise<string[]> {
    const told = [];
    for (let index = 0; index < count; index++) {
      const { type, instanceId, taskId = instanceId, status, change = status } = await this.event();
      told.push(`${type} ${taskId} ${change}`);
    }
    return told;
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }
}

/** The events that are left of a stream that has ended. */
async function rest(reader: Reader) {
  const events = [];
  for (let event = await reader.event(); event.type !== "ended"; event = await reader.event()) {
    events.push(event);
  }
  return events;
}

const readers: Reader[] = [];

async function open(
  service: HttpService,
  user: string,
  query = "",
  headers: Readonly<Record<string, string>> = {},
): Promise<Reader> {
  const url = `http://localhost/api/events${query}`;
  const response = await service.handler(
    new Request(url, { headers: { "x-test-user": user, ...headers } }),
  );
  expect(response.headers.get("content-type")).toBe("text/event-stream");
  const reader = new Reader(response);
  readers.push(reader);
  return reader;
}

afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.close()));
});

describe("a stream of events", () => {
  test("begins with where it stands, and tells of an instance what becomes of it", async () => {
    const service = new HttpService();
    const id = await service.start("bob", "open");
    const other = await service.start("bob", "open");
    const reader = await open(service, "bob", `?instanceId=${id}`);
    expect(await reader.frame()).toMatch(/^retry: 2000\nid: \w{8}-0$/);
    await service.ask("root", `POST /instances/${other}/pause`);
    await service.ask("root", `POST /instances/${id}/pause`);
    const event = await reader.event();
    expect(event).toMatchObject({ type: "instance", instanceId: id, status: "paused" });
    expect(event).toMatchObject({ workflow: "open", revision: expect.any(Number) });
  });

  test("of everything shows administrators their tenant, and people what is theirs", async () => {
    const service = new HttpService();
    const [root, boss, bob] = [
      await open(service, "root"),
      await open(service, "admin@acme"),
      await open(service, "bob"),
    ];
    const acme = await service.start("ann@acme", "expense");
    const bobs = await service.start("bob", "listening");
    await service.start("ann", "listening");
    expect((await boss.events(2)).sort()).toEqual([
      `instance ${acme} waiting`,
      `task ${acme}/1 opened`,
    ]);
    expect(await bob.events(1)).toEqual([`instance ${bobs} waiting`]);
    expect(await root.events(4)).toContain(`instance ${bobs} waiting`);
  });

  test("of an inbox tells of tasks alone, to those who may do them", async () => {
    const service = new HttpService();
    const [ann, bob] = [
      await open(service, "ann", "?inbox=true"),
      await open(service, "bob", "?inbox=true"),
    ];
    const expense = await service.start("bob", "expense");
    const anybody = await service.start("ann", "open");
    expect(await ann.events(2)).toEqual([`task ${expense}/1 opened`, `task ${anybody}/1 opened`]);
    expect(await bob.events(1)).toEqual([`task ${anybody}/1 opened`]);
  });

  test("goes on after the last event that was read", async () => {
    const service = new HttpService();
    const first = await open(service, "root");
    const seen = await service.start("bob", "listening");
    const { id } = await first.event();
    await first.close();
    const missed = await service.start("bob", "listening");
    const second = await open(service, "root", "", { "last-event-id": String(id) });
    expect(await second.events(1)).toEqual([`instance ${missed} waiting`]);
    expect(seen).not.toBe(missed);
  });

  test.each(["0badcafe-3", "nonsense", "", "-"])(
    "says that something may be missing after %j, which it does not know",
    async (last) => {
      const reader = await open(new HttpService(), "root", "", { "last-event-id": last });
      expect(await reader.event()).toMatchObject({ type: "reset" });
    },
  );

  test("forgets what happened when nobody has listened for a minute", async () => {
    const service = new HttpService();
    const first = await open(service, "root");
    await service.start("bob", "listening");
    const { id } = await first.event();
    await first.close();
    await service.clock.advance(61_000);
    const second = await open(service, "root", "", { "last-event-id": String(id) });
    expect(await second.event()).toMatchObject({ type: "reset" });
  });

  test("shows every quarter of a minute that it is alive", async () => {
    const service = new HttpService();
    const reader = await open(service, "root");
    await reader.frame();
    const beat = reader.frame();
    await service.clock.advance(15_000);
    expect(await beat).toBe(": ");
  });

  test("keeps for a slow reader the latest of each thing, and ends when nobody reads", async () => {
    const service = new HttpService();
    const reader = await open(service, "root");
    await reader.frame();
    const id = await service.start("bob", "listening");
    for (let round = 0; round < 3; round++) {
      await service.ask("root", `POST /instances/${id}/pause`);
      await service.ask("root", `POST /instances/${id}/resume`);
    }
    // Of nine changes: what was handed out before it grew slow, and then the latest.
    await service.ask("root", `POST /instances/${id}/cancel`);
    const told = [await reader.event()];
    while (told.at(-1)?.status !== "canceled") told.push(await reader.event());
    expect(told.length).toBeLessThan(5);
    const second = await service.start("bob", "listening");
    await service.ask("root", `POST /instances/${second}/pause`);
    await service.clock.advance(60_000);
    expect((await rest(reader)).length).toBeLessThan(4);
  });

  test("tells a slow reader to read anew when too much has changed", async () => {
    const service = new HttpService();
    const reader = await open(service, "root");
    await reader.frame();
    for (let number = 0; number < 300; number++) {
      await service.engine.submitWorkflow("listening", {});
    }
    expect(await reader.event()).toMatchObject({ type: "reset" });
  });

  test("of an instance that is not theirs is refused", async () => {
    const service = new HttpService();
    const id = await service.start("bob@acme", "open");
    const answer = await service.ask("admin@other", `GET /events?instanceId=${id}`);
    expect([answer.status, answer.body.code]).toEqual([404, "UNKNOWN_INSTANCE"]);
  });
});

describe("the client's stream", () => {
  test("calls back with each event, until it is ended", async () => {
    const service = new HttpService();
    const events: unknown[] = [];
    const opened = Promise.withResolvers<void>();
    const heard = Promise.withResolvers<void>();
    const end = service.client("root").stream(
      {},
      {
        onOpen: opened.resolve,
        onEvent: (event) => {
          events.push(event);
          heard.resolve();
        },
      },
    );
    await opened.promise;
    const id = await service.start("bob", "listening");
    await heard.promise;
    end();
    expect(events).toMatchObject([{ type: "instance", instanceId: id, status: "waiting" }]);
  });

  test("ends with an error that would come again", async () => {
    const failed = Promise.withResolvers<unknown>();
    new HttpService().client("").stream({}, { onEvent: () => {}, onError: failed.resolve });
    expect(await failed.promise).toMatchObject({ code: "UNAUTHENTICATED", status: 401 });
  });
});
