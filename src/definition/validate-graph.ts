import {
  InvalidOptionError,
  InvalidStepError,
  JoinTooLargeError,
  NoTerminalStepError,
  UnknownStepError,
  UnreachableStepError,
} from "../errors.ts";
import { label, type Place } from "./places.ts";
import type { Outgoing } from "./validate-edges.ts";
import type { KnownSteps } from "./validate-node.ts";
import { checkOption, type Report, rules, show } from "./validate-options.ts";

/** The parts of a definition that say where control goes. */
export interface Route {
  readonly initialStep: unknown;
  readonly terminalSteps: unknown;
}

/** Reports what cannot be reached, cannot end, or cannot come together. */
export function validateGraph(
  route: Route,
  places: readonly Place[],
  outgoing: Outgoing,
  known: KnownSteps,
  report: Report,
): void {
  const reached = checkInitialStep(route.initialStep, outgoing, known, report);
  if (reached !== undefined) checkReachable(route.initialStep, reached, known, report);
  checkTerminalSteps(route.terminalSteps, reached, known, report);
  checkJoins(places, outgoing, report);
  for (const place of places) {
    if (place.node.kind === "gateway") checkGatewayEdges(place, outgoing, report);
  }
}

/** The steps that can be reached from the initial one; undefined if there is no such step. */
function checkInitialStep(
  initialStep: unknown,
  outgoing: Outgoing,
  known: KnownSteps,
  report: Report,
): ReadonlySet<string> | undefined {
  if (typeof initialStep === "string" && known.names.has(initialStep)) {
    return reachableFrom(initialStep, outgoing);
  }
  const problem =
    typeof initialStep === "string"
      ? `initialStep is ${show(initialStep)}, which is not a step of the definition` +
        `${known.suggestions.for(initialStep)}.`
      : `initialStep is ${show(initialStep)}; name the step with which an instance starts.`;
  report(new UnknownStepError(problem));
  return undefined;
}

function reachableFrom(start: string, outgoing: Outgoing): ReadonlySet<string> {
  // A set can be appended to while it is iterated, so it is its own queue.
  const reached = new Set([start]);
  for (const name of reached) {
    for (const { target } of outgoing.get(name) ?? []) reached.add(target);
  }
  return reached;
}

function checkReachable(
  initialStep: unknown,
  reached: ReadonlySet<string>,
  known: KnownSteps,
  report: Report,
): void {
  for (const name of known.names) {
    if (reached.has(name)) continue;
    report(
      new UnreachableStepError(
        `Step "${name}" can never run: no path of edges leads from the initial step ` +
          `${show(initialStep)} to it; add an edge to it or remove it.`,
      ),
    );
  }
}

function checkTerminalSteps(
  terminalSteps: unknown,
  reached: ReadonlySet<string> | undefined,
  known: KnownSteps,
  report: Report,
): void {
  if (!Array.isArray(terminalSteps)) {
    const problem = `terminalSteps is ${show(terminalSteps)}; it must be a list of step names`;
    report(new InvalidOptionError(`${problem}, as in ["done"].`));
    return;
  }
  if (terminalSteps.length === 0) {
    report(
      new NoTerminalStepError(
        "No terminal step is declared; name in terminalSteps at least one step that ends a path.",
      ),
    );
    return;
  }
  const existing = terminalSteps.filter((terminal) => checkTerminal(terminal, known, report));
  const names: string[] = existing.map(({ step }) => step);
  if (reached === undefined || names.length === 0 || names.some((name) => reached.has(name)))
    return;
  report(
    new NoTerminalStepError(
      `No terminal step can be reached from the initial step (declared: ${names.join(", ")}); ` +
        "add the edges that lead to one.",
    ),
  );
}

function checkTerminal(terminal: unknown, known: KnownSteps, report: Report): boolean {
  if (typeof terminal !== "object" || terminal === null) {
    const problem = `terminalSteps contains ${show(terminal)}; it must list step names`;
    report(new InvalidOptionError(`${problem} or objects { step, terminate }.`));
    return false;
  }
  const step: unknown = Reflect.get(terminal, "step");
  if (typeof step !== "string" || !known.names.has(step)) {
    const hint = typeof step === "string" ? known.suggestions.for(step) : "";
    report(
      new UnknownStepError(
        `terminalSteps names ${show(step)}, which is not a step of the definition${hint}.`,
      ),
    );
    return false;
  }
  checkOption(`terminalSteps, "${step}"`, terminal, "terminate", rules.flag, report);
  return true;
}

function checkJoins(places: readonly Place[], outgoing: Outgoing, report: Report): void {
  const incoming = new Map<string, number>();
  for (const edges of outgoing.values()) {
    for (const { target } of edges) incoming.set(target, (incoming.get(target) ?? 0) + 1);
  }
  for (const place of places) {
    const { join } = place.node;
    if (place.parent !== undefined || !rules.count.accepts(join)) continue;
    const count = incoming.get(place.name) ?? 0;
    if (Number(join) <= count) continue;
    const edges = count === 1 ? "1 edge leads" : `${count} edges lead`;
    report(
      new JoinTooLargeError(
        `${label(place)} joins ${join} arrivals, but ${edges} ` +
          "to it, so it could never start; lower the number or add the missing edges.",
      ),
    );
  }
}

function checkGatewayEdges(place: Place, outgoing: Outgoing, report: Report): void {
  if (place.parent !== undefined) {
    report(
      new InvalidStepError(
        `${label(place)} is a gateway inside a group, where there are no edges to choose from; ` +
          "use a ConditionalGroup, or place the gateway among the definition's steps.",
      ),
    );
  } else if (!outgoing.has(place.name)) {
    report(
      new InvalidStepError(
        `${label(place)} is a gateway without outgoing edges, so it has nothing to choose from; ` +
          "add its edges or remove it.",
      ),
    );
  }
}
