import { type OperationId, paths } from "./paths.ts";
import type { RouteShape } from "./route.ts";
import { routes } from "./routes.ts";
import { schemas } from "./schemas/index.ts";
import { text } from "./schemas/words.ts";

const description = `\
Workflows that people and machines do together.

Every refusal is a problem (RFC 9457) with a stable \`code\`. What somebody may not see is answered
like what does not exist. Lists come in pages: give \`next\` back as \`cursor\`.

Changes answer when what they set going has ended or waits, at the latest after a second, then
with 202; \`Prefer: wait=5\` asks for more or less. What has an \`ETag\` can be asked for with
\`If-None-Match\` and changed with \`If-Match\`.`;

const tags = [
  { name: "people", description: "Who asks." },
  { name: "definitions", description: "What can be started." },
  { name: "instances", description: "What was started." },
  { name: "tasks", description: "The inbox." },
  { name: "operations", description: "Callbacks, schedules, measures, events." },
];

const problem = {
  description: "Refused, or failed.",
  content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
};

/** The API as an OpenAPI 3.1 document, made of the schemas that check requests. */
export function openApiDocument(version: string, serverUrl: string): OpenApiDocument {
  const items: Record<string, Record<string, object>> = {};
  for (const id of Object.keys(paths) as OperationId[]) {
    const [method = "", path = ""] = paths[id].split(" ");
    const item = items[path] ?? {};
    item[method.toLowerCase()] = describe(id, path);
    items[path] = item;
  }
  return {
    openapi: "3.1.0",
    info: { title: "Tandem", version, description, license: { name: "MIT", identifier: "MIT" } },
    jsonSchemaDialect: "https://json-schema.org/draft/2020-12/schema",
    servers: [{ url: serverUrl }],
    tags,
    paths: items,
    components: {
      schemas,
      securitySchemes: {
        application: {
          type: "http",
          scheme: "bearer",
          description:
            "The application in which the API is mounted decides who asks: by a bearer token, a " +
            "cookie, or whatever it knows.",
        },
      },
    },
    security: [{ application: [] }],
  };
}

/** As far as this package reads it again. */
export interface OpenApiDocument {
  readonly openapi: "3.1.0";
  readonly info: Readonly<Record<string, unknown>>;
  readonly jsonSchemaDialect: string;
  readonly servers: readonly { readonly url: string }[];
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
  readonly components: Readonly<Record<string, unknown>>;
  readonly security: readonly unknown[];
}

function describe(id: OperationId, path: string): object {
  const route: RouteShape = routes[id];
  const { summary, tag, access } = route;
  return {
    operationId: id,
    summary,
    tags: [tag],
    ...(access === "public" && { security: [] }),
    ...(access === "administrators" && { description: "For administrators, unless told." }),
    parameters: [...pathParameters(path), ...queryParameters(route), ...headerParameters(route)],
    ...bodyOf(route),
    responses: responsesOf(route),
  };
}

function pathParameters(path: string): object[] {
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  return names.map((name) => ({ name, in: "path", required: true, schema: text }));
}

function queryParameters({ query = {} }: RouteShape): object[] {
  return Object.entries(query).map(([name, schema]) => {
    const { description: told, ...rest } = schema as { description?: string };
    return { name, in: "query", ...(told !== undefined && { description: told }), schema: rest };
  });
}

function headerParameters(route: RouteShape): object[] {
  const { takesIdempotencyKey, hasETag, takesIfMatch, takesTime } = route;
  const header = (name: string, told: string) => ({
    name,
    in: "header",
    description: told,
    schema: { type: "string" },
  });
  return [
    ...(takesIdempotencyKey ? [header("Idempotency-Key", "The same key counts once.")] : []),
    ...(hasETag ? [header("If-None-Match", "Answers 304 if it has not changed.")] : []),
    ...(takesIfMatch ? [header("If-Match", "Refused with 412 if it has changed.")] : []),
    ...(takesTime ? [header("Prefer", "`wait=5`: for how many seconds, up to 30, to wait.")] : []),
  ];
}

function bodyOf({ body, isBodyOptional }: RouteShape): object {
  if (body === undefined) return {};
  const schema = body === "any" ? {} : { $ref: `#/components/schemas/${body}` };
  return {
    requestBody: { required: isBodyOptional !== true, content: { "application/json": { schema } } },
  };
}

function responsesOf(route: RouteShape): object {
  const { answer, status, takesTime, hasETag, takesIfMatch } = route;
  const success = status ?? (answer === undefined ? 204 : 200);
  const content = contentOf(route);
  return {
    [success]: { description: "Done.", ...content },
    ...(takesTime && { 202: { description: "It goes on; this is how far it is.", ...content } }),
    ...(hasETag && { 304: { description: "It has not changed." } }),
    ...(takesIfMatch && { 412: problem }),
    default: problem,
  };
}

function contentOf({ answer, hasETag }: RouteShape): object {
  if (answer === undefined) return {};
  const etag = { ETag: { description: "Changes when it does.", schema: { type: "string" } } };
  const headers = hasETag || answer === "Task" ? { headers: etag } : {};
  if (typeof answer === "object") {
    return { ...headers, content: { [answer.mediaType]: { schema: { type: "string" } } } };
  }
  const schema = { $ref: `#/components/schemas/${answer}` };
  return { ...headers, content: { "application/json": { schema } } };
}
