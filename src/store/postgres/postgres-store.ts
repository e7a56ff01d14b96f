import { randomUUID } from "node:crypto";
import { type ClientConfig, Pool } from "pg";
import { InvalidOptionError } from "../../errors.ts";
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
  News,
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
import { CommitStatements, inTurns } from "./commit-statement.ts";
import { Database } from "./database.ts";
import * as instances from "./instance-queries.ts";
import { KnownExecutions } from "./known-executions.ts";
import { migrate } from "./migrate.ts";
import { migrations } from "./migrations.generated.ts";
import { NewsService } from "./news.ts";
import * as queries from "./queries.ts";
import * as schedules from "./schedule-queries.ts";
import * as tasks from "./task-queries.ts";

/** How to reach the database. */
export type PostgresStoreOptions =
  | {
      /** As `postgres://user:password@host:5432/database`. */
      readonly connectionString: string;
      /** The schema of the tables, made if it does not exist; the connection's own unless told. */
      readonly schema?: string;
    }
  | {
      /** The application's own pool, which is not ended with the store. */
      readonly pool: Pool;
    };

const none: readonly never[] = [];

/**
 * Keeps instances in a PostgreSQL database, which any number of processes may use at the same time.
 * Tables begin with `tandem_`; they are made before the first call is served.
 */
export class PostgresStore implements Store {
  readonly isShared: boolean = true;
  readonly #database: Database;
  readonly #schema: string | undefined;
  readonly #news: NewsService;
  readonly #known = new KnownExecutions();
  readonly #statements = new CommitStatements(this.#known);
  #isReady = false;
  #preparing: Promise<void> | undefined;

  constructor(options: PostgresStoreOptions) {
    if ("pool" in options) {
      this.#database = new Database(options.pool, false);
      this.#news = new NewsService(this.#database, options.pool.options, randomUUID());
      return;
    }
    const { connectionString, schema } = options;
    if (schema !== undefined) checkSchema(schema);
    const config: ClientConfig = {
      connectionString,
      ...{ connectionTimeoutMillis: 10_000, keepAlive: true },
      ...(schema === undefined ? {} : { options: `-c search_path=${schema}` }),
    };
    this.#schema = schema;
    // A connection that has seen the statements answers faster than a new one.
    const pool = new Pool({ ...config, idleTimeoutMillis: 60_000 });
    this.#database = new Database(pool, true);
    this.#news = new NewsService(this.#database, config, randomUUID());
  }

  /**
   * Makes or changes the tables as this version needs them. Every other call does it first if it
   * was not done.
   *
   * @throws StoreTooNewError if a newer version of this package has changed the tables.
   */
  async migrate(): Promise<void> {
    this.#preparing ??= migrate(this.#database, migrations, this.#schema);
    try {
      await this.#preparing;
      this.#isReady = true;
    } catch (error) {
      this.#preparing = undefined;
      throw error;
    }
  }

  async commit(commit: Commit): Promise<readonly string[]> {
    if (!this.#isReady) await this.migrate();
    let refused: readonly string[] = none;
    for (const turn of inTurns(commit)) {
      const more = await this.#keep(turn);
      if (more.length > 0) refused = [...refused, ...more];
    }
    this.#news.announce(commit, refused);
    return refused;
  }

  async #keep(commit: Commit): Promise<readonly string[]> {
    const { changes } = commit;
    const statement = this.#statements.write(commit);
    if (statement === undefined) return none;
    const { name, text, values, instanceIds } = statement;
    try {
      const [row] = await this.#database.query(text, values, name);
      const refused = queries.refusedOf(row?.[0], instanceIds);
      for (const change of changes) {
        if (refused.includes(change.instanceId)) this.#known.forget(change);
        else this.#known.kept(change);
      }
      return refused;
    } catch (error) {
      for (const change of changes) this.#known.forget(change);
      throw error;
    }
  }

