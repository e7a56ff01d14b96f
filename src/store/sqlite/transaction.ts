import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  InvalidArgumentError,
  NoTransactionError,
  StoreUnavailableError,
  TransactionConflictError,
} from "../../errors.ts";
import type {
  Change,
  InstanceCount,
  InstanceFilter,
  MaybePromise,
  StoredInstance,
  StoreTransaction,
} from "../store.ts";
import type { ChangeWriter } from "./change-writer.ts";
import type { SqliteConnection } from "./connection.ts";
import type { InstanceReader } from "./instance-reader.ts";
import { toStoreError } from "./sqlite-error.ts";

/** So often it is looked in the very next turns of the event loop, and then after these pauses. */
const looksAtOnce = 50;
const shortestPauseMs = 1;
const longestPauseMs = 16;
/** Whoever has waited for so long is told: the application may itself wait for the store. */
const longestWaitMs = 30_000;

/**
 * Keeps what the store does by itself out of the application's transactions on the same handle: it
 * waits until they are over, in order, without holding up the process.
 */
export class TransactionGate {
  readonly #connection: SqliteConnection;
  readonly #waiting: (() => void)[] = [];
  #isLooking = false;
  #looks = 0;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  /** @throws StoreUnavailableError if the application does not end its transaction. */
  pass<Result>(work: () => Result): MaybePromise<Result> {
    if (this.#waiting.length === 0 && !this.#connection.isBusy) return work();
    return new Promise((resolve, reject) => {
      const end = setTimeout(() => {
        const place = this.#waiting.indexOf(go);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(waitedTooLong(this.#connection.name));
      }, longestWaitMs);
      end.unref();
      const go = () => {
        clearTimeout(end);
        try {
          resolve(work());
        } catch (error) {
          reject(error);
        }
      };
      this.whenFree(go);
    });
  }

  /** Calls back later, as soon as no transaction of the application is open. */
  whenFree(work: () => void): void {
    this.#waiting.push(work);
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#looks = 0;
    setImmediate(this.#look);
  }

  readonly #look = (): void => {
    // What comes here meanwhile comes after what waits.
    while (!this.#connection.isBusy) {
      const [next] = this.#waiting;
      if (next === undefined) {
        this.#isLooking = false;
        return;
      }
      next();
      this.#waiting.shift();
    }
    this.#looks++;
    if (this.#looks < looksAtOnce) {
      setImmediate(this.#look);
      return;
    }
    const pauseMs = Math.min(shortestPauseMs * (this.#looks - looksAtOnce + 1), longestPauseMs);
    // An application that leaves its transaction open and ends is not kept from ending.
    setTimeout(this.#look, pauseMs).unref();
  };
}

function waitedTooLong(name: string): StoreUnavailableError {
  return new StoreUnavailableError(
    `The application's transaction on ${name} has been open for ${longestWaitMs / 1000} seconds, ` +
      "and nothing else can happen on it: end it, and await nothing in it but what " +
      "`engine.inTransaction` gives.",
  );
}

/** Parts of the store, which begin no transactions themselves. */
interface SqliteParts {
  readonly reader: InstanceReader;
  readonly writer: ChangeWriter;
  keepSetting(key: string, value: string, replacing: string | undefined): string;
  countInstances(filter: InstanceFilter): readonly InstanceCount[];
}

/** The application's transaction on the handle that the store was made with. */
export class SqliteTransaction implements StoreTransaction {
  readonly exclusive: StoreTransaction["exclusive"];
  readonly #connection: SqliteConnection;
  readonly #gate: TransactionGate;
  readonly #reader: InstanceReader;
  readonly #writer: ChangeWriter;
  readonly #lock: StatementSync;

  constructor(connection: SqliteConnection, gate: TransactionGate, parts: SqliteParts) {
    this.#connection = connection;
    this.#gate = gate;
    this.#reader = parts.reader;
    this.#writer = parts.writer;
    this.exclusive = {
      keepSetting: (key, value, replacing) =>
        this.#run(() => parts.keepSetting(key, value, replacing)),
      countInstances: (filter) => this.#run(() => parts.countInstances(filter)),
    };
    // Changes nothing, and takes the lock of those that write.
    this.#lock = connection.database.prepare("UPDATE tandem_workers SET beat = beat WHERE false");
  }

  load(instanceId: string): StoredInstance | undefined {
    return this.#run(() => this.#reader.load([instanceId])[0]);
  }

  findByIdempotencyKey(key: string): string | undefined {
    return this.#run(() => this.#reader.findByIdempotencyKey(key));
  }

  keep(change: Change): boolean {
    return this.#run((database) => {
      database.exec("SAVEPOINT tandem");
      try {
        return this.#writer.write(change);
      } catch (error) {
        if (database.isTransaction) database.exec("ROLLBACK TO tandem");
        throw error;
      } finally {
        // What it has learnt holds only if the application commits.
        this.#writer.forget();
        if (database.isTransaction) database.exec("RELEASE tandem");
      }
    });
  }

  whenOver(listener: () => void): void {
    this.#gate.whenFree(listener);
  }

  #run<Result>(work: (database: DatabaseSync) => Result): Result {
    const { database, name, isBusy } = this.#connection;
    if (!isBusy) {
      throw new NoTransactionError(
        `No transaction is open on ${name}: run BEGIN IMMEDIATE on it first, and COMMIT only ` +
          "when the call has resolved.",
      );
    }
    try {
      this.#lock.run();
      return work(database);
    } catch (thrown) {
      const error = toStoreError(thrown, name);
      if (!(error instanceof StoreUnavailableError)) throw error;
      throw new TransactionConflictError(
        `The transaction on ${name} cannot write; roll it back, and repeat all of it. A ` +
          "transaction that begins with BEGIN IMMEDIATE meets nobody once it has begun. " +
          error.message,
        { cause: thrown },
      );
    }
  }
}

/** @throws InvalidArgumentError unless this is the handle that the store was made with. */
export function checkHandle(transaction: unknown, connection: SqliteConnection): void {
  if (transaction === connection.database && !connection.isOwn) return;
  throw new InvalidArgumentError(
    "inTransaction needs the very DatabaseSync that the store was made with, as in " +
      "`new SqliteStore(database)`: a transaction belongs to one connection" +
      `${connection.isOwn ? ", and this store has opened one of its own" : ""}.`,
  );
}
