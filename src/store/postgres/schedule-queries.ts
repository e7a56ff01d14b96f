import type { ScheduleQuery, ScheduleRecord } from "../store.ts";
import type { Database } from "./database.ts";
import { allOf, isText, isWithin } from "./query-text.ts";
import { scheduleColumns, scheduleValues, toSchedule } from "./rows.ts";

const columns = scheduleColumns.split(", ");
const values = columns.map((_, index) => `$${index + 1}`).join(", ");

/** Whether it was kept. Two that save the same revision wait for each other: one keeps it. */
export async function saveSchedule(database: Database, schedule: ScheduleRecord): Promise<boolean> {
  const [text, name] =
    schedule.revision === 1
      ? [
          `INSERT INTO tandem_schedules (${scheduleColumns}) VALUES (${values})
          ON CONFLICT (id) DO NOTHING RETURNING id`,
          "tandem_add_schedule",
        ]
      : [
          `UPDATE tandem_schedules SET (${scheduleColumns}) = ROW (${values})
          WHERE id = $1 AND revision = $2 - 1 RETURNING id`,
          "tandem_replace_schedule",
        ];
  const rows = await database.query(text, scheduleValues(schedule), name);
  return rows.length > 0;
}

export async function listSchedules(
  database: Database,
  { id, workflow, tenant, dueBefore, limit, after }: ScheduleQuery,
): Promise<readonly ScheduleRecord[]> {
  const isDue =
    dueBefore === undefined
      ? []
      : ["next_at IS NOT NULL", "NOT is_paused", ...isWithin("next_at", undefined, dueBefore)];
  const conditions = [
    ...isText("id", id),
    ...isText("workflow", workflow),
    ...isText("tenant", tenant),
    ...isDue,
    ...isText("id", after).map((condition) => condition.replace(" = ", " > ")),
  ];
  const [rows = []] = await database.read(
    `SELECT ${scheduleColumns} FROM tandem_schedules WHERE ${allOf(conditions)}
    ORDER BY ${dueBefore === undefined ? "id" : "next_at, id"} LIMIT ${Number(limit)}`,
  );
  return rows.map(toSchedule);
}

export async function removeSchedule(database: Database, id: string): Promise<boolean> {
  const text = "DELETE FROM tandem_schedules WHERE id = $1 RETURNING id";
  const rows = await database.query(text, [id], "tandem_remove_schedule");
  return rows.length > 0;
}
