/** The HTTP API: a web-standard handler over an engine. The client is `tandem-workflows/client`. */
export { type OperationId, paths } from "./paths.ts";
export type { Access, RouteShape } from "./route.ts";
export { routes } from "./routes.ts";
export { type SchemaName, type Shape, schemas } from "./schemas/index.ts";
