import { VersionConflictError } from "../../errors.ts";
import type {
  ExecutionRecord,
  InstanceRecord,
  MachineEvent,
  SignalRecord,
  TaskRecord,
  TimerRecord,
} from "../../machine/index.ts";
import type { Change, Store, StoredInstance, StoredTask } from "../store.ts";

class Kept {
  version = 0;
  instance: InstanceRecord | undefined;
  readonly executions: ExecutionRecord[] = [];
  tasks: Map<string, TaskRecord> | undefined;
  timers: Map<string, TimerRecord> | undefined;
  signals: Map<string, SignalRecord> | undefined;
}

/**
 * Keeps instances for as long as the process lives. Records are frozen facts, so it needs no
 * copies.
 */
export class MemoryStore implements Store {
  readonly #instances = new Map<string, Kept>();
  readonly #byKey = new Map<string, string>();

  commit(changes: readonly Change[]): void {
    for (const { instanceId, expectedVersion } of changes) {
      const version = this.#instances.get(instanceId)?.version ?? 0;
      if (version !== expectedVersion) {
        throw new VersionConflictError(
          `Instance "${instanceId}" is at version ${version}, not ${expectedVersion}: ` +
            "somebody else changed it.",
        );
      }
    }
    for (const { instanceId, events } of changes) {
      let kept = this.#instances.get(instanceId);
      if (kept === undefined) {
        kept = new Kept();
        this.#instances.set(instanceId, kept);
      }
      kept.version++;
      for (const event of events) this.#keep(kept, event);
    }
  }

  #keep(kept: Kept, event: MachineEvent): void {
    if ("execution" in event) {
      kept.executions[event.execution.id - 1] = event.execution;
    } else if ("instance" in event) {
      kept.instance = event.instance;
      const { id, idempotencyKey } = event.instance;
      if (idempotencyKey !== undefined) this.#byKey.set(idempotencyKey, id);
    } else if ("task" in event) {
      kept.tasks ??= new Map();
      kept.tasks.set(event.task.id, event.task);
    } else if ("timer" in event) {
      kept.timers ??= new Map();
      if (event.type === "TimerSet") kept.timers.set(event.timer.id, event.timer);
      else kept.timers.delete(event.timer.id);
    } else {
      kept.signals ??= new Map();
      kept.signals.set(event.signal.id, event.signal);
    }
  }

  load(instanceId: string): StoredInstance | undefined {
    const kept = this.#instances.get(instanceId);
    if (kept?.instance === undefined) return undefined;
    return {
      version: kept.version,
      rows: {
        instance: kept.instance,
        executions: [...kept.executions],
        tasks: [...(kept.tasks?.values() ?? [])],
        timers: [...(kept.timers?.values() ?? [])],
        signals: [...(kept.signals?.values() ?? [])],
      },
    };
  }

  findByIdempotencyKey(key: string): string | undefined {
    return this.#byKey.get(key);
  }

  listUnfinished(): string[] {
    return [...this.#instances]
      .filter(([, { instance }]) => instance !== undefined && instance.endedAt === undefined)
      .map(([id]) => id);
  }

  listOpenTasks(): StoredTask[] {
    return [...this.#instances].flatMap(([instanceId, { instance, tasks }]) =>
      [...(tasks?.values() ?? [])]
        .filter(({ status }) => status === "open")
        .map((task) => ({ instanceId, workflow: instance?.workflow ?? "", task })),
    );
  }

  close(): void {}
}
