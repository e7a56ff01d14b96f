import { TrieRouter } from "hono/router/trie-router";
import { systemClock } from "../engine/clock.ts";
import type { LocalExecutionEngine } from "../engine/local-execution-engine.ts";
import {
  InvalidRequestError,
  MethodNotAllowedError,
  UnauthenticatedError,
  UnknownAddressError,
} from "../errors.ts";
import { apiPage } from "./api-page.ts";
import type { Call, Handler, Handlers, Surroundings } from "./call.ts";
import { refuseCrossSite } from "./cross-site.ts";
import { DashboardFiles } from "./dashboard-files.ts";
import { DecisionPage } from "./decision-page.ts";
import { etagOfText, listsTag, refuseUnlessMatching } from "./etag.ts";
import { EventHub } from "./event-hub.ts";
import { definitionHandlers } from "./handlers/definitions.ts";
import { streamEventsWith } from "./handlers/events.ts";
import { instanceChangeHandlers } from "./handlers/instance-changes.ts";
import { instanceHandlers } from "./handlers/instances.ts";
import { operationsHandlers } from "./handlers/operations.ts";
import { publicHandlers } from "./handlers/public.ts";
import { taskHandlers } from "./handlers/tasks.ts";
import { checkHttpOptions, type HttpOptions } from "./http-options.ts";
import { openApiDocument } from "./openapi.ts";
import { packageVersion } from "./package-version.ts";
import { type OperationId, paths } from "./paths.ts";
import { Permission } from "./permission.ts";
import {
  type Connection,
  checkPrincipal,
  developer,
  type Principal,
  refuseUnlessLocal,
} from "./principal.ts";
import { isFault, problemOf, problemResponse } from "./problem.ts";
import { parseJson, readJson, readText } from "./request-body.ts";
import { RequestChecks } from "./request-checks.ts";
import type { RouteShape } from "./route.ts";
import { routes } from "./routes.ts";
import { WebhookSignatures } from "./webhook-signature.ts";

/** Answers a request. What is known of its connection counts in development only. */
export type HttpHandler = (request: Request, connection?: Connection) => Promise<Response>;

/**
 * The HTTP API of an engine, as a function from a web-standard request to a response.
 *
 * @throws InvalidOptionError
 */
export function createHttpHandler(
  engine: LocalExecutionEngine,
  options: HttpOptions = {},
): HttpHandler {
  checkHttpOptions(options);
  const server = new HttpServer(engine, options);
  return (request, connection = {}) => server.answer(request, connection);
}

/** A page besides the operations: it is read, not called. */
type Page = (request: Request, url: URL, params: Params) => Promise<Response>;

type Params = Readonly<Record<string, string>>;

/** An operation with what carries it out. */
interface Operation {
  readonly id: OperationId;
  readonly route: RouteShape;
  readonly handler: Handler<OperationId>;
}

const mostBodyBytes = 1024 * 1024;

const methods = ["GET", "POST", "PUT", "DELETE"] as const;

class HttpServer {
  readonly #options: HttpOptions;
  readonly #surroundings: Surroundings;
  readonly #checks = new RequestChecks();
  readonly #router = new TrieRouter<Operation | Page>();
  readonly #handlers: Handlers;
  readonly #allowedOrigins: ReadonlySet<string>;
  readonly #signatures: WebhookSignatures | undefined;
  #turn: Promise<void> | undefined;
  readonly #dashboard: DashboardFiles | undefined;

