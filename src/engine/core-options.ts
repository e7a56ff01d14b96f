import type { Logger } from "../definition/context.ts";
import type { Store } from "../store/store.ts";
import type { Clock } from "./clock.ts";
import type { Definitions } from "./definitions.ts";
import type { Limiter } from "./limiter.ts";
import type { AroundStep } from "./step-runner.ts";
import type { Telemetry } from "./telemetry.ts";
import type { Upgrades } from "./upgrades.ts";

/** What the parts of an engine are made of. */
export interface CoreOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limiters: ReadonlyMap<string, Limiter>;
  readonly secret: string | undefined;
  readonly createId: () => string;
  readonly random: () => number;
  readonly pollIntervalMs: number;
  readonly leaseMs: number;
  readonly isGuest: boolean;
  readonly aroundStep: AroundStep | undefined;
  readonly definitions: Definitions;
  readonly upgrades: Upgrades;
  /** Undefined while nobody wants to know. */
  readonly telemetry: Telemetry | undefined;
}
