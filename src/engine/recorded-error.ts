import { NotJsonError, type RecordedError, WorkflowsError } from "../errors.ts";

/** Causes of causes are recorded to this depth; an error may even be its own cause. */
const deepestCause = 5;

/** A failure in the form in which it is recorded, whatever was thrown. Never throws itself. */
export function recordError(thrown: unknown, path: string, depth = 0): RecordedError {
  try {
    return describe(thrown, path, depth);
  } catch {
    return { code: "STEP_FAILED", message: "What was thrown cannot be described.", path };
  }
}

function describe(thrown: unknown, path: string, depth: number): RecordedError {
  if (thrown instanceof StepFailedError) return thrown.recorded;
  if (!(thrown instanceof Error)) return { code: "STEP_FAILED", message: String(thrown), path };
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "STEP_FAILED";
  const message = String(thrown.message);
  const named = thrown.name === "Error" ? {} : { name: String(thrown.name) };
  const hasCause = thrown.cause instanceof Error && depth < deepestCause;
  const cause = hasCause ? { cause: recordError(thrown.cause, path, depth + 1) } : {};
  return { code, message, path, ...named, ...cause };
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
  /** The code of the failure. */
  readonly code: string;
  readonly recorded: RecordedError;

  constructor(recorded: RecordedError) {
    super(recorded.message);
    this.code = recorded.code;
    this.recorded = recorded;
  }
}
