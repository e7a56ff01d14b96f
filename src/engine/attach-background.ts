import type { WorkflowRegistry } from "../definition/registry.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "./clock.ts";
import type { EngineCore } from "./engine-core.ts";
import type { EngineOptions } from "./engine-options.ts";
import type { LocalExecutionEngine } from "./local-execution-engine.ts";
import { Retention } from "./retention.ts";
import { ScheduleRunner } from "./schedule-runner.ts";
import { Schedules } from "./schedules.ts";
import type { Telemetry } from "./telemetry.ts";

interface EngineParts {
  readonly core: EngineCore;
  readonly store: Store;
  readonly registry: WorkflowRegistry;
  readonly clock: Clock;
}

/** What an engine does by itself: schedules, retention, and what it tells whoever measures. */
export function attachBackground(
  parts: EngineParts,
  engine: LocalExecutionEngine,
  options: EngineOptions,
  telemetry: Telemetry | undefined,
): Schedules {
  const { core, store, clock } = parts;
  const now = () => Math.floor(clock.now());
  const { logger = console, pollIntervalMs = 1000, retention, isGuest = false } = options;
  const isTurn = (work: string) => core.isTurn(work);
  const runner = new ScheduleRunner({
    ...{ store, clock, logger, pollIntervalMs, isTurn },
    async start({ workflow, version, initialData, user, tenant, businessKey, tags }, instanceId) {
      const given = { version, user, tenant, businessKey };
      const told = Object.entries(given).filter(([, value]) => value !== undefined);
      const start = { ...Object.fromEntries(told), instanceId, initialData, tags };
      await engine.submitWorkflow(workflow, start);
    },
  });
  core.attach(core.watchers);
  if (!isGuest) core.attach(runner);
  if (retention !== undefined && !isGuest) {
    const forget = (ids: readonly string[]) => core.forget(ids);
    const refuseIfClosed = () => core.refuseIfClosed();
    core.attach(new Retention(retention, { store, clock, logger, isTurn, forget, refuseIfClosed }));
  }
  if (telemetry !== undefined) {
    const stop = telemetry.observe(store, now, () => core.load);
    core.attach({ look: async () => {}, close: stop });
  }
  return new Schedules({ ...parts, now, changed: () => void (isGuest || runner.changed()) });
}
