import {
  InternalError,
  StoreClosedError,
  StoreInvalidError,
  StoreReadOnlyError,
  StoreUnavailableError,
} from "../../errors.ts";

/** Result codes of SQLite (https://www.sqlite.org/rescode.html), without their extensions. */
const codes = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  ioError: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  notADatabase: 26,
} as const;

/** What SQLite said, as an error of this package; errors from elsewhere stay as they are. */
export function toStoreError(error: unknown, name: string): unknown {
  if (!(error instanceof Error) || !("code" in error)) return error;
  if (error.code === "ERR_INVALID_STATE") {
    return new StoreClosedError(`The store on ${name} was closed.`, { cause: error });
  }
  if (error.code !== "ERR_SQLITE_ERROR") return error;
  const code = "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : 0;
  return describe(code, error, name);
}

function describe(code: number, cause: Error, name: string): Error {
  const store = `The store on ${name}`;
  const said = `SQLite said: ${cause.message}.`;
  switch (code) {
    case codes.busy:
    case codes.locked:
      return new StoreUnavailableError(
        `${store} is locked by another process or connection that has been writing for long; ` +
          `nothing was kept. End what holds the lock, and try again. ${said}`,
        { cause },
      );
    case codes.full:
      return new StoreUnavailableError(
        `${store} has no room: the disk is full, or the database may grow no further; nothing ` +
          `was kept. Make room, and try again. ${said}`,
        { cause },
      );
    case codes.cannotOpen:
      return new StoreUnavailableError(
        `${store} cannot be opened: its folder must exist, and this process must be allowed to ` +
          `write the file and its folder. ${said}`,
        { cause },
      );
    case codes.noMemory:
    case codes.ioError:
    case codes.protocol:
      return new StoreUnavailableError(
        `${store} could not read or write; nothing was kept. ${said}`,
        { cause },
      );
    case codes.readOnly:
      return new StoreReadOnlyError(
        `${store} may read and not write: give this process the right to write the file and its ` +
          `folder. ${said}`,
        { cause },
      );
    case codes.notADatabase:
      return new StoreInvalidError(
        `${store} cannot be opened: this is no SQLite database. Name another file, or one that ` +
          `does not exist. ${said}`,
        { cause },
      );
    case codes.corrupt:
      return new StoreInvalidError(`${store} is damaged: restore a backup. ${said}`, { cause });
    default:
      return new InternalError(`${store} failed. ${said}`, { cause });
  }
}
