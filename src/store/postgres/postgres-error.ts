import {
  InternalError,
  StoreClosedError,
  StoreInvalidError,
  StoreUnavailableError,
  WorkflowsError,
} from "../../errors.ts";

/** Codes of errors after which the same statement may succeed: two transactions met. */
const retried: ReadonlySet<string> = new Set(["40001", "40P01"]);

/**
 * Codes, and classes of codes (https://www.postgresql.org/docs/current/errcodes-appendix.html), of
 * a server that does not do what it is asked as things stand: no connection, no right, no
 * resources, cut off by an operator or a time limit, going down, starting up, or a stand-by.
 */
const unavailable: ReadonlySet<string> = new Set([
  ...["08", "28", "3D", "53", "57", "58"],
  ...["25006", "25P03", "25P04", "42501", "55P03"],
]);

/** Codes of what is not there, or is not what the store has made. */
const changed: ReadonlySet<string> = new Set(["3F000", "42703", "42883", "42P01"]);

/** Whether the server gave up a transaction because of another one; nothing of it was kept. */
export function isConflict(error: unknown): boolean {
  const code = sqlStateOf(error);
  return code !== undefined && retried.has(code);
}

/** The five characters with which the server classifies an error; undefined if it said nothing. */
function sqlStateOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("severity" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}

/** What went wrong, as an error of this package; what is no error of a database stays as it is. */
export function toStoreError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  if (error instanceof TypeError || error instanceof WorkflowsError) return error;
  const code = sqlStateOf(error);
  const options = { cause: error };
  const said = `PostgreSQL said (${code}): ${error.message}.`;
  if (code === undefined || isFatal(error)) return describeLoss(error);
  if (unavailable.has(code) || unavailable.has(code.slice(0, 2))) {
    return new StoreUnavailableError(
      "The database cannot be used at the moment; nothing was kept. Look after the server, and " +
        `try again. ${said}`,
      options,
    );
  }
  if (changed.has(code)) {
    return new StoreInvalidError(
      `The store's tables are not there, or were changed: restore a backup. ${said}`,
      options,
    );
  }
  return new InternalError(`The database refused a statement of the store. ${said}`, options);
}

/** Whether the server has ended the connection with it, maybe after it had kept what it got. */
function isFatal(error: Error): boolean {
  return "severity" in error && (error.severity === "FATAL" || error.severity === "PANIC");
}

/** Errors of the connection itself, or of the pool of connections. */
function describeLoss(error: Error): Error {
  const options = { cause: error };
  if (/after calling end/.test(error.message)) {
    return new StoreClosedError("The pool of connections was closed.", options);
  }
  // Some errors of Node have no message but those of each address that was tried.
  const code = "code" in error ? ` ${error.code}` : "";
  return new StoreUnavailableError(
    "The connection to the database failed, or was lost; what was being written may have been " +
      `kept or not. Look after the server, and try again. It was said:${code} ${error.message}.`,
    options,
  );
}
