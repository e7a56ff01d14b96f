import type { ScheduleQuery, ScheduleRecord } from "../store.ts";
import { compareTexts } from "./instance-search.ts";

export class Schedules {
  readonly #all = new Map<string, ScheduleRecord>();

  save(schedule: ScheduleRecord): boolean {
    const before = this.#all.get(schedule.id)?.revision ?? 0;
    if (before !== schedule.revision - 1) return false;
    this.#all.set(schedule.id, schedule);
    return true;
  }

  list({ id, workflow, tenant, dueBefore, limit, after }: ScheduleQuery): ScheduleRecord[] {
    const isMeant = (schedule: ScheduleRecord) =>
      (id ?? schedule.id) === schedule.id &&
      (workflow ?? schedule.workflow) === schedule.workflow &&
      (tenant ?? schedule.tenant) === schedule.tenant &&
      (dueBefore === undefined || isDue(schedule, dueBefore)) &&
      (after === undefined || schedule.id > after);
    const byId = (a: ScheduleRecord, b: ScheduleRecord) => compareTexts(a.id, b.id);
    const byMoment = (a: ScheduleRecord, b: ScheduleRecord) =>
      (a.nextAt ?? 0) - (b.nextAt ?? 0) || byId(a, b);
    return [...this.#all.values()]
      .filter(isMeant)
      .sort(dueBefore === undefined ? byId : byMoment)
      .slice(0, limit);
  }

  remove(id: string): boolean {
    return this.#all.delete(id);
  }
}

function isDue({ isPaused, nextAt }: ScheduleRecord, before: number): boolean {
  return !isPaused && nextAt !== undefined && nextAt < before;
}
