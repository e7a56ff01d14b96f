import type { OperationId } from "./paths.ts";
import type { SchemaName } from "./schemas/index.ts";

/** Who may call a route, before anything is known of what it is about. */
export type Access =
  /** Everybody, without being known: what is given (a token) is the permission. */
  | "public"
  /** Everybody whom the application knows; what is shown and done depends on who asks. */
  | "people"
  /** Administrators, unless `authorize` says otherwise. */
  | "administrators";

/** What a route is: enough to check a request, to document it and to call it. */
export interface RouteShape {
  readonly summary: string;
  readonly tag: "people" | "definitions" | "instances" | "tasks" | "operations";
  readonly access: Access;
  /** Query parameters, as the properties of a JSON Schema. */
  readonly query?: Readonly<Record<string, object>>;
  readonly requiredQuery?: readonly string[];
  /** The JSON body; `"any"` is any JSON value. */
  readonly body?: SchemaName | "any";
  /** Whether the body may be missing, and is `{}` then. */
  readonly isBodyOptional?: true;
  readonly takesIdempotencyKey?: true;
  /** Whether the answer has an ETag. */
  readonly hasETag?: true;
  /** Whether `If-Match` is looked at. */
  readonly takesIfMatch?: true;
  /** Whether `Prefer: wait` is looked at, and 202 may be the answer. */
  readonly takesTime?: true;
  /** What a success is answered with: a schema, a media type, or nothing. */
  readonly answer: SchemaName | { readonly mediaType: string } | undefined;
  readonly status?: 201;
}

export type RouteShapes = Readonly<Record<OperationId, RouteShape>>;
