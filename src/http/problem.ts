import { STATUS_CODES } from "node:http";
import type { FieldProblem } from "../errors.ts";
import type { Shape } from "./schemas/index.ts";

/** The status that each error code is answered with; every other code is answered with 500. */
const statuses: Readonly<Record<string, number>> = {
  INVALID_REQUEST: 400,
  INVALID_ARGUMENT: 400,
  INVALID_OPTION: 400,
  NOT_JSON: 400,
  INVALID_CRON: 400,
  INVALID_TIMEZONE: 400,
  UNAUTHENTICATED: 401,
  INVALID_SIGNATURE: 401,
  FORBIDDEN: 403,
  CROSS_SITE: 403,
  NOT_ALLOWED: 403,
  UNKNOWN_ADDRESS: 404,
  UNKNOWN_WORKFLOW: 404,
  UNKNOWN_INSTANCE: 404,
  UNKNOWN_TASK: 404,
  UNKNOWN_SCHEDULE: 404,
  INVALID_TOKEN: 404,
  METHOD_NOT_ALLOWED: 405,
  INSTANCE_EXISTS: 409,
  INSTANCE_ENDED: 409,
  INSTANCE_NOT_FAILED: 409,
  STEP_NOT_ACTIVE: 409,
  AMBIGUOUS_TASK: 409,
  TASK_GONE: 409,
  TASK_CLAIMED: 409,
  TASK_NOT_CLAIMED: 409,
  MAP_CLOSED: 409,
  DEFINITION_CHANGED: 409,
  UPGRADE_REFUSED: 409,
  TOKEN_USED: 410,
  PRECONDITION_FAILED: 412,
  BODY_TOO_LARGE: 413,
  UNSUPPORTED_MEDIA_TYPE: 415,
  UNKNOWN_STEP: 422,
  INVALID_FORM_DATA: 422,
  INVALID_INPUT: 422,
  ENGINE_CLOSED: 503,
  STORE_UNAVAILABLE: 503,
  STORE_CLOSED: 503,
  STORE_READ_ONLY: 503,
  STORE_TOO_NEW: 503,
  STORE_INVALID: 503,
};

/** Seconds after which a request that found the store away may be tried again. */
const retryAfterSeconds = 2;

/** What went wrong, as RFC 9457 has it. What is no refusal of this package tells nothing. */
export function problemOf(error: unknown): Shape<"Problem"> {
  const code: unknown = Reflect.get(Object(error), "code");
  const status = typeof code === "string" ? statuses[code] : undefined;
  if (typeof code !== "string" || status === undefined || !(error instanceof Error)) {
    return makeProblem(500, "INTERNAL", "The server failed; its log says why.");
  }
  // What a database said is the operators' concern.
  const detail = status === 503 ? "The engine cannot be reached; try again." : error.message;
  const fields: unknown = Reflect.get(error, "fields");
  const isTelling = Array.isArray(fields) && fields.length > 0;
  return makeProblem(status, code, detail, isTelling ? (fields as FieldProblem[]) : undefined);
}

function makeProblem(
  status: number,
  code: string,
  detail: string,
  fields?: readonly FieldProblem[],
): Shape<"Problem"> {
  const title = STATUS_CODES[status] ?? "Error";
  return { type: "about:blank", title, status, code, detail, ...(fields && { fields }) };
}

/** Whether an error is the server's own fault, and belongs into its log. */
export function isFault(problem: Shape<"Problem">): boolean {
  return problem.status >= 500;
}

export function problemResponse(
  problem: Shape<"Problem">,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...(problem.status === 503 && { "retry-after": String(retryAfterSeconds) }),
      ...(problem.status === 401 && { "www-authenticate": "Bearer" }),
      ...headers,
    },
  });
}
