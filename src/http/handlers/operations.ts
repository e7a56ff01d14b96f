import type { Statistics } from "../../engine/statistics.ts";
import { ForbiddenError, UnknownScheduleError } from "../../errors.ts";
import type { ScheduleRecord } from "../../store/store.ts";
import type { Call, Handlers } from "../call.ts";
import type { Action } from "../permission.ts";
import type { Shape } from "../schemas/index.ts";
import { showMoment } from "../show.ts";
import { paged } from "./instances.ts";

export const operationsHandlers: Handlers<
  | "getMe"
  | "listSchedules"
  | "getSchedule"
  | "saveSchedule"
  | "removeSchedule"
  | "pauseSchedule"
  | "resumeSchedule"
  | "getStatistics"
> = {
  async getMe({ permission }) {
    const { user, groups = [], tenant, roles = [] } = permission.principal;
    return { json: { user, groups, tenant, roles, isAdmin: permission.isAdmin } };
  },

  async listSchedules({ engine, permission, query }) {
    await permission.require("schedule.read", { type: "all" });
    const { workflow, limit, cursor } = query;
    const tenant = permission.tenantFor(undefined);
    const page = await engine.schedules.list({
      ...(workflow !== undefined && { workflow }),
      ...(tenant !== undefined && { tenant }),
      ...paged({ limit, cursor }),
    });
    const visible = page.items.filter((schedule) => permission.sees(schedule.tenant));
    return { json: { items: visible.map(showSchedule), next: page.next } };
  },

  async getSchedule(call) {
    return { json: showSchedule(await scheduleFor(call, "schedule.read")) };
  },

  async saveSchedule({ engine, permission, params, body }) {
    const { scheduleId: id = "" } = params;
    const resource = { type: "schedule", id, workflow: body.workflow } as const;
    await permission.require("schedule.change", resource);
    const existing = await findSchedule(engine, id);
    if (existing !== undefined && !permission.sees(existing.tenant)) throw unknown(id);
    const { tenant } = permission.principal;
    const { workflow, cron, ...optional } = body;
    const given = Object.entries(optional).filter(([, value]) => value !== undefined);
    const saved = await engine.schedules.save({
      id,
      workflow,
      cron,
      ...Object.fromEntries(given),
      ...(tenant !== undefined && { tenant }),
    });
    return { json: showSchedule(saved) };
  },

  async removeSchedule(call) {
    const { id } = await scheduleFor(call, "schedule.change");
    await call.engine.schedules.remove(id);
    return {};
  },

  async pauseSchedule(call) {
    const { id } = await scheduleFor(call, "schedule.change");
    return { json: showSchedule(await call.engine.schedules.pause(id)) };
  },

  async resumeSchedule(call) {
    const { id } = await scheduleFor(call, "schedule.change");
    return { json: showSchedule(await call.engine.schedules.resume(id)) };
  },

  async getStatistics({ engine, permission }) {
    await permission.require("statistics.read", { type: "all" });
    if (permission.principal.tenant !== undefined) {
      throw new ForbiddenError(
        "Statistics tell of all tenants; ask for instance-counts and task-counts.",
      );
    }
    const statistics = await engine.statistics();
    return { json: showStatistics(statistics) };
  },
};

/** @throws UnknownScheduleError, alike for one that does not exist and one of another tenant. */
async function scheduleFor(
  { engine, permission, params }: Pick<Call, "engine" | "permission" | "params">,
  action: Action,
): Promise<ScheduleRecord> {
  const { scheduleId: id = "" } = params;
  await permission.require(action, { type: "schedule", id, workflow: undefined });
  const schedule = await findSchedule(engine, id);
  if (schedule === undefined || !permission.sees(schedule.tenant)) throw unknown(id);
  return schedule;
}

function unknown(id: string): UnknownScheduleError {
  return new UnknownScheduleError(`There is no schedule ${JSON.stringify(id)}.`);
}

async function findSchedule(engine: Call["engine"], id: string) {
  try {
    return await engine.schedules.get(id);
  } catch (error) {
    const code: unknown = Reflect.get(Object(error), "code");
    if (code === "UNKNOWN_SCHEDULE" || code === "INVALID_ARGUMENT") return undefined;
    throw error;
  }
}

function showSchedule(schedule: ScheduleRecord): Shape<"Schedule"> {
  const { revision: _revision, createdAt, nextAt, lastAt, ...same } = schedule;
  return {
    ...same,
    createdAt: showMoment(createdAt),
    nextAt: showMoment(nextAt),
    lastAt: showMoment(lastAt),
  };
}

function showStatistics({ at, instances, store, worker }: Statistics): Shape<"Statistics"> {
  const { oldestTaskAt, oldestDueTimerAt, oldestMessageAt, ...counts } = store;
  return {
    at: showMoment(at),
    instances: instances.map(({ workflow, version, status, count, oldestStartedAt }) => ({
      ...{ workflow, version, status, count },
      oldestStartedAt: showMoment(oldestStartedAt),
    })),
    ...counts,
    oldestTaskAt: showMoment(oldestTaskAt),
    oldestDueTimerAt: showMoment(oldestDueTimerAt),
    oldestMessageAt: showMoment(oldestMessageAt),
    queuedCommands: worker.queuedCommands,
    runningSteps: worker.runningSteps,
  };
}
