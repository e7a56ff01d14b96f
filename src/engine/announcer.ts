import type { Logger } from "../definition/context.ts";
import type { ExecutionRecord, MachineEvent } from "../machine/index.ts";
import type { DueTimers } from "./due-timers.ts";
import { callHooks, callTaskHook } from "./hooks.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import type { Instances } from "./instances.ts";
import type { Telemetry } from "./telemetry.ts";

/** Tells whoever it concerns in this process what has become durable. */
export class Announcer {
  readonly #timers: DueTimers;
  readonly #instances: Instances;
  readonly #logger: Logger;
  readonly #telemetry: Telemetry | undefined;

  constructor(
    timers: DueTimers,
    instances: Instances,
    { logger, telemetry }: { readonly logger: Logger; readonly telemetry: Telemetry | undefined },
  ) {
    this.#timers = timers;
    this.#instances = instances;
    this.#logger = logger;
    this.#telemetry = telemetry;
  }

  announce(runtime: InstanceRuntime, event: MachineEvent): void {
    switch (event.type) {
      case "StepSucceeded":
      case "StepFailed":
      case "StepSkipped":
      case "StepCanceled":
        this.#announceEnd(runtime, event.execution);
        break;
      case "TimerSet":
        this.#timers.arm({ instanceId: runtime.id, timer: event.timer });
        break;
      case "TimerCleared":
        this.#timers.disarm(runtime.id, event.timer.id);
        break;
      case "ActRecorded":
        callTaskHook(runtime, event.act, this.#logger);
        break;
      case "InstanceResumed":
        this.armTimers(runtime);
        break;
      case "InstanceCompleted":
      case "InstanceFailed":
      case "InstanceCanceled":
        this.#instances.remove(runtime);
        this.#telemetry?.instanceEnded(event.instance);
        break;
      case "InstanceStarted":
        this.#telemetry?.instanceStarted(event.instance);
        break;
      default:
    }
  }

  armTimers({ id, state }: InstanceRuntime): void {
    for (const timer of state.timers?.values() ?? []) this.#timers.arm({ instanceId: id, timer });
  }

  #announceEnd(runtime: InstanceRuntime, execution: ExecutionRecord): void {
    if (runtime.waiters !== undefined) {
      for (const { others } of runtime.waiters) others?.delete(execution.id);
    }
    if (execution.parent !== 0 && runtime.bodies !== undefined) {
      runtime.bodies.get(execution.parent)?.memberEnded(execution);
    }
    callHooks(runtime, execution, this.#logger);
  }
}
