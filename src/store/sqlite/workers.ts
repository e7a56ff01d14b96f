import { hostname } from "node:os";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { threadId } from "node:worker_threads";
import type { Claim, KnownWorker, WorkerBeat } from "../store.ts";

/** Workers and what they own, within a transaction of the caller. */
export class WorkerStatements {
  readonly #meet: StatementSync;
  readonly #beat: StatementSync;
  readonly #all: StatementSync;
  readonly #forget: StatementSync;
  readonly #forgetAnswers: StatementSync;
  readonly #takeMessages: StatementSync;
  readonly #claim: StatementSync;
  readonly #isAt: StatementSync;
  readonly #owned: StatementSync;
  /** Those that gave a sign of life here. */
  readonly #ids = new Set<string>();

  constructor(database: DatabaseSync) {
    this.#meet = database.prepare(`
      REPLACE INTO tandem_workers (id, beat, host, process_id, thread_id) VALUES (?, ?, ?, ?, ?)
    `);
    this.#beat = database.prepare("UPDATE tandem_workers SET beat = ? WHERE id = ?");
    this.#all = database.prepare("SELECT * FROM tandem_workers");
    this.#isAt = database.prepare("SELECT 1 FROM tandem_workers WHERE id = ? AND beat = ?");
    this.#owned = database.prepare("SELECT id FROM tandem_instances WHERE owner = ?");
    this.#forget = database.prepare("DELETE FROM tandem_workers WHERE id = ?");
    this.#forgetAnswers = database.prepare("DELETE FROM tandem_answers WHERE recipient = ?");
    this.#takeMessages = database.prepare(`
      UPDATE tandem_messages SET recipient = ?
      WHERE recipient NOT IN (SELECT id FROM tandem_workers)
    `);
    // Goes from owner to owner, and not through everything that is owned.
    this.#claim = database.prepare(`
      WITH RECURSIVE owners (id) AS (
        SELECT min(owner) FROM tandem_instances WHERE owner IS NOT NULL
        UNION ALL
        SELECT (SELECT min(owner) FROM tandem_instances WHERE owner > owners.id)
        FROM owners WHERE owners.id IS NOT NULL
      ),
      orphans (number) AS (
        SELECT i.number FROM owners
        CROSS JOIN tandem_instances i ON i.owner = owners.id
        WHERE owners.id NOT IN (SELECT id FROM tandem_workers)
        LIMIT ?
      )
      UPDATE tandem_instances SET owner = ?, state_version = state_version + 1
      WHERE number IN (SELECT number FROM orphans)
      RETURNING id
    `);
  }

  beat({ id, beat }: WorkerBeat): KnownWorker[] {
    if (beat === 1) this.#meet.get(id, beat, hostname(), process.pid, threadId);
    else this.#beat.get(beat, id);
    this.#ids.add(id);
    livingWorkers().add(id);
    const rows = this.#all.all() as unknown as WorkerRow[];
    return rows.map((row) => ({ id: row.id, beat: row.beat, isGone: isGone(row) }));
  }

  claim({ workerId, gone, limit }: Claim): string[] {
    for (const { id, beat } of gone) {
      if (this.#isAt.get(id, beat) !== undefined) this.forget(id);
    }
    this.#takeMessages.get(workerId);
    return this.#claim.all(limit, workerId).map(({ id }) => id as string);
  }

  owned(workerId: string): string[] {
    return this.#owned.all(workerId).map(({ id }) => id as string);
  }

  forget(workerId: string): void {
    this.#forget.get(workerId);
    this.#forgetAnswers.get(workerId);
  }

  /** Whoever gave signs of life here gives no more. */
  close(): void {
    for (const id of this.#ids) livingWorkers().delete(id);
  }
}

interface WorkerRow {
  readonly id: string;
  readonly beat: number;
  readonly host: string;
  readonly process_id: number;
  readonly thread_id: number;
}

/**
 * Whether it is sure that a worker has ended. A process that was started again may have the number
 * of the one before, as in a container: then its workers are not known here.
 */
function isGone(worker: WorkerRow): boolean {
  if (worker.host !== hostname()) return false;
  if (worker.process_id !== process.pid) return !isAlive(worker.process_id);
  return worker.thread_id === threadId && !livingWorkers().has(worker.id);
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    // It lives, and belongs to somebody else.
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

const registryKey = Symbol.for("tandem-workflows.sqlite.livingWorkers");

/** Workers of all open stores of this thread, whichever copy of this package they are of. */
function livingWorkers(): Set<string> {
  const holder = globalThis as { [registryKey]?: Set<string> };
  holder[registryKey] ??= new Set();
  return holder[registryKey];
}
