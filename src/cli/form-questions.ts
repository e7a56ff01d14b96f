import { compileForm } from "../definition/form.ts";
import type { FieldProblem } from "../errors.ts";

type Schema = Readonly<Record<string, unknown>>;

/** One thing to ask for in a form. */
export interface Question {
  /** Dotted path of the field. */
  readonly path: readonly string[];
  readonly title: string;
  readonly description: string | undefined;
  readonly isRequired: boolean;
  readonly kind: "boolean" | "choice" | "number" | "text" | "list" | "json";
  /** What may be chosen, and how each is called. */
  readonly choices: readonly { readonly value: unknown; readonly title: string }[];
  readonly preset: unknown;
  readonly schema: Schema;
}

/** What answers make of a form; `undefined` for a form without fields to ask for one by one. */
export function questionsOf(form: Schema): readonly Question[] | undefined {
  const questions = fieldsOf(form, form, [], true);
  return questions.length === 0 ? undefined : questions;
}

/** The value that an answer means, or what is wrong with it. */
export async function readAnswer(
  form: Schema,
  question: Question,
  answer: string,
): Promise<{ readonly value: unknown } | { readonly problem: string }> {
  const parsed = parse(question, answer);
  if ("problem" in parsed) return parsed;
  const problem = await problemWith(form, question, parsed.value);
  return problem === undefined ? parsed : { problem };
}

function* fields(form: Schema, root: Schema, path: readonly string[], isNeeded: boolean) {
  const { properties, required } = form;
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  for (const [name, given] of Object.entries(isTable(properties) ? properties : {})) {
    const schema = resolveRef(given, root);
    const isRequired = isNeeded && needed.includes(name);
    // What is not needed is not taken apart: left out, all of it is.
    const isGroup = isTable(schema.properties) && isRequired;
    if (isGroup) yield* fieldsOf(schema, root, [...path, name], isRequired);
    else if (!("const" in schema)) yield questionFor(schema, root, [...path, name], isRequired);
  }
}

function fieldsOf(
  form: Schema,
  root: Schema,
  path: readonly string[],
  isNeeded: boolean,
): readonly Question[] {
  return [...fields(form, root, path, isNeeded)];
}

function questionFor(
  schema: Schema,
  root: Schema,
  path: readonly string[],
  isRequired: boolean,
): Question {
  const { title, description, default: preset } = schema;
  const choices = choicesOf(schema);
  const told = typeof title === "string" ? title : (path.at(-1) ?? "");
  return {
    path,
    title: told,
    description: typeof description === "string" ? description : undefined,
    isRequired,
    kind: choices.length > 0 ? "choice" : kindOf(schema, root),
    choices,
    preset,
    schema,
  };
}

function choicesOf({ enum: values, oneOf, anyOf }: Schema): Question["choices"] {
  if (Array.isArray(values)) {
    return values.map((value: unknown) => ({ value, title: showValue(value) }));
  }
  const branches: unknown = oneOf ?? anyOf;
  if (!Array.isArray(branches) || !branches.every((each) => isTable(each) && "const" in each)) {
    return [];
  }
  return branches.map((each: Schema) => ({
    value: each.const,
    title: typeof each.title === "string" ? each.title : showValue(each.const),
  }));
}

function kindOf(schema: Schema, root: Schema): Question["kind"] {
  const { type } = schema;
  switch (type) {
    case "boolean":
      return "boolean";
    case "number":
    case "integer":
      return "number";
    case "string":
      return "text";
    case "array": {
      const items = resolveRef(schema.items, root);
      return items.type === "string" ? "list" : "json";
    }
    default:
      return "json";
  }
}

/** A reference into the form itself is followed; what else there is, the form knows. */
function resolveRef(given: unknown, root: Schema): Schema {
  if (!isTable(given)) return {};
  const { $ref: reference } = given;
  if (typeof reference !== "string" || !reference.startsWith("#/")) return given;
  let found: unknown = root;
  for (const name of reference.slice(2).split("/")) found = Reflect.get(Object(found), name);
  return isTable(found) ? { ...found, ...given, $ref: undefined } : given;
}

function isTable(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function showValue(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

// ------------------------------------------------------------------------------------- the answers

type Parsed = { readonly value: unknown } | { readonly problem: string };

function parse(question: Question, answer: string): Parsed {
  const text = answer.trim();
  switch (question.kind) {
    case "boolean":
      if (/^(?:y|yes|true)$/i.test(text)) return { value: true };
      if (/^(?:n|no|false)$/i.test(text)) return { value: false };
      return { problem: "answer yes or no" };
    case "choice":
      return parseChoice(question, text);
    case "number":
      return text !== "" && Number.isFinite(Number(text))
        ? { value: Number(text) }
        : { problem: "write a number" };
    case "text":
      return { value: answer };
    case "list":
      return { value: text.split(",").map((each) => each.trim()) };
    case "json":
      try {
        return { value: JSON.parse(text) as unknown };
      } catch {
        return { problem: 'write JSON, such as {"a": 1} or ["b"]' };
      }
  }
}

function parseChoice({ choices }: Question, text: string): Parsed {
  const byName = choices.find(
    ({ value, title }) => title.toLowerCase() === text.toLowerCase() || showValue(value) === text,
  );
  const chosen = byName ?? (/^\d+$/.test(text) ? choices[Number(text) - 1] : undefined);
  return chosen === undefined
    ? { problem: `choose a number from 1 to ${choices.length}` }
    : { value: chosen.value };
}

/** The form judges a field as if it stood alone. */
async function problemWith(
  form: Schema,
  { path, schema }: Question,
  value: unknown,
): Promise<string | undefined> {
  const { $defs, definitions } = form;
  const alone = {
    ...($defs !== undefined && { $defs }),
    ...(definitions !== undefined && { definitions }),
    type: "object",
    properties: { field: schema },
  };
  const result = await compileForm(alone).validate({ field: value });
  if (result.ok) return undefined;
  return result.fields.map((problem) => messageFor(problem, path)).join("; ");
}

function messageFor({ field, message }: FieldProblem, path: readonly string[]): string {
  const inside = field.replace(/^field\.?/, "");
  return inside === "" ? message : `${[...path, inside].join(".")} ${message}`;
}

/** The answers as one value, each at its path. */
export function assemble(answers: ReadonlyMap<Question, unknown>, form: Schema): Schema {
  const data: Record<string, unknown> = constantsOf(form);
  for (const [{ path }, value] of answers) {
    let place = data;
    for (const name of path.slice(0, -1)) {
      const inner = Object.hasOwn(place, name) ? place[name] : undefined;
      const next = isTable(inner) ? (inner as Record<string, unknown>) : {};
      place[name] = next;
      place = next;
    }
    place[path.at(-1) ?? ""] = value;
  }
  return data;
}

function constantsOf({ properties, required }: Schema): Record<string, unknown> {
  const needed: readonly unknown[] = Array.isArray(required) ? required : [];
  const constants = Object.entries(isTable(properties) ? properties : {}).flatMap(
    ([name, schema]) =>
      needed.includes(name) && isTable(schema) && "const" in schema ? [[name, schema.const]] : [],
  );
  return Object.fromEntries(constants) as Record<string, unknown>;
}
