/** What a refusal means to the person who reads it. Errors are recognised by code and status. */

interface Failure {
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly message: string;
  readonly fields: readonly { readonly field: string; readonly message: string }[];
}

export function failureOf(error: unknown): Failure {
  const read = (name: string): unknown => Reflect.get(Object(error), name);
  const status = read("status");
  const code = read("code");
  const message = read("message");
  const fields = read("fields");
  return {
    status: typeof status === "number" ? status : undefined,
    code: typeof code === "string" ? code : undefined,
    message: typeof message === "string" ? message : String(error),
    fields: Array.isArray(fields) ? fields : [],
  };
}

/** Whether no answer came at all. */
const isUnreachable = (error: unknown): boolean =>
  error instanceof TypeError && failureOf(error).status === undefined;

export function messageOf(error: unknown): string {
  if (isUnreachable(error)) {
    return "The server cannot be reached. Nothing was changed; try again in a moment.";
  }
  const { status, message } = failureOf(error);
  if (status === 401) return "You are signed out. Sign in again and repeat it.";
  if (status === 503 || status === 502 || status === 504) {
    return "The server is not ready at the moment. Try again in a moment.";
  }
  return message;
}
