import type { RouteShape } from "./route.ts";
import type { routes } from "./routes.ts";
import type { Shape } from "./schemas/index.ts";
import type { FromSchema } from "./schemas/shape.ts";

export type Me = Shape<"Me">;
export type DefinitionSummary = Shape<"DefinitionSummary">;
export type Definition = Shape<"Definition">;
export type Graph = Shape<"Graph">;
export type GraphNode = Shape<"GraphNode">;
export type GraphEdge = Shape<"GraphEdge">;
export type InstanceSummary = Shape<"InstanceSummary">;
export type Instance = Shape<"Instance">;
export type InstanceAction = Shape<"InstanceAction">;
export type InstanceCount = Shape<"InstanceCount">;
export type StepExecution = Shape<"StepExecution">;
export type HistoryEntry = Shape<"HistoryEntry">;
export type RecordedError = Shape<"RecordedError">;
export type UpgradePlan = Shape<"UpgradePlan">;
export type BulkRequest = Shape<"BulkRequest">;
export type BulkResult = Shape<"BulkResult">;
export type StartRequest = Shape<"StartRequest">;
export type TaskSummary = Shape<"TaskSummary">;
export type Task = Shape<"Task">;
export type TaskAction = Shape<"TaskAction">;
export type TaskCounts = Shape<"TaskCounts">;
export type Schedule = Shape<"Schedule">;
export type ScheduleRequest = Shape<"ScheduleRequest">;
export type Statistics = Shape<"Statistics">;
export type Problem = Shape<"Problem">;
export type StreamEvent = Shape<"StreamEvent">;

/** A page of a list. `next` is given back as `cursor`, and is missing on the last page. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next?: string | undefined;
}

type Routes = typeof routes;

/** The query parameters of a route. */
type QueryOf<Id extends keyof Routes> = Routes[Id] extends RouteShape & { query: infer Query }
  ? { readonly [Name in keyof Query]?: FromSchema<Query[Name], object> | undefined }
  : never;

export type InstanceQuery = QueryOf<"listInstances">;
export type InstanceFilter = QueryOf<"countInstances">;
export type TaskQuery = QueryOf<"listTasks">;
export type TaskFilter = QueryOf<"countTasks">;
export type EventsQuery = QueryOf<"streamEvents">;
export type ScheduleQuery = QueryOf<"listSchedules">;
export type PagingQuery = QueryOf<"listSteps">;

/** Options of every call. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** Options of a call that changes what has an ETag. */
export interface ChangeOptions extends CallOptions {
  /** The ETag of what was seen (`etagOf`): refused with `PRECONDITION_FAILED` if it has changed. */
  readonly ifMatch?: string | undefined;
  /** For how many seconds to wait, at most, for what the change sets going to end or to wait. */
  readonly waitSeconds?: number | undefined;
}

export interface StartOptions extends CallOptions {
  /** Starting again with the same key gives the existing instance. */
  readonly idempotencyKey?: string | undefined;
  readonly waitSeconds?: number | undefined;
}

export interface ClientOptions {
  /** Where the API is, with its base path: `https://example.org/api`, or `/api` in a page. */
  readonly baseUrl: string;
  /** The platform's own unless told. */
  readonly fetch?: typeof fetch;
  /** Sent with every request, such as `authorization`; a function is called for each. */
  readonly headers?: HeadersGiven | (() => HeadersGiven | Promise<HeadersGiven>);
  /** Whether cookies are sent; `"same-origin"` unless told. */
  readonly credentials?: "include" | "omit" | "same-origin";
}

export type HeadersGiven = Readonly<Record<string, string>>;

/** What a stream calls back. */
export interface StreamListener {
  readonly onEvent: (event: StreamEvent) => void;
  /** The stream is open, for the first time or again. */
  readonly onOpen?: () => void;
  /** The stream broke off; it is opened again after a while unless the error is final. */
  readonly onError?: (error: unknown) => void;
}
