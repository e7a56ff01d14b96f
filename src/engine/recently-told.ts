import { type InstanceRecord, isEnded, type TaskRecord } from "../machine/index.ts";

/** Of so many instances it is known what was told of them. */
const mostInstances = 10_000;

interface Told {
  revision: number;
  isOpen: boolean;
  /** Tasks as they were told, as text: another process gives copies. */
  tasks: Map<string, string> | undefined;
}

/** What was told of instances, the latest: so that nothing is told twice, or goes back in time. */
export class RecentlyTold {
  readonly #instances = new Map<string, Told>();

  /** Whether nobody was told of this revision yet, nor of a later one. Now somebody is. */
  isLater(instance: InstanceRecord, revision: number): boolean {
    const told = this.#of(instance.id);
    if (revision <= told.revision) return false;
    told.revision = revision;
    told.isOpen = !isEnded(instance.status);
    return true;
  }

  /** This is how it was before anything is told. */
  know(instanceId: string, revision: number): void {
    const told = this.#of(instanceId);
    told.revision = Math.max(told.revision, revision);
  }

  revisionOf(instanceId: string): number {
    return this.#instances.get(instanceId)?.revision ?? 0;
  }

  hasTold(instanceId: string, task: TaskRecord): boolean {
    const told = this.#instances.get(instanceId)?.tasks?.get(task.id);
    return told !== undefined && told === JSON.stringify(task);
  }

  addTask(instanceId: string, task: TaskRecord): void {
    const told = this.#of(instanceId);
    told.tasks ??= new Map();
    told.tasks.set(task.id, JSON.stringify(task));
  }

  openInstances(): string[] {
    return [...this.#instances].filter(([, { isOpen }]) => isOpen).map(([id]) => id);
  }

  clear(): void {
    this.#instances.clear();
  }

  #of(instanceId: string): Told {
    const told = this.#instances.get(instanceId) ?? { revision: 0, isOpen: true, tasks: undefined };
    // The one that was told of last stands last.
    this.#instances.delete(instanceId);
    this.#instances.set(instanceId, told);
    if (this.#instances.size > mostInstances) {
      const [oldest] = this.#instances.keys();
      if (oldest !== undefined) this.#instances.delete(oldest);
    }
    return told;
  }
}
