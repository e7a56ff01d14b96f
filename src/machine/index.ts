/** The pure core: no clock, no I/O, no promise. */
export { apply } from "./apply.ts";
export type { Actor, Command, UpgradeCommand } from "./command.ts";
export { type Decision, decide } from "./decide.ts";
export type { Effect } from "./effect.ts";
export type {
  ActEvent,
  ExecutionEvent,
  InstanceEvent,
  MachineEvent,
  SignalEvent,
  TaskEvent,
  TimerEvent,
} from "./event.ts";
export { createInstance, InstanceState, type NewInstance } from "./instance-state.ts";
export { instanceLifecycle, isEnded, isLive, stepLifecycle, taskLifecycle } from "./lifecycle.ts";
export type { Rejection } from "./rejection.ts";
export { restore } from "./restore.ts";
export type * from "./state.ts";
export { type Upgrade, type UpgradeDecision, upgrade } from "./upgrade.ts";
export type { UpgradeMove, UpgradeNote, UpgradeOutline } from "./upgrade-plan.ts";
