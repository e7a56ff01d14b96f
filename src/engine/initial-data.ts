import { compileForm } from "../definition/form.ts";
import type { AnyDefinition } from "../definition/workflow-definition.ts";
import { InstanceExistsError, InvalidArgumentError, InvalidInputError } from "../errors.ts";
import { isSameJson, toJson } from "../json.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";

export const noData: Readonly<Record<string, unknown>> = Object.freeze({});

/** What the definition's input schema makes of the data. */
export async function validInput(
  definition: AnyDefinition,
  given: unknown,
): Promise<Readonly<Record<string, unknown>>> {
  if (definition.inputSchema === undefined) return inputObject(definition, given);
  const validated = await compileForm(definition.inputSchema).validate(given);
  if (validated.ok) return inputObject(definition, validated.data);
  const list = validated.fields.map(({ field, message }) => `${field || "data"}: ${message}`);
  throw new InvalidInputError(
    `The initial data of workflow "${definition.name}" does not fit its input schema: ` +
      `${list.join("; ")}.`,
    validated.fields,
  );
}

/** A frozen copy of the data, which must be a JSON object. */
export function inputObject(
  definition: AnyDefinition,
  given: unknown,
): Readonly<Record<string, unknown>> {
  const what = `The initial data of workflow "${definition.name}"`;
  const json = toJson(given, what);
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new InvalidArgumentError(`${what} must be an object.`);
  }
  return json as Readonly<Record<string, unknown>>;
}

/** A repeated start gives the existing instance, if it asks for the same. */
export function checkSame(
  runtime: InstanceRuntime,
  definition: AnyDefinition,
  initialData: Readonly<Record<string, unknown>>,
): InstanceRuntime {
  const { id, workflow, initialData: before } = runtime.state.instance;
  const what = workflow === definition.name ? "other initial data" : `workflow "${workflow}"`;
  if (workflow === definition.name && isSameJson(before, initialData)) return runtime;
  throw new InstanceExistsError(
    `Instance "${id}" exists already, with ${what}; use another id or key to start a new one.`,
  );
}
