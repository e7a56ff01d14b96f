/** The HTTP API: a web-standard handler over an engine. The client is `tandem-workflows/client`. */
export type { DashboardOptions } from "./dashboard-files.ts";
export { createHttpHandler, type HttpHandler } from "./http-handler.ts";
export type { HttpOptions } from "./http-options.ts";
export { toNodeHandler } from "./node-handler.ts";
export { type OperationId, paths } from "./paths.ts";
export type { Action, Authorize, InstanceFacts, Resource, TaskFacts } from "./permission.ts";
export type { Authenticate, Connection, Principal } from "./principal.ts";
export type { Access, RouteShape } from "./route.ts";
export { routes } from "./routes.ts";
export { type SchemaName, type Shape, schemas } from "./schemas/index.ts";
export type { WebhookSignatureOptions } from "./webhook-signature.ts";
