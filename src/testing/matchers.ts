import type { StepExecution, WorkflowInstance } from "../engine/workflow-instance.ts";
import { TestInstance } from "./test-instance.ts";

/** What a matcher of Vitest or Jest gives. */
interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
}

type Instance = TestInstance | WorkflowInstance;

/** What `expect(instance)` can do after `expect.extend(tandemMatchers)`. */
export interface TandemMatchers<Result = void> {
  /**
   * These steps succeeded, in this order; others may have in between. Members of groups are named
   * by their path.
   */
  toHaveTaken(...steps: readonly string[]): Result;
  /** The step was skipped, or never reached. */
  toHaveSkipped(step: string): Result;
  /** A task of this step is open; with a user, one that belongs to that user. */
  toWaitFor(step: string, user?: string): Result;
  /** The instance failed; with a step, there; with a code, with that code. */
  toHaveFailed(step?: string, code?: string): Result;
  toHaveCompleted(): Result;
}

/**
 * Assertions on the path that an instance took, for `expect.extend` of Vitest and Jest; for other
 * runners each has a plain function: `assertTaken(instance, "pay", "ship")`.
 */
export const tandemMatchers = {
  toHaveTaken: (instance: Instance, ...steps: readonly string[]) => judgeTaken(instance, steps),
  toHaveSkipped: (instance: Instance, step: string) => judgeSkipped(instance, step),
  toWaitFor: (instance: Instance, step: string, user?: string) =>
    judgeWaiting(instance, step, user),
  toHaveFailed: (instance: Instance, step?: string, code?: string) =>
    judgeFailed(instance, step, code),
  toHaveCompleted: (instance: Instance) => judgeCompleted(instance),
};

/** The paths of the steps and groups that succeeded, in the order in which they ended. */
export function pathOf(instance: Instance): readonly string[] {
  return seen(instance)
    .steps.filter(({ status, compensates }) => status === "succeeded" && compensates === 0)
    .toSorted((a, b) => a.order - b.order)
    .map(({ path }) => path);
}

export function judgeTaken(instance: Instance, steps: readonly string[]): MatcherResult {
  const taken = pathOf(instance);
  let from = 0;
  const missing = steps.find((step) => {
    const place = taken.indexOf(step, from);
    from = place + 1;
    return place < 0;
  });
  return verdict(instance, missing === undefined, {
    wanted: `to have taken ${steps.join(" -> ")}`,
    found: `It took ${taken.join(" -> ") || "nothing"}.`,
    hint: missing === undefined ? "" : hintOn(instance, missing),
  });
}

export function judgeSkipped(instance: Instance, step: string): MatcherResult {
  const all = executionsOf(instance, step);
  const isSkipped = all.every(({ status }) => status === "skipped");
  const found = all.map(({ status }) => status).join(", ") || "not reached";
  return verdict(instance, isSkipped, {
    wanted: `to have skipped ${step}`,
    found: `The step was ${found}.`,
  });
}

export function judgeWaiting(instance: Instance, step: string, user?: string): MatcherResult {
  const { tasks } = seen(instance);
  const isMeant = ({ path, assignee }: (typeof tasks)[number]) =>
    path === step && (user === undefined || assignee === user);
  const open = tasks.map(({ path, assignee }) => (assignee ? `${path} (${assignee})` : path));
  return verdict(instance, tasks.some(isMeant), {
    wanted: `to wait for ${step}${user === undefined ? "" : ` by ${user}`}`,
    found: `It waits for ${open.join(", ") || "nobody"}.`,
  });
}

export function judgeFailed(instance: Instance, step?: string, code?: string): MatcherResult {
  const { status, error } = seen(instance);
  const pass =
    status === "failed" &&
    (step === undefined || error?.path === step) &&
    (code === undefined || error?.code === code);
  const where = step === undefined ? "" : ` at ${step}`;
  const how = code === undefined ? "" : ` with ${code}`;
  const found = error === undefined ? "" : ` at ${error.path}: ${error.code}, ${error.message}`;
  return verdict(instance, pass, {
    wanted: `to have failed${where}${how}`,
    found: `It is ${status}${found}.`,
  });
}

export function judgeCompleted(instance: Instance): MatcherResult {
  const { status, error, tasks } = seen(instance);
  const open = tasks.map(({ path }) => path).join(", ");
  const why = error === undefined ? "" : ` (${error.path}: ${error.message})`;
  return verdict(instance, status === "completed", {
    wanted: "to have completed",
    found: `It is ${status}${why}${open === "" ? "" : `, and waits for ${open}`}.`,
  });
}

function hintOn(instance: Instance, step: string): string {
  const statuses = executionsOf(instance, step).map(({ status }) => status);
  const what = statuses.length === 0 ? "was not reached" : `is ${statuses.join(", ")}`;
  return ` "${step}" ${what}.`;
}

function executionsOf(instance: Instance, path: string): readonly StepExecution[] {
  return seen(instance).steps.filter((step) => step.path === path);
}

function verdict(
  instance: Instance,
  pass: boolean,
  { wanted, found, hint = "" }: { wanted: string; found: string; hint?: string },
): MatcherResult {
  const { workflow, id } = seen(instance);
  const not = pass ? "not " : "";
  return {
    pass,
    message: () => `Expected instance ${id} of "${workflow}" ${not}${wanted}. ${found}${hint}`,
  };
}

function seen(instance: Instance): WorkflowInstance {
  return instance instanceof TestInstance ? instance.now : instance;
}
