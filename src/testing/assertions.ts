import { AssertionError } from "node:assert";
import type { WorkflowInstance } from "../engine/workflow-instance.ts";
import { judgeCompleted, judgeFailed, judgeSkipped, judgeTaken, judgeWaiting } from "./matchers.ts";
import type { TestInstance } from "./test-instance.ts";

/** The matchers as plain functions, for node:test and others. Each throws an AssertionError. */

type Instance = TestInstance | WorkflowInstance;

/** These steps succeeded, in this order; others may have in between. */
export function assertTaken(instance: Instance, ...steps: readonly string[]): void {
  demand(judgeTaken(instance, steps));
}

/** The step was skipped, or never reached. */
export function assertSkipped(instance: Instance, step: string): void {
  demand(judgeSkipped(instance, step));
}

/** A task of the step is open; with a user, one that belongs to that user. */
export function assertWaitsFor(instance: Instance, step: string, user?: string): void {
  demand(judgeWaiting(instance, step, user));
}

/** The instance failed; with a step, there; with a code, with that code. */
export function assertFailed(instance: Instance, step?: string, code?: string): void {
  demand(judgeFailed(instance, step, code));
}

export function assertCompleted(instance: Instance): void {
  demand(judgeCompleted(instance));
}

function demand({ pass, message }: { pass: boolean; message: () => string }): void {
  if (!pass) throw new AssertionError({ message: message(), stackStartFn: demand });
}
