import type { DatabaseSync, StatementSync } from "node:sqlite";
import type {
  Claim,
  Commit,
  KnownWorker,
  Mail,
  MaybePromise,
  Store,
  StoredInstance,
  StoredTask,
  StoredTimer,
  StoreTransaction,
  TaskQuery,
  TimerQuery,
  WorkerBeat,
} from "../store.ts";
import { ChangeWriter } from "./change-writer.ts";
import { SqliteConnection } from "./connection.ts";
import { InstanceReader } from "./instance-reader.ts";
import { MailStatements } from "./mail.ts";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations.generated.ts";
import { TaskStatements } from "./tasks.ts";
import { checkHandle, SqliteTransaction, TransactionGate } from "./transaction.ts";
import { WorkerStatements } from "./workers.ts";

/**
 * Keeps instances in an SQLite database: a file, which several processes may open at the same time,
 * or `":memory:"`. Every commit is on the disk before it returns. Tables begin with `tandem_`; they
 * are made when the store is opened.
 */
export class SqliteStore implements Store {
  readonly isShared: boolean;
  readonly #connection: SqliteConnection;
  readonly #gate: TransactionGate;
  #transaction: SqliteTransaction | undefined;
  readonly #tasks: TaskStatements;
  readonly #mail: MailStatements;
  readonly #workers: WorkerStatements;
  readonly #writer: ChangeWriter;
  readonly #reader: InstanceReader;
  readonly #addSetting: StatementSync;
  readonly #findSetting: StatementSync;

  /**
   * @param target the path of a file, which is made if it does not exist; `":memory:"`; or an open
   * database of the application, which keeps its own settings and is not closed with the store.
   * @throws StoreTooNewError if a newer version of this package has changed its tables.
   */
  constructor(target: string | DatabaseSync) {
    this.#connection = new SqliteConnection(target);
    this.#gate = new TransactionGate(this.#connection);
    try {
      migrate(this.#connection, migrations);
      const { database } = this.#connection;
      this.isShared = this.#connection.isShared;
      this.#tasks = new TaskStatements(database);
      this.#mail = new MailStatements(database);
      this.#workers = new WorkerStatements(database);
      this.#writer = new ChangeWriter(database, this.#tasks, this.#mail);
      this.#reader = new InstanceReader(database, this.#tasks);
      this.#addSetting = database.prepare(
        "INSERT INTO tandem_settings (key, value) VALUES (?, ?) ON CONFLICT DO NOTHING",
      );
      this.#findSetting = database.prepare("SELECT value FROM tandem_settings WHERE key = ?");
    } catch (error) {
      this.#connection.close();
      throw error;
    }
  }

  commit(commit: Commit): MaybePromise<readonly string[]> {
    return this.#gate.pass(() => this.#commit(commit));
  }

  #commit({ changes, sent, answers, handedOn, dismissed }: Commit): readonly string[] {
    try {
      return this.#connection.write(() => {
        const refused: string[] = [];
        for (const change of changes) {
          if (!this.#writer.write(change)) refused.push(change.instanceId);
        }
        for (const message of sent) this.#mail.send(message);
        for (const answer of answers) if (this.#mail.isFor(answer)) this.#mail.answer(answer);
        for (const handover of handedOn) this.#mail.handOn(handover);
        for (const id of dismissed) this.#mail.dismiss(id);
        return refused;
      });
    } catch (error) {
      this.#writer.forget();
      throw error;
    }
  }

  load(instanceIds: readonly string[]): MaybePromise<readonly StoredInstance[]> {
    return this.#read(() => this.#reader.load(instanceIds));
  }

  versions(instanceIds: readonly string[]): MaybePromise<readonly number[]> {
    return this.#read(() => this.#reader.versions(instanceIds));
  }

  findByIdempotencyKey(key: string): MaybePromise<string | undefined> {
    return this.#read(() => this.#reader.findByIdempotencyKey(key));
  }

  listTasks(query: TaskQuery): MaybePromise<readonly StoredTask[]> {
    return this.#read(() => this.#tasks.list(query));
  }

  listTimers(query: TimerQuery): MaybePromise<readonly StoredTimer[]> {
    return this.#read(() => this.#reader.listTimers(query));
  }

  beat(worker: WorkerBeat): MaybePromise<readonly KnownWorker[]> {
    return this.#write(() => this.#workers.beat(worker));
  }

  claim(claim: Claim): MaybePromise<readonly string[]> {
    return this.#write(() => this.#workers.claim(claim));
  }

  owned(workerId: string): MaybePromise<readonly string[]> {
    return this.#read(() => this.#workers.owned(workerId));
  }

  retire(workerId: string): MaybePromise<void> {
    return this.#write(() => this.#workers.forget(workerId));
  }

  receive(workerId: string): MaybePromise<Mail> {
    return this.#read(() => this.#mail.receive(workerId));
  }

  /** SQLite tells nobody what another process has written. */
  listen(): undefined {
    return undefined;
  }

  keepSetting(key: string, value: string): MaybePromise<string> {
    return this.#write(() => {
      this.#addSetting.get(key, value);
      return this.#findSetting.get(key)?.value as string;
    });
  }

  /** @param transaction the database that the store was made with. */
  inTransaction(transaction: unknown): StoreTransaction {
    checkHandle(transaction, this.#connection);
    this.#transaction ??= new SqliteTransaction(
      this.#connection,
      this.#gate,
      this.#reader,
      this.#writer,
    );
    return this.#transaction;
  }

  #read<Result>(work: () => Result): MaybePromise<Result> {
    return this.#gate.pass(() => this.#connection.read(work));
  }

  #write<Result>(work: () => Result): MaybePromise<Result> {
    return this.#gate.pass(() => this.#connection.write(work));
  }

  close(): void {
    this.#workers.close();
    this.#connection.close();
  }
}
