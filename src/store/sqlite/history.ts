import type { DatabaseSync, StatementSync } from "node:sqlite";
import { parseFrozen } from "../../json.ts";
import type { ActRecord } from "../../machine/index.ts";
import type { ActQuery, StoredAct } from "../store.ts";
import { toJsonText } from "./columns.ts";

/** Who did what, within a transaction of the caller. */
export class History {
  readonly #add: StatementSync;
  readonly #list: StatementSync;

  constructor(database: DatabaseSync) {
    this.#add = database.prepare(`
      INSERT INTO tandem_acts (
        instance_id, type, at, user_id, on_behalf_of, through, path, task_id, details
      ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
    `);
    this.#list = database.prepare(`
      SELECT * FROM tandem_acts
      WHERE instance_id = ?1 AND number > ?2 AND (?3 IS NULL OR task_id = ?3)
      ORDER BY number LIMIT ?4
    `);
  }

  add(instanceId: string, act: ActRecord): void {
    this.#add.get(
      instanceId,
      act.type,
      act.at,
      act.user ?? null,
      act.onBehalfOf ?? null,
      act.through ?? null,
      act.path ?? null,
      act.taskId ?? null,
      toJsonText(act.details),
    );
  }

  list({ instanceId, taskId, limit, after = 0 }: ActQuery): StoredAct[] {
    const rows = this.#list.all(instanceId, after, taskId ?? null, limit);
    return (rows as unknown as ActRow[]).map((row) => ({ number: row.number, act: toAct(row) }));
  }
}

interface ActRow {
  readonly number: number;
  readonly type: string;
  readonly at: number;
  readonly user_id: string | null;
  readonly on_behalf_of: string | null;
  readonly through: string | null;
  readonly path: string | null;
  readonly task_id: string | null;
  readonly details: string | null;
}

function toAct(row: ActRow): ActRecord {
  return {
    type: row.type as ActRecord["type"],
    at: row.at,
    user: row.user_id ?? undefined,
    onBehalfOf: row.on_behalf_of ?? undefined,
    through: row.through ?? undefined,
    path: row.path ?? undefined,
    taskId: row.task_id ?? undefined,
    details: row.details === null ? undefined : (parseFrozen(row.details) as ActRecord["details"]),
  };
}
