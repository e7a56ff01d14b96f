import type { WorkflowInstance } from "../engine/workflow-instance.ts";
import type { RecordedError } from "../errors.ts";
import type { WorkflowStatus } from "../machine/index.ts";

/** An instance under test, as it is after the latest thing that the test did. */
export class TestInstance {
  #now: WorkflowInstance;

  constructor(now: WorkflowInstance) {
    this.#now = now;
  }

  /** The whole instance: steps, tasks, edges. */
  get now(): WorkflowInstance {
    return this.#now;
  }

  get id(): string {
    return this.#now.id;
  }

  get status(): WorkflowStatus {
    return this.#now.status;
  }

  get data(): Readonly<Record<string, unknown>> {
    return this.#now.data;
  }

  get error(): RecordedError | undefined {
    return this.#now.error;
  }

  /** The paths of the steps with open tasks, oldest first. */
  get openTasks(): readonly string[] {
    return this.#now.tasks.map(({ path }) => path);
  }

  /** What the latest execution of this path that succeeded returned. */
  result(path: string): unknown {
    return this.#now.result(path);
  }

  /** @internal */
  see(instance: WorkflowInstance): void {
    this.#now = instance;
  }
}
