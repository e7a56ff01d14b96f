/** The HTTP API in an application made with Hono. */
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { Hono } from "hono";
import { createHttpHandler } from "tandem-workflows/http";
import { authenticate, createEngine, type RunningServer } from "./approvals.ts";
import { listening } from "./listening.ts";

export function start(port = 0): Promise<RunningServer> {
  const engine = createEngine();
  const workflows = createHttpHandler(engine, { authenticate });
  const app = new Hono();
  app.get("/", (context) => context.text("The application's own page"));
  app.all("/api/*", (context) => workflows(context.req.raw));
  const server = createServer(getRequestListener(app.fetch));
  return listening(server.listen(port, "127.0.0.1"), engine);
}
