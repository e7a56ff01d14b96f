import { DatabaseSync, type StatementSync } from "node:sqlite";
import { StoreClosedError, StoreUnavailableError } from "../../errors.ts";
import { toStoreError } from "./sqlite-error.ts";

/** How long a process waits for another one that writes. */
const busyTimeoutMs = 5_000;

/** A database file, or an open database of the application, and its transactions. */
export class SqliteConnection {
  readonly database: DatabaseSync;
  /** What messages call it. */
  readonly name: string;
  /** Whether the store has opened it, and closes it. */
  readonly isOwn: boolean;
  #isClosed = false;
  readonly #beginRead: StatementSync;
  readonly #beginWrite: StatementSync;
  readonly #commit: StatementSync;

  constructor(target: string | DatabaseSync) {
    this.isOwn = typeof target === "string";
    this.name = typeof target === "string" ? `"${target}"` : "the application's database";
    let opened: DatabaseSync | undefined;
    try {
      opened = typeof target === "string" ? new DatabaseSync(target) : target;
      if (this.isOwn) prepareFile(opened);
      this.#beginRead = opened.prepare("BEGIN");
      this.#beginWrite = opened.prepare("BEGIN IMMEDIATE");
      this.#commit = opened.prepare("COMMIT");
      this.database = opened;
    } catch (error) {
      if (this.isOwn) opened?.close();
      throw toStoreError(error, this.name);
    }
  }

  /** Whether other processes can open it too: it is a file. */
  get isShared(): boolean {
    return this.database.location() !== null;
  }

  /** Whether a transaction of the application is open: the store's own begin and end at once. */
  get isBusy(): boolean {
    return !this.isOwn && this.database.isOpen && this.database.isTransaction;
  }

  /** All of the work or none of it, while nobody else writes. */
  write<Result>(work: () => Result): Result {
    if (this.#isInTransaction()) {
      throw new StoreUnavailableError(
        `The application has a transaction open on ${this.name}, which the store uses too: end ` +
          "it before anything else happens, or give the store the path of the file instead.",
      );
    }
    return this.#run(this.#beginWrite, work);
  }

  /** What the work reads is of one moment. */
  read<Result>(work: () => Result): Result {
    return this.#isInTransaction() ? work() : this.#run(this.#beginRead, work);
  }

  #isInTransaction(): boolean {
    if (this.#isClosed || !this.database.isOpen) {
      throw new StoreClosedError(`The store on ${this.name} was closed.`);
    }
    return this.database.isTransaction;
  }

  #run<Result>(begin: StatementSync, work: () => Result): Result {
    try {
      begin.get();
      const result = work();
      this.#commit.get();
      return result;
    } catch (error) {
      // Some errors have ended the transaction already.
      if (this.database.isTransaction) this.database.exec("ROLLBACK");
      throw toStoreError(error, this.name);
    }
  }

  close(): void {
    if (this.isOwn && this.database.isOpen) this.database.close();
    this.#isClosed = true;
  }
}

/**
 * Every commit is on the disk before it returns, and readers do not wait for writers. Fewer and
 * longer checkpoints than by default: each waits for the disk two or three times. What is counted
 * by groups is sorted in memory, and not in a file.
 */
function prepareFile(database: DatabaseSync): void {
  database.exec(`
    PRAGMA busy_timeout = ${busyTimeoutMs};
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    PRAGMA wal_autocheckpoint = 4000;
    PRAGMA temp_store = MEMORY;
  `);
}
