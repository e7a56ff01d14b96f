import { ConflictingNamesError, InvalidOptionError, type WorkflowsError } from "../errors.ts";
import { collectPlaces, type Place } from "./places.ts";
import { Suggestions } from "./suggest.ts";
import { validateEdges } from "./validate-edges.ts";
import { validateGraph } from "./validate-graph.ts";
import { checkForm } from "./validate-human-step.ts";
import { validateMutexes } from "./validate-mutex.ts";
import { validateNode } from "./validate-node.ts";
import { checkName, checkOption, type Report, rules, show } from "./validate-options.ts";
import { isVersion, versionRule } from "./version.ts";
import type { AnyDefinition } from "./workflow-definition.ts";

/**
 * Everything that is wrong with a definition, each with the names involved and what to do; an empty
 * list if it can run. Never throws, whatever it is given.
 */
export function validateDefinition(definition: AnyDefinition): WorkflowsError[] {
  const problems: WorkflowsError[] = [];
  const report: Report = (problem) => problems.push(problem);
  try {
    validate(definition, report);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    report(
      new InvalidOptionError(`The definition cannot be read: ${reason}; give plain values.`, {
        cause: error,
      }),
    );
  }
  return problems;
}

function validate(definition: AnyDefinition, report: Report): void {
  if (typeof definition !== "object" || definition === null) {
    const problem = `The definition is ${show(definition)}; it must be a WorkflowDefinition`;
    report(new InvalidOptionError(`${problem} or the options of one.`));
    return;
  }
  checkName("The workflow name", definition.name, report);
  if (!isVersion(definition.version)) {
    report(new InvalidOptionError(`version is ${show(definition.version)}; ${versionRule}.`));
  }
  checkOption("The definition", definition, "description", rules.text, report);
  checkOption("The definition", definition, "compensate", rules.flag, report);
  checkForm("The definition's inputSchema", definition.inputSchema, report);
  checkReducers(definition.reducers, report);

  const { steps } = definition;
  if (!isTable(steps) || Object.keys(steps).length === 0) {
    const problem = isTable(steps) ? "empty" : show(steps);
    report(
      new InvalidOptionError(`steps is ${problem}; it must be an object of step name to step.`),
    );
    return;
  }
  const names = new Set(Object.keys(steps));
  const known = { names, suggestions: new Suggestions(names) };
  const places = collectPlaces(steps, report);
  for (const place of places) validateNode(place, known, report);
  checkDataNames(places, report);
  validateMutexes(places, report);

  if (!Array.isArray(definition.edges)) {
    const problem = `edges is ${show(definition.edges)}; it must be a list of edges`;
    report(new InvalidOptionError(`${problem}, as in [new Edge("first", "second")].`));
    return;
  }
  const outgoing = validateEdges(definition.edges, known, report);
  validateGraph(definition, places, outgoing, known, report);
}

const isTable = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Map);

const reducerWords: readonly unknown[] = ["append", "merge", "sum"];

function checkReducers(reducers: unknown, report: Report): void {
  if (reducers === undefined) return;
  if (!isTable(reducers)) {
    const problem = `reducers is ${show(reducers)}; it must be an object of key to reducer`;
    report(new InvalidOptionError(`${problem}.`));
    return;
  }
  for (const [key, reducer] of Object.entries(reducers)) {
    if (typeof reducer === "function" || reducerWords.includes(reducer)) continue;
    report(
      new InvalidOptionError(
        `The reducer of "${key}" is ${show(reducer)}; ` +
          'it must be "append", "merge", "sum" or a function of the old and the new value.',
      ),
    );
  }
}

const writesData = ({ node, insideMap }: Place) =>
  !insideMap && (node.kind === "human" || node.kind === "webhook" || node.kind === "signal");

/**
 * What people, signals and webhooks give stands under the step's name, so only one step may have
 * it.
 */
function checkDataNames(places: readonly Place[], report: Report): void {
  const writers = new Map<string, Place>();
  for (const place of places) {
    if (!writesData(place)) continue;
    const other = writers.get(place.name);
    if (other === undefined) {
      writers.set(place.name, place);
      continue;
    }
    report(
      new ConflictingNamesError(
        `The ${other.node.kind} step "${other.path}" and ` +
          `the ${place.node.kind} step "${place.path}" would both write their data ` +
          `under "${place.name}"; rename one of them.`,
      ),
    );
  }
}
