import type { EpochMs } from "../../machine/index.ts";
import type { Message, StoreMeasures } from "../store.ts";
import type { Kept } from "./kept.ts";

export function measure(
  instances: Iterable<Kept>,
  messages: Iterable<Message>,
  workers: number,
  now: EpochMs,
): StoreMeasures {
  const tasks = new Moments();
  const timers = new Moments();
  let overdueTasks = 0;
  for (const kept of instances) {
    for (const { status, createdAt, dueAt } of kept.tasks?.values() ?? []) {
      if (status !== "open") continue;
      tasks.add(createdAt);
      if (dueAt !== undefined && dueAt < now) overdueTasks++;
    }
    if (kept.instance?.status === "paused") continue;
    for (const { fireAt } of kept.timers?.values() ?? []) if (fireAt <= now) timers.add(fireAt);
  }
  const mail = new Moments();
  for (const { at } of messages) mail.add(at);
  return {
    openTasks: tasks.count,
    oldestTaskAt: tasks.earliest,
    overdueTasks,
    dueTimers: timers.count,
    oldestDueTimerAt: timers.earliest,
    messages: mail.count,
    oldestMessageAt: mail.earliest,
    workers,
  };
}

class Moments {
  count = 0;
  earliest: EpochMs | undefined;

  add(at: EpochMs): void {
    this.count++;
    if (this.earliest === undefined || at < this.earliest) this.earliest = at;
  }
}