  async load(instanceIds: readonly string[]): Promise<readonly StoredInstance[]> {
    if (!this.#isReady) await this.migrate();
    return instanceIds.length === 0 ? [] : queries.load(this.#database, instanceIds);
  }

  async versions(instanceIds: readonly string[]): Promise<readonly number[]> {
    if (!this.#isReady) await this.migrate();
    return instanceIds.length === 0 ? [] : queries.versions(this.#database, instanceIds);
  }

  async findByIdempotencyKey(key: string): Promise<string | undefined> {
    if (!this.#isReady) await this.migrate();
    return queries.findByIdempotencyKey(this.#database, key);
  }

  // ------------------------------------------------------------------------------------- searching

  async listTasks(query: TaskQuery): Promise<readonly StoredTask[]> {
    if (!this.#isReady) await this.migrate();
    return tasks.listTasks(this.#database, query);
  }

  async countTasks(filter: TaskFilter, atMost: number): Promise<number> {
    if (!this.#isReady) await this.migrate();
    return tasks.countTasks(this.#database, filter, atMost);
  }

  async listInstances(query: InstanceQuery): Promise<readonly InstanceSummary[]> {
    if (!this.#isReady) await this.migrate();
    return instances.listInstances(this.#database, query);
  }

  async countInstances(filter: InstanceFilter): Promise<readonly InstanceCount[]> {
    if (!this.#isReady) await this.migrate();
    return instances.countInstances(this.#database, filter);
  }

  async listActs(query: ActQuery): Promise<readonly StoredAct[]> {
    if (!this.#isReady) await this.migrate();
    return queries.listActs(this.#database, query);
  }

  async measure(now: EpochMs): Promise<StoreMeasures> {
    if (!this.#isReady) await this.migrate();
    return queries.measure(this.#database, now);
  }

  async listTimers(query: TimerQuery): Promise<readonly StoredTimer[]> {
    if (!this.#isReady) await this.migrate();
    return queries.listTimers(this.#database, query);
  }

  // --------------------------------------------------------------------------------------- workers

  async beat({ id, beat }: WorkerBeat): Promise<readonly KnownWorker[]> {
    if (!this.#isReady) await this.migrate();
    const text = "SELECT id, beat FROM tandem_beat($1, $2)";
    const rows = await this.#database.query(text, [id, beat], "tandem_beat");
    return rows.map(([known, count]) => ({
      id: known ?? "",
      beat: Number(count),
      isGone: false,
    }));
  }

  async claim({ workerId, gone, limit }: Claim): Promise<readonly string[]> {
    if (!this.#isReady) await this.migrate();
    const text = "SELECT id FROM tandem_claim($1, $2, $3, $4) AS id";
    const ids = gone.map(({ id }) => id);
    const beats = gone.map(({ beat }) => beat);
    const rows = await this.#database.query(text, [workerId, ids, beats, limit], "tandem_claim");
    return rows.map(([id]) => id ?? "");
  }

  async owned(workerId: string): Promise<readonly string[]> {
    if (!this.#isReady) await this.migrate();
    return queries.owned(this.#database, workerId);
  }

  async retire(workerId: string): Promise<void> {
    if (!this.#isReady) await this.migrate();
    const text = "SELECT tandem_forget_workers($1, '{}')";
    await this.#database.query(text, [[workerId]], "tandem_forget_workers");
    this.#news.retired(workerId);
  }

  async receive(workerId: string): Promise<Mail> {
    if (!this.#isReady) await this.migrate();
    return queries.receive(this.#database, workerId);
  }

  async listen(workerId: string, listener: (news: News) => void): Promise<() => void> {
    if (!this.#isReady) await this.migrate();
    return this.#news.listen(workerId, listener);
  }

  // ------------------------------------------------------------------------------------ operations

  async keepSetting(key: string, value: string, replacing?: string): Promise<string> {
    if (!this.#isReady) await this.migrate();
    const text = "SELECT tandem_keep_setting($1, $2, $3)";
    const values = [key, value, replacing];
    const [row] = await this.#database.query(text, values, "tandem_keep_setting");
    return row?.[0] ?? "";
  }

  async saveSchedule(schedule: ScheduleRecord): Promise<boolean> {
    if (!this.#isReady) await this.migrate();
    return schedules.saveSchedule(this.#database, schedule);
  }

  async listSchedules(query: ScheduleQuery): Promise<readonly ScheduleRecord[]> {
    if (!this.#isReady) await this.migrate();
    return schedules.listSchedules(this.#database, query);
  }

  async removeSchedule(id: string): Promise<boolean> {
    if (!this.#isReady) await this.migrate();
    return schedules.removeSchedule(this.#database, id);
  }

  async removeEnded(query: RetentionQuery): Promise<readonly string[]> {
    if (!this.#isReady) await this.migrate();
    return instances.removeEnded(this.#database, query);
  }

  async close(): Promise<void> {
    await this.#news.close();
    await this.#database.close();
  }
}

/** The name is set as it is when a connection is made, where nothing can be quoted. */
function checkSchema(schema: string): void {
  if (/^[a-z_][a-z0-9_]{0,62}$/.test(schema)) return;
  throw new InvalidOptionError(
    `The schema ${JSON.stringify(schema)} must begin with a letter, and have only small letters, ` +
      "digits and underscores, 63 at most.",
  );
}
