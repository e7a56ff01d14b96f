/** The pure core: no clock, no I/O, no promise. */
export { apply } from "./apply.ts";
export type { Actor, Command } from "./command.ts";
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
