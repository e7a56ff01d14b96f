import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { LocalExecutionEngine, type StartOptions, type Store } from "tandem-workflows";
import {
  createHttpHandler,
  type DashboardOptions,
  type Principal,
  toNodeHandler,
} from "tandem-workflows/http";
import { newRegistry } from "./workflows.ts";

/** Who there is; each is known by a cookie or a token with their name. */
const people: Readonly<Record<string, Principal>> = {
  ada: { user: "ada", groups: ["legal", "finance"], roles: ["admin"] },
  bob: { user: "bob", groups: ["legal"] },
  cy: { user: "cy", groups: ["legal", "finance"] },
  dan: { user: "dan", groups: [] },
};

export interface ServerOptions {
  readonly basePath?: string;
  readonly dashboard?: DashboardOptions;
  readonly store?: Store;
  /** A path that a proxy in front takes away before it passes a request on. */
  readonly proxyPath?: string;
}

/** A real engine and the real handler, on loopback. */
export class DashboardServer {
  readonly engine: LocalExecutionEngine;
  readonly #server: Server;
  readonly #path: string;

  private constructor(engine: LocalExecutionEngine, server: Server, path: string) {
    this.engine = engine;
    this.#server = server;
    this.#path = path;
  }

  static async start(options: ServerOptions = {}): Promise<DashboardServer> {
    const { basePath = "/api", dashboard = {}, store, proxyPath = "" } = options;
    const engine = new LocalExecutionEngine(newRegistry(), store === undefined ? {} : { store });
    const handler = createHttpHandler(engine, { authenticate, basePath, dashboard });
    const listener = toNodeHandler(handler);
    const server = createServer((incoming, outgoing) => {
      const { url = "" } = incoming;
      if (proxyPath !== "" && !url.startsWith(`${proxyPath}/`)) {
        outgoing.writeHead(404).end();
        return;
      }
      incoming.url = url.slice(proxyPath.length);
      void listener(incoming, outgoing);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new DashboardServer(engine, server, `${proxyPath}${basePath}/dashboard/`);
  }

  get origin(): string {
    return `http://localhost:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The address of a page: `url("/inbox")`. */
  url(page = ""): string {
    return `${this.origin}${this.#path}${page === "" ? "" : `#${page}`}`;
  }

  async start(workflow: string, options: StartOptions = {}): Promise<string> {
    return (await this.engine.startWorkflow(workflow, options)).id;
  }

  /** The id of an instance's open task. */
  async taskId(instanceId: string, stepName: string): Promise<string> {
    const { tasks } = await this.engine.getInstance(instanceId);
    const task = tasks.find(({ path }) => path === stepName);
    if (task === undefined) throw new TypeError(`${stepName} has no open task`);
    return task.id;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.engine.close();
  }
}

function authenticate(request: Request): Principal | undefined {
  const cookie = /(?:^|;\s*)user=(\w+)/.exec(request.headers.get("cookie") ?? "")?.[1];
  const token = /^Bearer token-of-(\w+)$/.exec(request.headers.get("authorization") ?? "")?.[1];
  return people[cookie ?? token ?? ""];
}
