import { RequestFailedError } from "../errors.ts";
import type { ClientOptions, HeadersGiven, Problem } from "./client-types.ts";
import { type OperationId, paths } from "./paths.ts";

/** What goes into a request besides its method and path. */
export interface RequestParts {
  readonly params?: Readonly<Record<string, string>>;
  readonly query?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly headers?: HeadersGiven;
  readonly signal?: AbortSignal | undefined;
}

const etags = new WeakMap<object, string>();

/** The ETag with which a client received this object, for `ifMatch`. */
export function etagOf(received: object): string | undefined {
  return etags.get(received);
}

/** Sends requests and understands their answers. */
export class RequestSender {
  readonly #options: ClientOptions;
  readonly #base: string;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#base = options.baseUrl.replace(/\/+$/, "");
  }

  /** @throws RequestFailedError with the code and the status of what the server refused. */
  async send(operation: OperationId, parts: RequestParts = {}): Promise<Response> {
    const [method = "GET", path = ""] = paths[operation].split(" ");
    const { body, query, params = {}, signal } = parts;
    const given = this.#options.headers;
    const headers: Record<string, string> = {
      ...(body !== undefined && { "content-type": "application/json" }),
      ...(typeof given === "function" ? await given() : given),
      ...parts.headers,
    };
    const send = this.#options.fetch ?? globalThis.fetch;
    const url = `${this.#base}${fill(path, params)}${queryText(query)}`;
    const init: RequestInit = {
      method,
      headers,
      credentials: this.#options.credentials ?? "same-origin",
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    };
    const response = await send(url, init);
    if (response.ok) return response;
    throw await failureOf(response);
  }

  async json<Answer>(operation: OperationId, parts?: RequestParts): Promise<Answer> {
    const response = await this.send(operation, parts);
    const value: unknown = await response.json();
    const etag = response.headers.get("etag");
    if (etag !== null && typeof value === "object" && value !== null) etags.set(value, etag);
    return value as Answer;
  }

  async text(operation: OperationId, parts?: RequestParts): Promise<string> {
    return (await this.send(operation, parts)).text();
  }

  async nothing(operation: OperationId, parts?: RequestParts): Promise<void> {
    await (await this.send(operation, parts)).body?.cancel();
  }
}

function fill(path: string, params: Readonly<Record<string, string>>): string {
  return path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(params[name] ?? ""));
}

/** Lists stand as repeated parameters. */
function queryText(query: Readonly<Record<string, unknown>> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const each of Array.isArray(value) ? value : [value]) {
      if (each !== undefined) search.append(name, String(each));
    }
  }
  const text = search.toString();
  return text === "" ? "" : `?${text}`;
}

async function failureOf(response: Response): Promise<RequestFailedError> {
  const { status } = response;
  const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json");
  if (isProblem !== true) {
    await response.body?.cancel();
    return new RequestFailedError(`The server answered with status ${status}.`, { status });
  }
  const problem = (await response.json()) as Problem;
  const { code, detail, fields } = problem;
  return new RequestFailedError(detail, { status, code, fields });
}
