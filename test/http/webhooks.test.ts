import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { HttpService } from "../support/http-service.ts";

const secret = Buffer.from("a secret of enough bytes").toString("base64");
const newSecret = Buffer.from("another one, just as long").toString("base64");

async function waiting(options = {}) {
  const service = new HttpService(options);
  const instanceId = await service.start("bob", "calling");
  const token = await service.engine.webhookToken({ instanceId, stepName: "call" });
  return { service, instanceId, token };
}

function sign(service: HttpService, body: string, { key = secret, ageSeconds = 0 } = {}) {
  const timestamp = String(Math.floor(service.clock.now() / 1000) - ageSeconds);
  const content = `msg_1.${timestamp}.${body}`;
  const signature = createHmac("sha256", Buffer.from(key, "base64"))
    .update(content)
    .digest("base64");
  return {
    "webhook-id": "msg_1",
    "webhook-timestamp": timestamp,
    "webhook-signature": `v1,${signature}`,
  };
}

describe("a webhook's callback", () => {
  test("is delivered by whoever has the token, once", async () => {
    const { service, instanceId, token } = await waiting();
    const payload = { paid: true };
    const first = await service.ask("", `POST /webhooks/${token}`, payload);
    expect([first.status, first.body]).toEqual([204, ""]);
    expect((await service.engine.getInstance(instanceId)).data).toEqual({ call: payload });
    const second = await service.ask("", `POST /webhooks/${token}`, payload);
    expect([second.status, second.body.code]).toEqual([410, "TOKEN_USED"]);
  });

  test("is delivered once, however many come at the same moment", async () => {
    const { service, token } = await waiting();
    const calls = Array.from({ length: 8 }, (_, n) =>
      service.ask("", `POST /webhooks/${token}`, n),
    );
    const statuses = (await Promise.all(calls)).map(({ status }) => status).sort();
    expect(statuses).toEqual([204, ...Array(7).fill(410)]);
  });

  test("with a token that was not issued is refused, and so is looking at it", async () => {
    const { service, token } = await waiting();
    expect((await service.ask("", "POST /webhooks/nonsense")).status).toBe(404);
    expect((await service.ask("", `POST /webhooks/${token}x`)).status).toBe(404);
    expect((await service.ask("", `GET /webhooks/${token}`)).status).toBe(405);
  });
});

describe("signatures of callbacks", () => {
  const signed = { webhookSignature: { secrets: [secret, `whsec_${newSecret}`] } };

  test.each([secret, newSecret])("made with a known secret are accepted", async (key) => {
    const { service, token } = await waiting(signed);
    const headers = sign(service, '{"paid":true}', { key });
    const answer = await service.ask("", `POST /webhooks/${token}`, { paid: true }, headers);
    expect(answer.status).toBe(204);
  });

  test("are accepted if one of several fits", async () => {
    const { service, token } = await waiting(signed);
    const headers = sign(service, "1");
    headers["webhook-signature"] = `v1,AAAA v1a,xyz ${headers["webhook-signature"]}`;
    expect((await service.ask("", `POST /webhooks/${token}`, 1, headers)).status).toBe(204);
  });

  test("that are missing, wrong, of another body, too old or too early are refused", async () => {
    const { service, token } = await waiting(signed);
    const other = Buffer.from("a secret that nobody knows").toString("base64");
    const bad = [
      {},
      { ...sign(service, "1"), "webhook-signature": "v1," },
      { ...sign(service, "1"), "webhook-timestamp": "soon" },
      { ...sign(service, "1"), "webhook-id": "msg_2" },
      sign(service, "2"),
      sign(service, "1", { key: other }),
      sign(service, "1", { ageSeconds: 301 }),
      sign(service, "1", { ageSeconds: -301 }),
    ];
    for (const headers of bad) {
      const { status, body } = await service.ask("", `POST /webhooks/${token}`, 1, headers);
      expect([status, body.code]).toEqual([401, "INVALID_SIGNATURE"]);
    }
    const right = await service.ask("", `POST /webhooks/${token}`, 1, sign(service, "1"));
    expect(right.status).toBe(204);
  });

  test.each([[[]], [["c2hvcnQ="]]])("need secrets that are long enough: %j", (secrets) => {
    expect(() => new HttpService({ webhookSignature: { secrets } })).toThrow(
      "webhookSignature needs secrets of at least 16 bytes, in base64.",
    );
  });
});
