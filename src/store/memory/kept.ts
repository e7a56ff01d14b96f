import type {
  ActRecord,
  ExecutionRecord,
  InstanceRecord,
  SignalRecord,
  TaskRecord,
  TimerRecord,
} from "../../machine/index.ts";
import type { StoredTask } from "../store.ts";

/** An instance, or an id that a change was refused for. */
export class Kept {
  version = 0;
  owner: string | undefined;
  instance: InstanceRecord | undefined;
  readonly executions: ExecutionRecord[] = [];
  tasks: Map<string, TaskRecord> | undefined;
  openTasks = 0;
  timers: Map<string, TimerRecord> | undefined;
  signals: Map<string, SignalRecord> | undefined;
  acts: ActRecord[] | undefined;

  storedTasks(): StoredTask[] {
    if (this.tasks === undefined || this.instance === undefined) return [];
    const { id: instanceId, workflow, version, tenant, businessKey } = this.instance;
    const facts = { instanceId, workflow, workflowVersion: version, tenant, businessKey };
    return [...this.tasks.values()].map((task) => ({ ...facts, task }));
  }
}