  constructor(engine: LocalExecutionEngine, options: HttpOptions) {
    const { clock = systemClock, logger = console, basePath = "/api", webhookSignature } = options;
    this.#options = options;
    const { through = "http" } = options;
    this.#surroundings = { engine, clock, logger, basePath, through };
    this.#allowedOrigins = new Set(options.allowedOrigins);
    const { dashboard = false } = options;
    this.#dashboard =
      dashboard === false
        ? undefined
        : new DashboardFiles(basePath, dashboard === true ? {} : dashboard);
    this.#signatures = webhookSignature && new WebhookSignatures(webhookSignature);
    this.#handlers = {
      ...definitionHandlers,
      ...instanceHandlers,
      ...instanceChangeHandlers,
      ...taskHandlers,
      ...operationsHandlers,
      ...publicHandlers,
      streamEvents: streamEventsWith(new EventHub(engine, clock)),
    };
    for (const id of Object.keys(paths) as OperationId[]) this.#add(id);
    this.#addPages();
    this.#warn();
  }

  async answer(request: Request, connection: Connection): Promise<Response> {
    try {
      const response = await this.#respond(request, connection);
      return request.method === "HEAD" ? new Response(null, response) : response;
    } catch (error) {
      const problem = problemOf(error);
      if (isFault(problem)) {
        const { pathname } = new URL(request.url);
        this.#surroundings.logger.error(`${request.method} ${pathname} failed`, { error });
      }
      const allowed: unknown = Reflect.get(Object(error), "allowed");
      return problemResponse(problem, Array.isArray(allowed) ? { allow: allowed.join(", ") } : {});
    }
  }

  async #respond(request: Request, connection: Connection): Promise<Response> {
    const url = new URL(request.url);
    if (this.#options.authenticate === undefined) this.#refuseStrangers(request, url, connection);
    const page = await this.#dashboard?.answer(request, url);
    if (page !== undefined) return page;
    const { target, params } = this.#find(request, url);
    if (typeof target === "function") return target(request, url, params);
    const { id, route, handler } = target;
    const permission = await this.#permissionFor(route, request, url);
    const query = this.#checks.readQuery(route, url.searchParams);
    const body = await this.#readBody(id, route, request);
    const call = { ...this.#surroundings, request, url, params, query, body, permission };
    const ifMatch = request.headers.get("if-match");
    if (route.takesIfMatch === true && ifMatch !== null) await this.#compare(id, call, ifMatch);
    if (request.method !== "GET" && request.method !== "HEAD") await this.#gather();
    const reply = await handler(call as Call);
    return respondWith(route, request, reply);
  }

  // ------------------------------------------------------------------------------- finding

  #add(id: OperationId): void {
    const [method = "", path = ""] = paths[id].split(" ");
    const { basePath } = this.#surroundings;
    // The table of handlers has for each operation one of its own type.
    const handler = this.#handlers[id] as unknown as Handler<OperationId>;
    const pattern = basePath + path.replace(/\{(\w+)\}/g, ":$1");
    this.#router.add(method, pattern, { id, route: routes[id], handler });
  }

  #addPages(): void {
    const { basePath } = this.#surroundings;
    const { authorize, maxBodyBytes = mostBodyBytes } = this.#options;
    const allowedOrigins = this.#allowedOrigins;
    const decisions = new DecisionPage({
      ...this.#surroundings,
      ...{ authorize, allowedOrigins, maxBodyBytes },
    });
    const add = (method: string, path: string, page: Page) =>
      this.#router.add(method, basePath + path, page);
    add("GET", "/openapi.json", async () => {
      return Response.json(openApiDocument(packageVersion(), basePath || "/"));
    });
    add("GET", "/docs", () => apiPage(packageVersion(), basePath));
    add("GET", "/decisions/:token", (_request, _url, { token = "" }) => decisions.show(token));
    add("POST", "/decisions/:token", (request, url, { token = "" }) =>
      decisions.decide(request, url, token),
    );
  }

  #find(request: Request, url: URL) {
    const method = request.method === "HEAD" ? "GET" : request.method;
    const { pathname } = url;
    const [found] = this.#router.match(method, pathname)[0];
    if (found !== undefined) {
      const [target, params] = found;
      return { target, params: decodeAll(params as Params, pathname) };
    }
    const allowed = methods.filter((each) => this.#router.match(each, pathname)[0].length > 0);
    if (allowed.length === 0) throw unknownAddress(pathname);
    throw new MethodNotAllowedError(
      `${pathname} does not know ${request.method}; it knows ${allowed.join(", ")}.`,
      allowed,
    );
  }

  // ---------------------------------------------------------------------------- who asks

  #warn(): void {
    const { authenticate, development = false } = this.#options;
    if (authenticate !== undefined) return;
    const { logger, basePath } = this.#surroundings;
    logger.warn(
      development
        ? `DEVELOPMENT: whoever reaches ${basePath} from this machine is an administrator. ` +
            "Give `authenticate` before anybody else can reach it."
        : `Every request to ${basePath} is refused: give \`authenticate\`, or ` +
            "`development: true`.",
    );
  }

  #refuseStrangers(request: Request, url: URL, connection: Connection): void {
    if (this.#options.development === true) return refuseUnlessLocal(request, url, connection);
    throw new UnauthenticatedError(
      "Nothing says who asks: this server was set up without `authenticate`.",
    );
  }

  async #permissionFor(route: RouteShape, request: Request, url: URL): Promise<Permission> {
    if (route.access === "public") return new Permission({}, () => false);
    refuseCrossSite(request, url, this.#allowedOrigins);
    return new Permission(await this.#principalOf(request), this.#options.authorize);
  }

  async #principalOf(request: Request): Promise<Principal> {
    const { authenticate } = this.#options;
    if (authenticate === undefined) return developer;
    const principal = await authenticate(request);
    if (principal === undefined || principal === null) {
      throw new UnauthenticatedError("Sign in first: nothing in the request says who asks.");
    }
    return checkPrincipal(principal);
  }

  // ----------------------------------------------------------------------- what is asked

  async #readBody(id: OperationId, route: RouteShape, request: Request): Promise<unknown> {
    if (route.body === undefined) return undefined;
    const { maxBodyBytes = mostBodyBytes, maxJsonDepth = 64 } = this.#options;
    if (id === "completeWebhook" && this.#signatures !== undefined) {
      const text = (await readText(request, maxBodyBytes)) ?? "";
      this.#signatures.check(request.headers, text, this.#surroundings.clock.now());
      return text.trim() === "" ? undefined : parseJson(text, maxJsonDepth);
    }
    const body = await readJson(request, { maxBodyBytes, maxJsonDepth });
    if (route.body === "any") return body;
    if (body === undefined && route.isBodyOptional !== true) {
      throw new InvalidRequestError("The body is missing; send JSON.", []);
    }
    this.#checks.checkBody(route.body, body ?? {});
    return body ?? {};
  }

  /**
   * The end of this turn of the event loop, the same for all requests that were read in it: their
   * changes then come to the engine together, and are one commit and not one each.
   */
  #gather(): Promise<void> {
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined;
        resolve();
      });
    });
    return this.#turn;
  }

  /** @throws PreconditionFailedError, and what reading it throws. */
  async #compare(id: OperationId, call: object, ifMatch: string): Promise<void> {
    const reading = routes[id].tag === "tasks" ? "getTask" : "getInstance";
    const { json } = await this.#handlers[reading](call as never);
    refuseUnlessMatching(ifMatch, etagOfText(JSON.stringify(json)));
  }
}

