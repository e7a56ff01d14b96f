/**
 * Every operation of the API's document is asked with values that mostly fit, and often do not, by
 * people of several tenants: never a failure of the server, never a trace of its code, never what
 * belongs to others, and always an answer that the document describes.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import fc from "fast-check";
import { schemas } from "tandem-workflows/http";
import { describe, expect, test } from "vitest";
import { HttpService } from "../support/http-service.ts";
import { hostileJson, valueFor } from "../support/schema-arbitrary.ts";

const runs = Number(process.env.TANDEM_FUZZ_RUNS ?? 25);
const seed = Number(process.env.TANDEM_FUZZ_SEED ?? 1);

const canary = "CANARY-OF-ACME";
const outsiders = ["ann@other", "admin@other", "ann", "bob"];
const insiders = ["root", "admin@acme", "ann@acme", "bob@acme"];

const document = await (async () => {
  const response = await new HttpService().handler(
    new Request("http://localhost/api/openapi.json"),
  );
  return (await response.json()) as ApiDocument;
})();

interface ApiDocument {
  readonly paths: Record<string, Record<string, ApiOperation>>;
}

interface ApiOperation {
  readonly operationId: string;
  readonly parameters: readonly { name: string; in: string; schema: object }[];
  readonly requestBody?: { content: Record<string, { schema: object }> };
  readonly responses: Record<string, { content?: Record<string, { schema: object }> }>;
}

const operations = Object.entries(document.paths).flatMap(([path, item]) =>
  Object.entries(item).map(
    ([method, operation]) =>
      [operation.operationId, method.toUpperCase(), path, operation] as const,
  ),
);

const ajv = new Ajv2020({ strict: true, strictTypes: false });
addFormats.default(ajv);
ajv.addKeyword("components");
ajv.addSchema({ $id: "api", components: { schemas } });

/** What the document says of an answer, as a check. */
function describedAs(
  operation: ApiOperation,
  status: number,
  type: string,
  body: unknown,
): boolean {
  const described = operation.responses[status] ?? operation.responses.default;
  if (described?.content === undefined) return body === "";
  const schema = Object.entries(described.content).find(([each]) => type.startsWith(each))?.[1];
  if (schema === undefined) return false;
  const ref = (schema.schema as { $ref?: string }).$ref;
  if (ref === undefined) return true;
  const validate = ajv.getSchema(`api${ref}`) ?? ajv.compile({ $ref: `api${ref}` });
  return validate(body) === true || expect(validate.errors).toEqual([]) === undefined;
}

/** Instances of the tenant acme in all states, each with the canary in whatever can hold it. */
async function settle(service: HttpService): Promise<string[]> {
  const ids: string[] = [];
  const more = { initialData: { note: canary }, businessKey: canary, tags: [canary] };
  for (const workflow of ["expense", "open", "listening", "calling", "failing", "mapping"]) {
    ids.push(await service.start("bob@acme", workflow, more));
  }
  const schedule = { workflow: "open", cron: "0 0 * * *", businessKey: canary };
  await service.ask("admin@acme", "PUT /schedules/nightly", schedule);
  return ids;
}

const asText = (value: unknown) =>
  typeof value === "string" ? value : (JSON.stringify(value) ?? "");

describe("whatever is sent", () => {
  test.each(operations)(
    "%s is answered as the document says",
    async (_id, method, path, operation) => {
      const service = new HttpService();
      const ids = await settle(service);
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
      const texts = fc.oneof(
        fc.constantFrom(...ids, "1", "nightly", "expense", "open", "1.0.0", "approve", "go", "ann"),
        hostileJson.map(asText),
      );
      const valueIn = (schema: object) => valueFor(schema, schemas as never, texts);
      const given = (where: string) =>
        fc.record(
          Object.fromEntries(
            operation.parameters
              .filter((each) => each.in === where)
              .map(({ name, schema }) => [name, valueIn(schema)]),
          ),
          { requiredKeys: [] },
        );
      const bodySchema = operation.requestBody?.content["application/json"]?.schema;
      const request = fc.record({
        user: fc.constantFrom(...outsiders, ...insiders),
        path: fc.tuple(...names.map((name) => partFor(name, ids, texts))),
        query: given("query"),
        body: bodySchema === undefined ? fc.constant(undefined) : valueIn(bodySchema),
        header: fc.option(texts, { freq: 8, nil: undefined }),
      });
      await fc.assert(
        fc.asyncProperty(request, async ({ user, path: parts, query, body, header }) => {
          let index = 0;
          const filled = path.replace(/\{\w+\}/g, () => encoded(parts[index++] ?? ""));
          const search = new URLSearchParams();
          for (const [name, value] of Object.entries(query)) {
            for (const each of Array.isArray(value) ? value : [value]) {
              search.append(name, asText(each));
            }
          }
          const response = await service.handler(
            new Request(`http://localhost/api${filled}?${search}`, {
              method,
              headers: {
                "x-test-user": user,
                ...(body !== undefined && { "content-type": "application/json" }),
                ...headersOf(header),
              },
              ...(body !== undefined && { body: JSON.stringify(body) }),
            }),
          );
          const type = response.headers.get("content-type") ?? "";
          if (type === "text/event-stream") {
            await response.body?.cancel();
            return;
          }
          const text = await response.text();
          expect(response.status, text).toBeLessThan(500);
          expect(text).not.toMatch(/\n\s+at |node_modules|file:\/\/|\.ts:\d/);
          if (outsiders.includes(user)) expect(text).not.toContain(canary);
          const isReached = response.status !== 404 && response.status !== 405;
          const parsed = type.includes("json") && text !== "" ? JSON.parse(text) : text;
          if (isReached) expect(describedAs(operation, response.status, type, parsed)).toBe(true);
        }),
        { numRuns: runs, seed },
      );
      expect(service.logged).toEqual([]);
      expect(({} as { admin?: boolean }).admin).toBeUndefined();
    },
  );
});

/** Mostly what exists. */
function partFor(name: string, ids: readonly string[], texts: fc.Arbitrary<string>) {
  const existing: Readonly<Record<string, readonly string[]>> = {
    instanceId: ids,
    taskId: ["1", "2"],
    workflow: ["expense", "open"],
    scheduleId: ["nightly", "hourly"],
  };
  const known = fc.constantFrom(...(existing[name] ?? ["token"]));
  return fc.oneof({ weight: 6, arbitrary: known }, { weight: 1, arbitrary: texts });
}

/** A path's segment; one that is nothing or dots would be another path. */
function encoded(text: string): string {
  if (/^\.{0,2}$/.test(text)) return "dots";
  return encodeURIComponent(text.toWellFormed());
}

/** Of what a text can be in a header, in each header that is looked at. */
function headersOf(text: string | undefined): Record<string, string> {
  if (text === undefined) return {};
  const safe = text.replace(/[^\x20-\x7e]/g, "").trim();
  return {
    "idempotency-key": safe,
    "if-none-match": safe,
    "if-match": safe,
    prefer: `wait=${safe}`,
    "last-event-id": safe,
  };
}
