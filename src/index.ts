/** Workflows that people and machines do together: define them here, run them with an engine. */
export type {
  AnyData,
  DataAt,
  DataPath,
  ExecutionSummary,
  Logger,
  ReadonlyContext,
  StepStatus,
  WorkflowContext,
} from "./definition/context.ts";
export { type Condition, Edge, type EdgeOptions } from "./definition/edge.ts";
export type { FormData, FormSchema, JsonSchema } from "./definition/form-data.ts";
export {
  BaseGateway,
  ExclusiveGateway,
  InclusiveGateway,
  ParallelGateway,
  type Targets,
} from "./definition/gateway.ts";
export {
  ConditionalGroup,
  type FailureMode,
  Group,
  type GroupEngine,
  type GroupOptions,
  InterleavedGroup,
  MapGroup,
  type MapGroupOptions,
  type Outcome,
  ParallelGroup,
  type ParallelGroupOptions,
  QuorumGroup,
  type QuorumGroupOptions,
  RaceGroup,
  type RaceGroupOptions,
  type ResultPredicate,
  SequentialGroup,
  type Step,
  StepGroup,
  ThrottledGroup,
  type WorkflowNode,
} from "./definition/group.ts";
export {
  type Assignment,
  BaseHumanStep,
  type Escalation,
  type HumanStepOptions,
  humanStep,
  type OpenTask,
  type Reminder,
  type Urgency,
} from "./definition/human-step.ts";
export { WorkflowRegistry } from "./definition/registry.ts";
export {
  BaseMachineStep,
  BaseStep,
  type FromContext,
  type Join,
  machineStep,
  type NodeOptions,
  type ResultOf,
  type RetryPolicy,
  type StepKind,
  type StepOptions,
} from "./definition/step.ts";
export {
  type Mapping,
  type SignalOptions,
  SignalStep,
  type SubworkflowOptions,
  SubworkflowStep,
  type TimerOptions,
  TimerStep,
  type WebhookOptions,
  WebhookStep,
} from "./definition/wait-steps.ts";
export {
  type AnyDefinition,
  type DataOf,
  type InputOf,
  type Reducer,
  type TerminalStep,
  WorkflowDefinition,
  type WorkflowDefinitionOptions,
} from "./definition/workflow-definition.ts";
export type { ActorOptions } from "./engine/actor.ts";
export type { BulkOptions, BulkProgress, BulkRefusal, BulkResult } from "./engine/bulk.ts";
export type { Clock } from "./engine/clock.ts";
export type { EngineOptions, StartOptions } from "./engine/engine-options.ts";
export type {
  HistoryEntry,
  HistoryOptions,
  InstanceDirectory,
  ListInstancesOptions,
  RemoveEndedOptions,
} from "./engine/instance-directory.ts";
export type { Limit } from "./engine/limiter.ts";
export { LocalExecutionEngine } from "./engine/local-execution-engine.ts";
export type { Page, PageOptions } from "./engine/page.ts";
export { StepFailedError } from "./engine/recorded-error.ts";
export type { RetentionOptions } from "./engine/retention.ts";
export type { ListSchedulesOptions, SaveScheduleOptions, Schedules } from "./engine/schedules.ts";
export type { InstanceStatistics, Statistics, WorkerLoad } from "./engine/statistics.ts";
export type { ListTasksOptions, TaskInbox, TaskSearch } from "./engine/task-inbox.ts";
export type { ChosenTask, CompleteTaskOptions, HumanTask, TaskOptions } from "./engine/tasks.ts";
export type { UpgradeOptions, UpgradePlan } from "./engine/upgrades.ts";
export type { WatchFilter, WatchListener } from "./engine/watcher.ts";
export type { TaskChange, WatchEvent } from "./engine/watchers.ts";
export type {
  EdgeUse,
  StepExecution,
  WorkflowInstance,
} from "./engine/workflow-instance.ts";
export * from "./errors.ts";
export { definitionShape, type Shape } from "./graph/fingerprint.ts";
export { type MermaidOptions, toMermaid } from "./graph/mermaid.ts";
export {
  type Picture,
  type PictureEdge,
  type PictureNode,
  type PictureOptions,
  pictureOf,
} from "./graph/picture.ts";
export type {
  NodeFacts,
  PicturedExecution,
  PicturedInstance,
  PicturedTask,
  PictureProgress,
  PictureState,
  PictureWait,
} from "./graph/picture-facts.ts";
export type {
  ActRecord,
  ActType,
  UpgradeMove,
  UpgradeNote,
  WorkflowStatus,
} from "./machine/index.ts";
export { MemoryStore } from "./store/memory/memory-store.ts";
export type * from "./store/store.ts";
export { audienceOf, type TaskAudience } from "./store/task-audience.ts";
