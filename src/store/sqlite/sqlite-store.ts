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
  RetentionQuery,
  ScheduleQuery,
  ScheduleRecord,
  Store,
  StoredAct,
  StoredInstance,
  StoredTask,
  StoredTimer,
  StoreMeasures,
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
import { WorkerStatements } from "./workers.ts";

/**
 * Keeps instances in an SQLite database: a file, which several processes may open at the same time,
 * or `":memory:"`. Every commit is on the disk before it returns. Tables begin with `tandem_`; they
 * are made when the store is opened.
 */
export class SqliteStore implements Store {
  readonly isShared: boolean;
  readonly #connection: SqliteConnection;
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

  commit({ changes, sent, answers, handedOn, dismissed }: Commit): readonly string[] {
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

  load(instanceIds: readonly string[]): readonly StoredInstance[] {
    return this.#connection.read(() => this.#reader.load(instanceIds));
  }

  versions(instanceIds: readonly string[]): readonly number[] {
    return this.#connection.read(() => this.#reader.versions(instanceIds));
  }

  findByIdempotencyKey(key: string): string | undefined {
    return this.#connection.read(() => this.#reader.findByIdempotencyKey(key));
  }

  listTasks(query: TaskQuery): readonly StoredTask[] {
    return this.#connection.read(() => this.#taskSearch.list(query));
  }

  countTasks(filter: TaskFilter, atMost: number): number {
    return this.#connection.read(() => this.#taskSearch.count(filter, atMost));
  }

  listInstances(query: InstanceQuery): readonly InstanceSummary[] {
    return this.#connection.read(() => this.#instanceSearch.list(query));
  }

  countInstances(filter: InstanceFilter): readonly InstanceCount[] {
    return this.#connection.read(() => this.#instanceSearch.count(filter));
  }

  listActs(query: ActQuery): readonly StoredAct[] {
    return this.#connection.read(() => this.#history.list(query));
  }

  measure(now: EpochMs): StoreMeasures {
    return this.#connection.read(() => this.#measurement.measure(now));
  }

  listTimers(query: TimerQuery): readonly StoredTimer[] {
    return this.#connection.read(() => this.#reader.listTimers(query));
  }

  beat(worker: WorkerBeat): readonly KnownWorker[] {
    return this.#connection.write(() => this.#workers.beat(worker));
  }

  claim(claim: Claim): readonly string[] {
    return this.#connection.write(() => this.#workers.claim(claim));
  }

  owned(workerId: string): readonly string[] {
    return this.#connection.read(() => this.#workers.owned(workerId));
  }

  retire(workerId: string): void {
    this.#connection.write(() => this.#workers.forget(workerId));
  }

  receive(workerId: string): Mail {
    return this.#connection.read(() => this.#mail.receive(workerId));
  }

  /** SQLite tells nobody what another process has written. */
  listen(): undefined {
    return undefined;
  }

  keepSetting(key: string, value: string, replacing?: string): string {
    return this.#connection.write(() => {
      if (replacing !== undefined) this.#replaceSetting.get(value, key, replacing);
      this.#addSetting.get(key, value);
      return this.#findSetting.get(key)?.value as string;
    });
  }

  saveSchedule(schedule: ScheduleRecord): boolean {
    return this.#connection.write(() => this.#schedules.save(schedule));
  }

  listSchedules(query: ScheduleQuery): readonly ScheduleRecord[] {
    return this.#connection.read(() => this.#schedules.list(query));
  }

  removeSchedule(id: string): boolean {
    return this.#connection.write(() => this.#schedules.remove(id));
  }

  removeEnded(query: RetentionQuery): readonly string[] {
    return this.#connection.write(() => this.#retention.remove(query));
  }

  close(): void {
    this.#workers.close();
    this.#connection.close();
  }
}
