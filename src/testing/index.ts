/** Tools for testing workflows, and stores of one's own. */
export {
  type ContractCase,
  type OpenedStore,
  type StoreLacks,
  storeContract,
} from "./store-contract.ts";
export { VirtualClock } from "./virtual-clock.ts";
