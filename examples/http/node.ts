/** The HTTP API in a bare Node server. */
import { createServer } from "node:http";
import { createHttpHandler, toNodeHandler } from "tandem-workflows/http";
import { authenticate, createEngine, type RunningServer } from "./approvals.ts";
import { listening } from "./listening.ts";

export function start(port = 0): Promise<RunningServer> {
  const engine = createEngine();
  const workflows = toNodeHandler(createHttpHandler(engine, { authenticate }));
  const server = createServer((request, response) => {
    if (request.url?.startsWith("/api/") === true) void workflows(request, response);
    else response.writeHead(404).end();
  });
  return listening(server.listen(port, "127.0.0.1"), engine);
}
