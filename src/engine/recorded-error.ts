import { NotJsonError, type RecordedError, WorkflowsError } from "../errors.ts";

/** A failure in the form in which it is recorded, whatever was thrown. */
export function recordError(thrown: unknown, path: string): RecordedError {
  if (thrown instanceof StepFailedError) return thrown.recorded;
  if (!(thrown instanceof Error)) {
    return { code: "STEP_FAILED", message: String(thrown), path };
  }
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "STEP_FAILED";
  const named = thrown.name === "Error" ? {} : { name: thrown.name };
  const cause = thrown.cause instanceof Error ? { cause: recordError(thrown.cause, path) } : {};
  return { code, message: thrown.message, path, ...named, ...cause };
}

/** Whether another attempt could end differently. */
export function isWorthRetrying(
  thrown: unknown,
  retryOn: ((error: unknown) => boolean) | undefined,
): boolean {
  if (thrown instanceof NotJsonError) return false;
  return retryOn === undefined || retryOn(thrown);
}

/** What `executeStep` throws when the step failed for good; `recorded` has the failure. */
export class StepFailedError extends WorkflowsError {
  readonly code: string;
  readonly recorded: RecordedError;

  constructor(recorded: RecordedError) {
    super(recorded.message);
    this.code = recorded.code;
    this.recorded = recorded;
  }
}
