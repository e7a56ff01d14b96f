import type { DatabaseSync, StatementSync } from "node:sqlite";
import { parseFrozen } from "../../json.ts";
import type { MissedMoments, ScheduleQuery, ScheduleRecord } from "../store.ts";
import { toJsonText } from "./columns.ts";

/** Within a transaction of the caller. */
export class ScheduleStatements {
  readonly #revision: StatementSync;
  readonly #put: StatementSync;
  readonly #byId: StatementSync;
  readonly #due: StatementSync;
  readonly #remove: StatementSync;

  constructor(database: DatabaseSync) {
    this.#revision = database.prepare("SELECT revision FROM tandem_schedules WHERE id = ?");
    this.#put = database.prepare(`
      REPLACE INTO tandem_schedules (
        id, revision, workflow, workflow_version, cron, timezone, initial_data, user_id, tenant,
        business_key, tags, missed, is_paused, created_at, next_at, last_at, last_instance_id
      ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
    `);
    const isMeant =
      "(?1 IS NULL OR id = ?1) AND (?2 IS NULL OR workflow = ?2) AND (?3 IS NULL OR tenant = ?3)";
    this.#byId = database.prepare(`
      SELECT * FROM tandem_schedules WHERE ${isMeant} AND (?4 IS NULL OR id > ?4)
      ORDER BY id LIMIT ?5
    `);
    this.#due = database.prepare(`
      SELECT * FROM tandem_schedules
      WHERE ${isMeant} AND is_paused = 0 AND next_at IS NOT NULL AND next_at < ?4
      ORDER BY next_at, id LIMIT ?5
    `);
    this.#remove = database.prepare("DELETE FROM tandem_schedules WHERE id = ?");
  }

  save(schedule: ScheduleRecord): boolean {
    const before = Number(this.#revision.get(schedule.id)?.revision ?? 0);
    if (before !== schedule.revision - 1) return false;
    this.#put.get(
      schedule.id,
      schedule.revision,
      schedule.workflow,
      schedule.version ?? null,
      schedule.cron,
      schedule.timezone,
      toJsonText(schedule.initialData),
      schedule.user ?? null,
      schedule.tenant ?? null,
      schedule.businessKey ?? null,
      schedule.tags.length === 0 ? null : toJsonText(schedule.tags),
      schedule.missed,
      schedule.isPaused ? 1 : 0,
      schedule.createdAt,
      schedule.nextAt ?? null,
      schedule.lastAt ?? null,
      schedule.lastInstanceId ?? null,
    );
    return true;
  }

  list({ id, workflow, tenant, dueBefore, limit, after }: ScheduleQuery): ScheduleRecord[] {
    const meant = [id ?? null, workflow ?? null, tenant ?? null] as const;
    const rows =
      dueBefore === undefined
        ? this.#byId.all(...meant, after ?? null, limit)
        : this.#due.all(...meant, dueBefore, limit);
    return (rows as unknown as ScheduleRow[]).map(toSchedule);
  }

  remove(id: string): boolean {
    return this.#remove.run(id).changes !== 0;
  }
}

interface ScheduleRow {
  readonly id: string;
  readonly revision: number;
  readonly workflow: string;
  readonly workflow_version: string | null;
  readonly cron: string;
  readonly timezone: string;
  readonly initial_data: string;
  readonly user_id: string | null;
  readonly tenant: string | null;
  readonly business_key: string | null;
  readonly tags: string | null;
  readonly missed: string;
  readonly is_paused: number;
  readonly created_at: number;
  readonly next_at: number | null;
  readonly last_at: number | null;
  readonly last_instance_id: string | null;
}

function toSchedule(row: ScheduleRow): ScheduleRecord {
  return {
    id: row.id,
    revision: row.revision,
    workflow: row.workflow,
    version: row.workflow_version ?? undefined,
    cron: row.cron,
    timezone: row.timezone,
    initialData: parseFrozen(row.initial_data) as ScheduleRecord["initialData"],
    user: row.user_id ?? undefined,
    tenant: row.tenant ?? undefined,
    businessKey: row.business_key ?? undefined,
    tags: row.tags === null ? [] : (parseFrozen(row.tags) as readonly string[]),
    missed: row.missed as MissedMoments,
    isPaused: row.is_paused === 1,
    createdAt: row.created_at,
    nextAt: row.next_at ?? undefined,
    lastAt: row.last_at ?? undefined,
    lastInstanceId: row.last_instance_id ?? undefined,
  };
}
