/** The HTTP API in an application made with Express, below a path of its own. */
import express from "express";
import { createHttpHandler, toNodeHandler } from "tandem-workflows/http";
import { authenticate, createEngine, type RunningServer } from "./approvals.ts";
import { listening } from "./listening.ts";

export function start(port = 0): Promise<RunningServer> {
  const engine = createEngine();
  // The whole path, as a browser sees it.
  const basePath = "/workflows/api";
  const workflows = createHttpHandler(engine, { authenticate, basePath });
  const app = express();
  app.use(express.json());
  app.get("/", (_request, response) => void response.send("The application's own page"));
  app.use(basePath, toNodeHandler(workflows));
  return listening(app.listen(port, "127.0.0.1"), engine);
}
