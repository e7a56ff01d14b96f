import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { EpochMs } from "../../machine/index.ts";
import type { StoreMeasures } from "../store.ts";

/** How much waits, within a transaction of the caller. */
export class Measurement {
  readonly #tasks: StatementSync;
  readonly #overdueTasks: StatementSync;
  readonly #timers: StatementSync;
  readonly #messages: StatementSync;
  readonly #workers: StatementSync;

  constructor(database: DatabaseSync) {
    this.#tasks = database.prepare(
      "SELECT count(*) AS n, min(created_at) AS at FROM tandem_tasks WHERE status = 'open'",
    );
    this.#overdueTasks = database.prepare(`
      SELECT count(*) AS n FROM tandem_tasks
      WHERE status = 'open' AND due_at IS NOT NULL AND due_at < ?
    `);
    this.#timers = database.prepare(`
      SELECT count(*) AS n, min(t.fire_at) AS at FROM tandem_timers t
      CROSS JOIN tandem_instances i ON i.id = t.instance_id
      WHERE t.fire_at <= ? AND i.status <> 'paused'
    `);
    this.#messages = database.prepare(
      "SELECT count(*) AS n, min(sent_at) AS at FROM tandem_messages",
    );
    this.#workers = database.prepare("SELECT count(*) AS n FROM tandem_workers");
  }

  measure(now: EpochMs): StoreMeasures {
    const tasks = this.#tasks.get() as unknown as Waiting;
    const timers = this.#timers.get(now) as unknown as Waiting;
    const messages = this.#messages.get() as unknown as Waiting;
    return {
      openTasks: tasks.n,
      oldestTaskAt: tasks.at ?? undefined,
      overdueTasks: Number(this.#overdueTasks.get(now)?.n),
      dueTimers: timers.n,
      oldestDueTimerAt: timers.at ?? undefined,
      messages: messages.n,
      oldestMessageAt: messages.at ?? undefined,
      workers: Number(this.#workers.get()?.n),
    };
  }
}

interface Waiting {
  readonly n: number;
  /** NULL if nothing waits. */
  readonly at: EpochMs | null;
}