function decodeAll(params: Params, pathname: string): Params {
  try {
    return Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)]),
    );
  } catch {
    throw unknownAddress(pathname);
  }
}

function unknownAddress(pathname: string): UnknownAddressError {
  return new UnknownAddressError(`There is nothing at ${pathname}; /openapi.json says what is.`);
}

/** What replies of all operations have in common. */
interface AnyReply {
  readonly json?: unknown;
  readonly text?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

function respondWith(route: RouteShape, request: Request, reply: AnyReply | Response): Response {
  if (reply instanceof Response) return reply;
  const { json, text: plain, status: own } = reply;
  const hasBody = json !== undefined || plain !== undefined;
  const text = plain ?? JSON.stringify(json);
  const status = own ?? route.status ?? (hasBody ? 200 : 204);
  const headers: Record<string, string> = {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    ...reply.headers,
  };
  if (!hasBody) return new Response(null, { status, headers });
  const { answer } = route;
  headers["content-type"] =
    typeof answer === "object" ? `${answer.mediaType}; charset=utf-8` : "application/json";
  if (route.hasETag === true || answer === "Task") {
    const etag = etagOfText(text);
    headers.etag = etag;
    // Kept by the reader alone, and asked for again each time.
    headers["cache-control"] = "private, no-cache";
    const known = request.headers.get("if-none-match");
    const isReading = request.method === "GET" || request.method === "HEAD";
    if (isReading && known !== null && listsTag(known, etag)) {
      return new Response(null, { status: 304, headers });
    }
  }
  return new Response(text, { status, headers });
}
