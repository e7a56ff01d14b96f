import type { Logger } from "../definition/context.ts";
import type { Store } from "../store/store.ts";
import { audienceNames, audienceOf } from "../store/task-audience.ts";
import type { HumanTask } from "./tasks.ts";
import type { WatchEvent } from "./watchers.ts";

/** What somebody wants to know; what is left out does not matter. */
export interface WatchFilter {
  readonly instanceId?: string;
  readonly workflow?: string;
  readonly tenant?: string;
  /** Only tasks that this user may do, or could do until the change. */
  readonly userId?: string;
  /** Only tasks that members of these groups may do; the user's own, if there is a user. */
  readonly groups?: readonly string[];
}

/** Called with one change at a time; the next waits until what it gives has settled. */
export type WatchListener = (event: WatchEvent) => unknown;

/** So many tasks of somebody's inbox are known when watching begins. */
const inboxKnown = 1000;

/** Somebody who wants to know of changes, and hears of them one by one, at his own pace. */
export class Watcher {
  readonly filter: WatchFilter;
  readonly #listener: WatchListener;
  readonly #logger: Logger;
  readonly #audience: ReadonlySet<string> | undefined;
  /** The tasks of the audience, as far as they are known: when one goes elsewhere, it is told. */
  readonly #inbox = new Set<string>();
  /** What is to be told, the latest of each instance and task. */
  readonly #pending = new Map<string, WatchEvent>();
  #isTelling = false;
  #isClosed = false;

  constructor(filter: WatchFilter, listener: WatchListener, logger: Logger) {
    this.filter = filter;
    this.#listener = listener;
    this.#logger = logger;
    const { userId, groups } = filter;
    const isForSomebody = userId !== undefined || groups !== undefined;
    this.#audience = isForSomebody ? new Set(audienceNames(userId, groups ?? [])) : undefined;
  }

  /** Looks what is in the inbox already. */
  async begin(store: Store): Promise<void> {
    if (this.#audience === undefined) return;
    const { userId, instanceId, workflow, tenant } = this.filter;
    const audience = [...this.#audience];
    const found = await store.listTasks({
      ...{ audience, userId, instanceId, workflow, tenant },
      limit: inboxKnown,
    });
    for (const each of found) this.#inbox.add(`${each.instanceId}/${each.task.id}`);
  }

  offer(event: WatchEvent, tenant: string | undefined): void {
    if (!this.#isMeant(event, tenant)) return;
    const key = event.type === "instance" ? event.instanceId : `task ${event.task.id}`;
    const before = this.#pending.get(key);
    this.#pending.delete(key);
    this.#pending.set(key, before === undefined ? event : together(before, event));
    if (this.#isTelling) return;
    this.#isTelling = true;
    setImmediate(() => void this.#tellAll());
  }

  #isMeant(event: WatchEvent, tenantOfEvent: string | undefined): boolean {
    const { instanceId, workflow, tenant } = this.filter;
    const subject = event.type === "task" ? event.task : event;
    if (instanceId !== undefined && subject.instanceId !== instanceId) return false;
    if (workflow !== undefined && subject.workflow !== workflow) return false;
    if (tenant !== undefined && tenantOfEvent !== tenant) return false;
    if (this.#audience === undefined) return true;
    return event.type === "task" && this.#isOfInbox(event.task, this.#audience);
  }

  /** Whether the task is in the inbox, or was until now. */
  #isOfInbox(task: HumanTask, audience: ReadonlySet<string>): boolean {
    const { userId } = this.filter;
    const isExcluded = userId !== undefined && task.excludeUsers?.includes(userId) === true;
    const isOpen = task.status === "open";
    const isIn = !isExcluded && audienceOf(task).some((name) => audience.has(name));
    const wasIn = this.#inbox.delete(task.id);
    if (isIn && isOpen) this.#inbox.add(task.id);
    return isIn || wasIn;
  }

  async #tellAll(): Promise<void> {
    for (const [key, event] of this.#pending) {
      if (this.#isClosed) return;
      this.#pending.delete(key);
      try {
        const result = this.#listener(event);
        if (result instanceof Promise) await result;
      } catch (error) {
        this.#logger.error("A listener of watch threw", { error });
      }
    }
    this.#isTelling = false;
  }

  close(): void {
    this.#isClosed = true;
    this.#pending.clear();
  }
}

/** Two changes of one thing, told as one: a task that was opened and changed was opened. */
function together(before: WatchEvent, after: WatchEvent): WatchEvent {
  const isNew = before.type === "task" && before.change === "opened";
  if (after.type !== "task" || after.change !== "changed" || !isNew) return after;
  return { ...after, change: "opened" };
}
