import { Edge, type EdgeOptions } from "../../src/definition/edge.ts";
import type { Step, WorkflowNode } from "../../src/definition/group.ts";
import { humanStep } from "../../src/definition/human-step.ts";
import { machineStep, type StepOptions } from "../../src/definition/step.ts";
import { WorkflowDefinition } from "../../src/definition/workflow-definition.ts";
import { InvalidDefinitionError, type WorkflowsError } from "../../src/errors.ts";

/** A step that does nothing. */
export const work = (name: string, options: StepOptions = {}): Step =>
  machineStep(name, () => undefined, options);

/** A step that waits for a person. */
export const ask = (name: string): Step => humanStep(name);

/** An edge without type checks on its names and options. */
export const edge = (source: string, target: string, options: object = {}): Edge =>
  new Edge(source, target, options as EdgeOptions);

/** The options of a definition that runs `steps` one after another, changed as told. */
export function optionsOf(steps: object, changes: object = {}): object {
  const names = Object.keys(steps);
  return {
    name: "order",
    steps,
    edges: names.slice(1).map((name, index) => edge(names[index] ?? "", name)),
    initialStep: names[0],
    terminalSteps: names.slice(-1),
    ...changes,
  };
}

/** Every problem of a definition, as plain JavaScript could write it. */
function problemsOf(options: object): readonly WorkflowsError[] {
  try {
    new WorkflowDefinition(options as ConstructorParameters<typeof WorkflowDefinition>[0]);
    return [];
  } catch (error) {
    if (error instanceof InvalidDefinitionError) return error.problems;
    throw error;
  }
}

/** Every problem as one line of text: its code and its message. */
export const linesOf = (options: object): string[] =>
  problemsOf(options).map(({ code, message }) => `${code}: ${message}`);

/** The problems of a definition with one step or group, `it`. */
export const linesOfNode = (node: WorkflowNode | unknown): string[] =>
  linesOf(optionsOf({ it: node }));
