import type { StepSpec } from "./definition-spec.ts";
import { takeEdges } from "./naive-edges.ts";
import type { Execution, Failure, Member } from "./naive-execution.ts";
import type { NaiveInstance } from "./naive-instance.ts";
import { startsAtOnce } from "./naive-joins.ts";
import { again, create, endAs, leave, turn, visit } from "./naive-steps.ts";

/** Cancelling, how the whole instance ends, and how it goes on after that. */

/** Ends an execution without any of its consequences, and everything inside it. */
function cut(instance: NaiveInstance, execution: Execution): void {
  cutMembers(instance, execution);
  endAs(instance, execution, "canceled");
}

export function cutMembers(instance: NaiveInstance, group: Execution, except?: Member): void {
  for (const execution of instance.alive) {
    if (execution.group === group && execution !== except?.execution) cut(instance, execution);
  }
}

/** By hand: what runs or waits under this path. */
export function cancelAt(instance: NaiveInstance, path: string): void {
  if (instance.spec.nodes.some(({ name }) => name === path)) return cancelNodes(instance, [path]);
  for (const execution of instance.aliveAt(path)) {
    cut(instance, execution);
    leave(instance, execution, "cancel");
  }
}

/**
 * Nodes of the definition lose their work and waiting tokens, and take their cancel edges: what was
 * there first goes first. Tokens go as the executions that they would have started.
 */
export function cancelNodes(instance: NaiveInstance, names: readonly string[]): void {
  const { spec } = instance;
  const executions = instance.alive.filter(({ path, undoes }) => !undoes && names.includes(path));
  const tokens = instance.tokens.filter(({ target }) => names.includes(target));
  instance.useTokens(tokens);
  const targets = tokens.map(({ target }) => target);
  const starting = targets.filter((name) => startsAtOnce(spec, name));
  const joins = spec.nodes.filter(
    ({ name }) => targets.includes(name) && !startsAtOnce(spec, name),
  );
  const visits = [...starting.map((name) => instance.nodeOf(name)), ...joins];
  const doomed = [...executions, ...visits.map((node) => visit(instance, node))];
  for (const execution of doomed) cut(instance, execution);
  for (const execution of doomed) takeEdges(instance, execution, "cancel");
}

export function failInstance(instance: NaiveInstance, failure: Failure): void {
  if (!instance.isGoing) return;
  instance.failure = failure;
  const cutOff = instance.alive;
  endAll(instance, "failed");
  for (const execution of cutOff) execution.cutOff = true;
}

export function endAll(instance: NaiveInstance, status: "completed" | "failed" | "canceled"): void {
  for (const execution of instance.alive) cut(instance, execution);
  if (status !== "failed") instance.tokens = [];
  instance.status = status;
  if (status === "completed" || !instance.spec.compensate) return;
  instance.compensating = status;
  instance.status = "running";
  undoNext(instance);
}

/** Compensates the latest success that is not undone yet. */
function undoNext(instance: NaiveInstance): void {
  const done = instance.executions.map(({ undoes }) => undoes);
  const [latest] = instance.executions
    .filter((one) => one.status === "succeeded" && !one.undoes && !done.includes(one))
    .filter(({ node }) => (node as StepSpec).compensate)
    .sort((a, b) => b.ended - a.ended);
  if (!latest) {
    instance.status = instance.compensating as "failed" | "canceled";
    instance.compensating = undefined;
    return;
  }
  const { node, path, group, iteration } = latest;
  turn(instance, create(instance, { node, path, group, iteration, undoes: latest }), "running");
}

export function endUndo(instance: NaiveInstance, execution: Execution, status: "succeeded"): void {
  endAs(instance, execution, status);
  undoNext(instance);
}

/** Continues at what failed and at what was cut off by that; or only at a named step, afresh. */
export function retry(instance: NaiveInstance, from: string | undefined): void {
  instance.status = "waiting";
  instance.failure = undefined;
  const atTop = instance.executions.filter(({ group }) => !group);
  const unfinished = atTop.filter((one) => one.cutOff || one.left === "undecided");

  if (from !== undefined) {
    for (const execution of unfinished) {
      execution.cutOff = false;
      execution.left = "decided";
    }
    // Tokens that the failure kept from starting anything are left behind with the rest.
    instance.useTokens(instance.tokens.filter(({ target }) => startsAtOnce(instance.spec, target)));
    visit(instance, instance.nodeOf(from));
    return;
  }
  const hasToRun = (one: Execution) => one.cutOff || one.status === "failed";
  for (const execution of unfinished.filter((one) => !hasToRun(one))) {
    takeEdges(instance, execution, execution.status === "canceled" ? "cancel" : "success");
  }
  // If the edges still cannot be decided, the instance has failed again, and nothing starts.
  if (instance.isGoing) for (const one of unfinished.filter(hasToRun)) again(instance, one);
}
