import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { EpochMs } from "../../machine/index.ts";
import type {
  ActQuery,
  Claim,
  Commit,
  InstanceCount,
  InstanceFilter,
  InstanceQuery,
  InstanceSummary,
  KnownWorker,
  Mail,
  MaybePromise,
  RetentionQuery,
  ScheduleQuery,
  ScheduleRecord,
  Store,
  StoredAct,
  StoredInstance,
  StoredTask,
  StoredTimer,
  StoreMeasures,
  StoreTransaction,
  TaskFilter,
  TaskQuery,
  TimerQuery,
  WorkerBeat,
} from "../store.ts";
import { ChangeWriter } from "./change-writer.ts";
import { SqliteConnection } from "./connection.ts";
import { History } from "./history.ts";
import { InstanceReader } from "./instance-reader.ts";
import { InstanceSearch } from "./instance-search.ts";
import { MailStatements } from "./mail.ts";
import { Measurement } from "./measure.ts";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations.generated.ts";
import { Retention } from "./retention.ts";
import { ScheduleStatements } from "./schedules.ts";
import { TaskSearch } from "./task-search.ts";
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
  readonly #mail: MailStatements;
  readonly #workers: WorkerStatements;
  readonly #history: History;
  readonly #schedules: ScheduleStatements;
  readonly #writer: ChangeWriter;
  readonly #reader: InstanceReader;
  readonly #taskSearch: TaskSearch;
  readonly #instanceSearch: InstanceSearch;
  readonly #measurement: Measurement;
  readonly #retention: Retention;
  readonly #replaceSetting: StatementSync;
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
      const tasks = new TaskStatements(database);
      const history = new History(database);
      const mail = new MailStatements(database);
      this.#history = history;
      this.#mail = mail;
      this.#workers = new WorkerStatements(database);
      this.#schedules = new ScheduleStatements(database);
      this.#writer = new ChangeWriter(database, { tasks, history, mail });
      this.#reader = new InstanceReader(database, tasks);
      this.#taskSearch = new TaskSearch(database);
      this.#instanceSearch = new InstanceSearch(database);
      this.#measurement = new Measurement(database);
      this.#retention = new Retention(database, tasks);
      this.#replaceSetting = database.prepare(
        "UPDATE tandem_settings SET value = ? WHERE key = ? AND value = ?",
      );
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
    return this.#read(() => this.#taskSearch.list(query));
  }

  countTasks(filter: TaskFilter, atMost: number): MaybePromise<number> {
    return this.#read(() => this.#taskSearch.count(filter, atMost));
  }

  listInstances(query: InstanceQuery): MaybePromise<readonly InstanceSummary[]> {
    return this.#read(() => this.#instanceSearch.list(query));
  }

  countInstances(filter: InstanceFilter): MaybePromise<readonly InstanceCount[]> {
    return this.#read(() => this.#instanceSearch.count(filter));
  }

  listActs(query: ActQuery): MaybePromise<readonly StoredAct[]> {
    return this.#read(() => this.#history.list(query));
  }

  measure(now: EpochMs): MaybePromise<StoreMeasures> {
    return this.#read(() => this.#measurement.measure(now));
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

  keepSetting(key: string, value: string, replacing?: string): MaybePromise<string> {
    return this.#write(() => this.#keepSetting(key, value, replacing));
  }

  #keepSetting(key: string, value: string, replacing: string | undefined): string {
    if (replacing !== undefined) this.#replaceSetting.get(value, key, replacing);
    this.#addSetting.get(key, value);
    return this.#findSetting.get(key)?.value as string;
  }

  saveSchedule(schedule: ScheduleRecord): MaybePromise<boolean> {
    return this.#write(() => this.#schedules.save(schedule));
  }

  listSchedules(query: ScheduleQuery): MaybePromise<readonly ScheduleRecord[]> {
    return this.#read(() => this.#schedules.list(query));
  }

  removeSchedule(id: string): MaybePromise<boolean> {
    return this.#write(() => this.#schedules.remove(id));
  }

  removeEnded(query: RetentionQuery): MaybePromise<readonly string[]> {
    return this.#write(() => this.#retention.remove(query));
  }

  /** @param transaction the database that the store was made with. */
  inTransaction(transaction: unknown): StoreTransaction {
    checkHandle(transaction, this.#connection);
    this.#transaction ??= new SqliteTransaction(this.#connection, this.#gate, {
      reader: this.#reader,
      writer: this.#writer,
      keepSetting: (key, value, replacing) => this.#keepSetting(key, value, replacing),
      countInstances: (filter) => this.#instanceSearch.count(filter),
    });
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
