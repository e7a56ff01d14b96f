import type { DatabaseSync, StatementSync } from "node:sqlite";
import type {
  Claim,
  Commit,
  KnownWorker,
  Mail,
  Store,
  StoredInstance,
  StoredTask,
  StoredTimer,
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
import { WorkerStatements } from "./workers.ts";

/**
 * Keeps instances in an SQLite database: a file, which several processes may open at the same time,
 * or `":memory:"`. Every commit is on the disk before it returns. Tables begin with `tandem_`; they
 * are made when the store is opened.
 */
export class SqliteStore implements Store {
  readonly isShared: boolean;
  readonly #connection: SqliteConnection;
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
    return this.#connection.read(() => this.#tasks.list(query));
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

  keepSetting(key: string, value: string): string {
    return this.#connection.write(() => {
      this.#addSetting.get(key, value);
      return this.#findSetting.get(key)?.value as string;
    });
  }

  close(): void {
    this.#workers.close();
    this.#connection.close();
  }
}
