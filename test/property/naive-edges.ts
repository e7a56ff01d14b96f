import type { EdgeSpec, NodeSpec } from "./definition-spec.ts";
import { holds } from "./naive-data.ts";
import { endAll, failInstance } from "./naive-endings.ts";
import type { Execution, Failure } from "./naive-execution.ts";
import type { NaiveInstance } from "./naive-instance.ts";

/** Where control goes when a node of the definition has ended. */

export type End = "success" | "failure" | "cancel";

export function takeEdges(
  instance: NaiveInstance,
  execution: Execution,
  end: End,
  targets?: readonly string[],
): void {
  const { node } = execution;
  execution.left = "undecided";
  if (!instance.isGoing) return;
  const terminal = instance.spec.terminals.find(({ step }) => step === node.name);
  if (terminal?.terminate && end === "success") return endAll(instance, "completed");

  const meant = instance.spec.edges.filter(
    ({ source, on = "success" }) =>
      source === node.name && (on === end || (on === "always" && end !== "cancel")),
  );
  const taken = choose(instance, node, end, meant, targets);
  if (taken === "failed") return failInstance(instance, { code: "CONDITION_FAILED" });
  if (taken.length === 0) {
    const isUnhandled = end === "failure" && (meant.length === 0 || terminal);
    if (isUnhandled) return failInstance(instance, execution.failure as Failure);
    if (meant.length > 0 && !terminal) return failInstance(instance, { code: "DEAD_END" });
  }
  execution.left = "decided";
  for (const edge of taken) arrive(instance, edge);
}

function choose(
  instance: NaiveInstance,
  node: NodeSpec,
  end: End,
  edges: readonly EdgeSpec[],
  targets: readonly string[] | undefined,
): readonly EdgeSpec[] | "failed" {
  const choice = node.kind === "gateway" && end === "success" ? node.choice : "holding";
  if (targets) return edges.filter(({ target }) => targets.includes(target));
  if (choice === "all") return edges;

  const taken: EdgeSpec[] = [];
  for (const edge of edges.filter(({ otherwise }) => !otherwise)) {
    const isTaken = edge.when === undefined || holds(instance, edge.when);
    if (isTaken === "failed") return "failed";
    if (isTaken) taken.push(edge);
    if (isTaken && choice === "first") return taken;
  }
  const noConditionHeld = !taken.some(({ when }) => when !== undefined);
  if (!noConditionHeld) return taken;
  return edges.filter((edge) => edge.otherwise || taken.includes(edge));
}

/** In an open round, the first arrival on an edge counts and is gone. */
function arrive(instance: NaiveInstance, edge: EdgeSpec): void {
  const counted = instance.openRounds.get(edge.target);
  if (counted && !counted.has(edge)) counted.add(edge);
  else instance.tokens.push(edge);
}
