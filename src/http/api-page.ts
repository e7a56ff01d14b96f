import { html } from "hono/html";
import { htmlPage, type Markup } from "./page.ts";
import { type OperationId, paths } from "./paths.ts";
import type { RouteShape } from "./route.ts";
import { routes } from "./routes.ts";
import { schemas } from "./schemas/index.ts";

/** The API's document as a page to read. */
export function apiPage(version: string, basePath: string): Promise<Response> {
  const ids = Object.keys(paths) as OperationId[];
  const tagNames = [...new Set(ids.map((id) => routes[id].tag))];
  return htmlPage(
    "Tandem: HTTP API",
    html`<h1>HTTP API</h1>
<p>Version ${version}, at <code>${basePath}</code>.
The same as data: <a href="${basePath}/openapi.json">openapi.json</a>.</p>
${tagNames.map((tag) => sectionOf(tag, ids))}
<section><h2 id="schemas">Schemas</h2>
${Object.entries(schemas).map(
  ([name, schema]) => html`<h3 id="${name}">${name}</h3>
<pre><code>${JSON.stringify(schema, null, 2)}</code></pre>
`,
)}</section>`,
  );
}

function sectionOf(tag: string, ids: readonly OperationId[]): Markup {
  const own = ids.filter((id) => routes[id].tag === tag);
  return html`<section><h2>${tag}</h2>
${own.map(operationMarkup)}</section>`;
}

function operationMarkup(id: OperationId): Markup {
  const [method = "", path = ""] = paths[id].split(" ");
  const route: RouteShape = routes[id];
  const query = Object.entries(route.query ?? {});
  return html`<h3 id="${id}"><span class="method">${method}</span> <code>${path}</code></h3>
<p>${route.summary}. ${accessText[route.access]}</p>
<dl>
<dt>Operation</dt><dd><code>${id}</code></dd>
${query.length === 0 ? "" : html`<dt>Query</dt>${query.map(parameterMarkup)}`}
${route.body === undefined ? "" : html`<dt>Body</dt><dd>${schemaLink(route.body)}</dd>`}
<dt>Answer</dt><dd>${answerMarkup(route)}</dd>
</dl>
`;
}

const accessText = {
  public: "For everybody.",
  people: "",
  administrators: "For administrators.",
} as const;

function parameterMarkup([name, schema]: [string, object]): Markup {
  const { description = "", type = "", enum: values } = schema as Parameter;
  const kind = values === undefined ? type : values.join(" | ");
  return html`<dd><code>${name}</code> (${kind}) ${description}</dd>
`;
}

interface Parameter {
  readonly description?: string;
  readonly type?: string;
  readonly enum?: readonly string[];
}

function answerMarkup({ answer, status }: RouteShape): Markup {
  if (answer === undefined) return html`204, nothing`;
  if (typeof answer === "object") return html`200, <code>${answer.mediaType}</code>`;
  return html`${status ?? 200}, ${schemaLink(answer)}`;
}

function schemaLink(name: string): Markup {
  return name === "any" ? html`any JSON` : html`<a href="#${name}">${name}</a>`;
}
