/** Tools for testing workflows. */
export { VirtualClock } from "./virtual-clock.ts";
