import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { paths, routes, schemas } from "tandem-workflows/http";
import { describe, expect, test } from "vitest";
import { HttpService } from "../support/http-service.ts";

describe("the API's document", () => {
  test("is a valid OpenAPI 3.1 document", async () => {
    const { status, body } = await new HttpService().ask("", "GET /openapi.json");
    expect(status).toBe(200);
    const validator = new Validator();
    const result = await validator.validate(body);
    expect(result.errors ?? []).toEqual([]);
    expect([result.valid, validator.version]).toEqual([true, "3.1"]);
  });

  test("has every operation once, each with what it may answer", async () => {
    const { body } = await new HttpService().ask("", "GET /openapi.json");
    const operations = Object.entries<Record<string, { operationId: string; responses: object }>>(
      body.paths,
    ).flatMap(([path, item]) =>
      Object.entries(item).map(([method, { operationId, responses }]) => {
        expect(Object.keys(responses)).toContain("default");
        return [operationId, `${method.toUpperCase()} ${path}`];
      }),
    );
    expect(Object.fromEntries(operations)).toEqual(paths);
    expect(operations).toHaveLength(Object.keys(routes).length);
  });

  test("says where the API is", async () => {
    const service = new HttpService({ basePath: "/workflows/api" });
    const url = "http://localhost/workflows/api/openapi.json";
    const document = await (await service.handler(new Request(url))).json();
    expect(document).toMatchObject({ servers: [{ url: "/workflows/api" }] });
  });
});

describe("the schemas", () => {
  test("compile in strict mode, and name only schemas that exist", () => {
    const ajv = new Ajv2020({ strict: true, strictTypes: false });
    addFormats.default(ajv);
    ajv.addKeyword("components");
    ajv.addSchema({ $id: "api", components: { schemas } });
    for (const name of Object.keys(schemas)) {
      expect(ajv.compile({ $ref: `api#/components/schemas/${name}` })).toBeTypeOf("function");
    }
  });
});

describe("the API's page", () => {
  test("shows every operation, runs nothing and loads nothing", async () => {
    const { status, headers, body } = await new HttpService().ask("", "GET /docs");
    expect(status).toBe(200);
    for (const id of Object.keys(paths)) expect(body).toContain(`<h3 id="${id}">`);
    expect(body).not.toMatch(/<script|<link|<img|src=|javascript:|\son\w+=/i);
    expect(headers.get("content-security-policy")).toMatch(
      /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; /,
    );
  });
});
