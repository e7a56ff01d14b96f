/** The HTTP API in an application made with Fastify. */
import fastify from "fastify";
import { createHttpHandler, toNodeHandler } from "tandem-workflows/http";
import { authenticate, createEngine, type RunningServer } from "./approvals.ts";
import { listening } from "./listening.ts";

export async function start(port = 0): Promise<RunningServer> {
  const engine = createEngine();
  const workflows = toNodeHandler(createHttpHandler(engine, { authenticate }));
  const app = fastify();
  app.get("/", () => "The application's own page");
  await app.register(async (scope) => {
    // Bodies are left to the API, which has limits of its own.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", (_request, _payload, done) => done(null));
    scope.all("/api/*", async (request, reply) => {
      reply.hijack();
      await workflows(request.raw, reply.raw);
    });
  });
  await app.listen({ port, host: "127.0.0.1" });
  return listening(app.server, engine);
}
