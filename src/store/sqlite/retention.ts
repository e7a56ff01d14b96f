import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { RetentionQuery } from "../store.ts";
import { executionsPerInstance } from "./columns.ts";
import { Conditions, hasEnded, PreparedQueries } from "./conditions.ts";
import type { TaskStatements } from "./tasks.ts";

/** Removes instances that have ended, within a transaction of the caller. */
export class Retention {
  readonly #tasks: TaskStatements;
  readonly #queries: PreparedQueries;
  readonly #removals: readonly StatementSync[];
  readonly #removeExecutions: StatementSync;
  readonly #removeInstance: StatementSync;

  constructor(database: DatabaseSync, tasks: TaskStatements) {
    this.#tasks = tasks;
    this.#queries = new PreparedQueries(database);
    this.#removals = [
      "DELETE FROM tandem_timers WHERE instance_id = ?",
      "DELETE FROM tandem_signals WHERE instance_id = ?",
      "DELETE FROM tandem_acts WHERE instance_id = ?",
      `DELETE FROM tandem_instance_tags WHERE (tag, started_at, instance_id) IN (
        SELECT t.value, i.started_at, i.id
        FROM tandem_instances i CROSS JOIN json_each(i.tags) t WHERE i.id = ?
      )`,
    ].map((sql) => database.prepare(sql));
    this.#removeExecutions = database.prepare(
      "DELETE FROM tandem_executions WHERE id BETWEEN ? AND ?",
    );
    this.#removeInstance = database.prepare("DELETE FROM tandem_instances WHERE number = ?");
  }

  remove(query: RetentionQuery): string[] {
    if (query.statuses?.length === 0) return [];
    const found = this.#find(query);
    for (const [number, id] of found) {
      this.#tasks.removeAll(id);
      for (const statement of this.#removals) statement.get(id);
      const first = number * executionsPerInstance;
      this.#removeExecutions.get(first, first + executionsPerInstance - 1);
      this.#removeInstance.get(number);
    }
    return found.map(([, id]) => id);
  }

  #find({ endedBefore, workflow, statuses, tenant, limit }: RetentionQuery) {
    const conditions = new Conditions();
    conditions.add(hasEnded);
    conditions.add("i.ended_at < ?", endedBefore);
    conditions.equal("i.workflow", workflow);
    conditions.equal("i.tenant", tenant);
    if (statuses !== undefined) {
      conditions.add(`i.status IN (${statuses.map(() => "?").join(", ")})`, ...statuses);
    }
    return this.#queries.rows(
      `SELECT i.number, i.id FROM tandem_instances i INDEXED BY tandem_instances_ended
       WHERE ${conditions} AND NOT EXISTS (
         SELECT 1 FROM tandem_instances p
         WHERE p.id = i.parent_instance_id AND p.ended_at IS NULL
       )
       ORDER BY i.ended_at LIMIT ?`,
      [...conditions.values, limit],
    ) as unknown as readonly (readonly [number: number, id: string])[];
  }
}
