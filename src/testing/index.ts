/** Tools for testing workflows, and stores of one's own. */
export {
  assertCompleted,
  assertFailed,
  assertSkipped,
  assertTaken,
  assertWaitsFor,
} from "./assertions.ts";
export type { Duration } from "./duration.ts";
export { type Exploration, type ExploreOptions, explore } from "./explore.ts";
export { pathOf, type TandemMatchers, tandemMatchers } from "./matchers.ts";
export { PathCoverage } from "./path-coverage.ts";
export type { OnInstance, Person, PersonOptions } from "./person.ts";
export type { StandIn } from "./step-control.ts";
export {
  type ContractCase,
  type OpenedStore,
  type StoreLacks,
  storeContract,
} from "./store-contract.ts";
export { TestEngine, type TestEngineOptions } from "./test-engine.ts";
export type { TestInstance } from "./test-instance.ts";
export { VirtualClock } from "./virtual-clock.ts";
