import {
  DuplicateEdgeError,
  InvalidConditionError,
  InvalidOptionError,
  UnknownStepError,
  type WorkflowsError,
} from "../errors.ts";
import type { Edge } from "./edge.ts";
import { editDistance } from "./suggest.ts";
import type { KnownSteps } from "./validate-node.ts";
import {
  checkExpression,
  checkOption,
  oneOf,
  type Report,
  rules,
  show,
} from "./validate-options.ts";

/** Edges of whose ends both exist, by the step that they leave. */
export type Outgoing = ReadonlyMap<string, readonly Edge[]>;

/** How messages name an edge. */
const edgeLabel = (edge: Edge): string => {
  const on = edge.on === undefined || edge.on === "success" ? "" : ` (on: ${show(edge.on)})`;
  return `Edge "${edge.source}" -> "${edge.target}"${on}`;
};

/** Reports every edge that cannot be right, and gives those that lead from a step to a step. */
export function validateEdges(
  edges: readonly unknown[],
  known: KnownSteps,
  report: Report,
): Outgoing {
  const outgoing = new Map<string, Edge[]>();
  const seen = new Set<string>();
  const checkCondition = rememberConditions(report);
  for (const [index, edge] of edges.entries()) {
    if (!isEdge(edge)) {
      report(
        new InvalidOptionError(
          `edges[${index}] is ${show(edge)}; it must be an Edge, ` +
            'as in new Edge("first", "second"), or an object with source and target.',
        ),
      );
      continue;
    }
    checkEdgeOptions(edge, report);
    checkCondition(edge);
    checkRepeated(edge, seen, report);
    if (!checkEnds(edge, known, report)) continue;
    const siblings = outgoing.get(edge.source);
    if (siblings === undefined) outgoing.set(edge.source, [edge]);
    else siblings.push(edge);
  }
  for (const siblings of outgoing.values()) checkOtherwise(siblings, report);
  return outgoing;
}

function isEdge(value: unknown): value is Edge {
  if (typeof value !== "object" || value === null) return false;
  const { source, target } = value as Record<string, unknown>;
  return typeof source === "string" && typeof target === "string";
}

function checkEnds(edge: Edge, known: KnownSteps, report: Report): boolean {
  let isComplete = true;
  for (const end of ["source", "target"] as const) {
    const name = edge[end];
    if (known.names.has(name)) continue;
    isComplete = false;
    report(
      new UnknownStepError(
        `${edgeLabel(edge)}: its ${end} ${show(name)} is not a step of the definition` +
          `${known.suggestions.for(name)}.`,
      ),
    );
  }
  return isComplete;
}

function checkRepeated(edge: Edge, seen: Set<string>, report: Report): void {
  const on = edge.on ?? "success";
  const key = JSON.stringify([edge.source, edge.target, on]);
  if (!seen.has(key)) {
    seen.add(key);
    return;
  }
  report(
    new DuplicateEdgeError(
      `${edgeLabel(edge)} is given twice for the same end (on: ${show(on)}); ` +
        "keep one of them, with both conditions in one expression if need be.",
    ),
  );
}

const edgeKeys = ["source", "target", "condition", "otherwise", "on", "label"];

function checkEdgeOptions(edge: Edge, report: Report): void {
  const where = edgeLabel(edge);
  checkOption(where, edge, "on", oneOf("success", "failure", "always", "cancel"), report);
  checkOption(where, edge, "otherwise", rules.flag, report);
  checkOption(where, edge, "label", rules.text, report);
  // A misspelt `condition` would leave an edge that is always taken.
  for (const key of Object.keys(edge)) {
    if (edgeKeys.includes(key)) continue;
    const meant = edgeKeys.find((name) => editDistance(name, key) <= 2);
    if (meant === undefined) continue;
    report(new InvalidOptionError(`${where} has no option "${key}", did you mean "${meant}"?`));
  }
}

/** Parses each expression once, however many edges share it. */
function rememberConditions(report: Report): (edge: Edge) => void {
  const parsed = new Set<string>();
  return (edge) => {
    const condition: unknown = edge.condition;
    if (condition === undefined) return;
    const problem = conditionProblem(edge, condition);
    if (problem !== undefined) {
      report(problem);
    } else if (typeof condition === "string" && !parsed.has(condition)) {
      parsed.add(condition);
      checkExpression(edgeLabel(edge), condition, report);
    }
  };
}

function conditionProblem(edge: Edge, condition: unknown): WorkflowsError | undefined {
  const where = edgeLabel(edge);
  if (edge.otherwise === true) {
    return new InvalidConditionError(
      `${where} has both a condition and otherwise, which contradict each other; keep one.`,
    );
  }
  if (Object.prototype.toString.call(condition) === "[object AsyncFunction]") {
    return new InvalidConditionError(
      `${where}: its condition is an async function; conditions must answer at once, ` +
        "so let the step before it set what they read.",
    );
  }
  if (typeof condition === "string" || typeof condition === "function") return undefined;
  return new InvalidConditionError(
    `${where}: its condition is ${show(condition)}; ` +
      "it must be a function of the context or a CEL expression.",
  );
}

const isFor = (edge: Edge, end: "success" | "failure" | "cancel"): boolean => {
  const on = edge.on ?? "success";
  return on === end || (on === "always" && end !== "cancel");
};

/**
 * An edge for "none of the conditions" needs a condition beside it, for the same end of its step.
 */
function checkOtherwise(siblings: readonly Edge[], report: Report): void {
  const ends = (["success", "failure", "cancel"] as const).filter((end) =>
    siblings.some((edge) => edge.condition !== undefined && isFor(edge, end)),
  );
  for (const edge of siblings) {
    if (edge.otherwise !== true || ends.some((end) => isFor(edge, end))) continue;
    report(
      new InvalidConditionError(
        `${edgeLabel(edge)} is marked otherwise, but no other edge of "${edge.source}" ` +
          "for the same end has a condition, so it would always be taken; " +
          "add the condition or drop otherwise.",
      ),
    );
  }
}
