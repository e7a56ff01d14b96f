import type { Logger } from "../definition/context.ts";
import type { Clock } from "../engine/clock.ts";
import type { LocalExecutionEngine } from "../engine/local-execution-engine.ts";
import type { OperationId } from "./paths.ts";
import type { Permission } from "./permission.ts";
import type { routes } from "./routes.ts";
import type { SchemaName, Shape } from "./schemas/index.ts";
import type { FromSchema } from "./schemas/shape.ts";

/** What a handler has besides the request. */
export interface Surroundings {
  readonly engine: LocalExecutionEngine;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The path below which everything stands, without a slash at its end. */
  readonly basePath: string;
  /** By which way requests come in, for the history. */
  readonly through: string;
}

type Routes = typeof routes;

type QueryOf<Id extends OperationId> = Routes[Id] extends { query: infer Query }
  ? { readonly [Name in keyof Query]?: FromSchema<Query[Name], object> | undefined }
  : Readonly<Record<never, never>>;

type BodyOf<Id extends OperationId> = Routes[Id] extends { body: infer Body }
  ? Body extends SchemaName
    ? Shape<Body>
    : unknown
  : undefined;

/** A request that was read, checked, and came from somebody who is known. */
export interface Call<Id extends OperationId = OperationId> extends Surroundings {
  readonly request: Request;
  readonly url: URL;
  readonly params: Readonly<Record<string, string>>;
  readonly query: QueryOf<Id>;
  readonly body: BodyOf<Id>;
  readonly permission: Permission;
}

/** What is answered; `status` is the route's own unless told. */
export type Reply<Id extends OperationId> = Routes[Id] extends { answer: infer Answer }
  ? Answer extends SchemaName
    ? { readonly json: Shape<Answer> } & ReplyHead
    : Answer extends undefined
      ? ReplyHead
      : { readonly text: string } | Response
  : never;

interface ReplyHead {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export type Handler<Id extends OperationId> = (call: Call<Id>) => Promise<Reply<Id>>;

export type Handlers<Ids extends OperationId = OperationId> = {
  readonly [Id in Ids]: Handler<Id>;
};
