import type { EdgeSpec, NodeSpec } from "./definition-spec.ts";
import { cancelNodes, failInstance } from "./naive-endings.ts";
import type { Execution } from "./naive-execution.ts";
import type { NaiveInstance } from "./naive-instance.ts";
import {
  canReach,
  decideJoin,
  incoming,
  type JoinDecision,
  type Marking,
  mutualWaits,
  startsAtOnce,
} from "./naive-joins.ts";
import { mayStart, startAttempt, startIfFree, visit } from "./naive-steps.ts";

/** What follows from what has happened. */

/** Does what the rules ask for, one thing after another, until nothing is left to do. */
export function settle(instance: NaiveInstance): void {
  const hasMoved = () =>
    startOldestPending(instance) ||
    startAtOldestToken(instance) ||
    decideOneJoin(instance) ||
    endMutualWaits(instance);
  for (let moves = 0; instance.isGoing && hasMoved(); moves += 1) {
    if (moves === 10_000) throw new RangeError("One command never comes to rest.");
  }
  if (instance.isGoing && instance.alive.length === 0 && instance.tokens.length === 0) {
    instance.status = "completed";
  }
  if (instance.status === "running" || instance.status === "waiting") {
    const works = ({ status }: Execution) => status === "running" || status === "scheduled";
    instance.status = instance.executions.some(works) ? "running" : "waiting";
  }
}

function startOldestPending(instance: NaiveInstance): boolean {
  const [oldest] = instance.alive
    .filter(({ status }) => status === "pending")
    .filter((execution) => mayStart(instance, execution))
    .sort((a, b) => a.since - b.since);
  if (oldest) startAttempt(instance, oldest);
  return oldest !== undefined;
}

function startAtOldestToken(instance: NaiveInstance): boolean {
  const token = instance.tokens.find(({ target }) => startsAtOnce(instance.spec, target));
  if (!token) return false;
  instance.useTokens([token]);
  visit(instance, instance.nodeOf(token.target));
  return true;
}

/**
 * Rounds close before anything starts, and a join fails only when no other has anything to do;
 * otherwise joins are asked in the order of the definition.
 */
function decideOneJoin(instance: NaiveInstance): boolean {
  const joins = instance.spec.nodes.filter(({ name }) => !startsAtOnce(instance.spec, name));
  const order = ["close round", "start", "fail"] as const;
  for (const what of order) {
    for (const join of joins) {
      const decision = decideJoin(marking(instance), join.name);
      if (decision.do !== what) continue;
      follow(instance, join, decision);
      return true;
    }
  }
  return false;
}

function follow(instance: NaiveInstance, join: NodeSpec, decision: JoinDecision): void {
  switch (decision.do) {
    case "wait":
      return;
    case "start":
      startJoin(instance, join, decision.uses);
      return;
    case "close round":
      instance.openRounds.delete(join.name);
      return;
    case "fail":
      return failInstance(instance, { code: "JOIN_UNREACHABLE" });
  }
}

function startJoin(instance: NaiveInstance, node: NodeSpec, uses: readonly EdgeSpec[]): Execution {
  instance.useTokens(uses);
  const execution = visit(instance, node);
  if (!countsArrivals(node)) return execution;
  if (!node.cancelRest) {
    instance.openRounds.set(node.name, new Set(uses));
    return execution;
  }
  startIfFree(instance, execution);
  if (instance.isGoing) cancelRest(instance, node.name, uses);
  return execution;
}

/**
 * Everything that could still bring the join one of its other edges is cancelled. What arrives by
 * that is part of the round, which closes.
 */
function cancelRest(instance: NaiveInstance, join: string, counted: readonly EdgeSpec[]): void {
  const others = incoming(instance.spec, join).filter((edge) => !counted.includes(edge));
  const couldArrive = ({ name }: NodeSpec) =>
    others.some((edge) => canReach(instance.spec, name, edge));
  cancelNodes(
    instance,
    instance.spec.nodes.filter(couldArrive).map(({ name }) => name),
  );
  instance.useTokens(others.filter((edge) => instance.tokens.includes(edge)));
}

/** Joins that wait only for each other do not wait. */
function endMutualWaits(instance: NaiveInstance): boolean {
  const sets = mutualWaits(marking(instance));
  for (const set of sets) {
    if (!instance.isGoing) break;
    const rounds = set.filter((join) => instance.openRounds.has(join));
    const defaults = set.filter((join) => instance.nodeOf(join).join === undefined);
    if (rounds.length + defaults.length === 0) failInstance(instance, { code: "JOIN_UNREACHABLE" });
    for (const join of rounds) instance.openRounds.delete(join);
    // One after the other, each with what has arrived by then.
    for (const join of defaults) {
      const arrived = incoming(instance.spec, join).filter((edge) =>
        instance.tokens.includes(edge),
      );
      if (arrived.length === 0) continue;
      startIfFree(instance, startJoin(instance, instance.nodeOf(join), arrived));
      if (!instance.isGoing) return true;
    }
  }
  return sets.length > 0;
}

function marking(instance: NaiveInstance): Marking {
  const atTop = instance.alive.filter(({ group }) => !group);
  return {
    spec: instance.spec,
    alive: new Set(atTop.map(({ node }) => node.name)),
    tokens: instance.tokens,
    openRounds: instance.openRounds,
  };
}

const countsArrivals = ({ join }: NodeSpec): boolean => join === "any" || typeof join === "number";
