/** The HTTP API in an application made with Next.js: `app/api/[...path]/route.ts`. */
import { createHttpHandler } from "tandem-workflows/http";
import { authenticate, createEngine } from "./approvals.ts";

const workflows = createHttpHandler(createEngine(), { authenticate });

const route = (request: Request): Promise<Response> => workflows(request);

export { route as DELETE, route as GET, route as HEAD, route as POST, route as PUT };
