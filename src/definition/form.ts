import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { type FieldProblem, InvalidFormError } from "../errors.ts";
import { type JsonValue, toJson } from "../json.ts";
import type { JsonSchema } from "./form-data.ts";

/** The data as it is to be kept (what the schema made of it), or what is wrong with each field. */
export type FormResult =
  | { readonly ok: true; readonly data: JsonValue }
  | { readonly ok: false; readonly fields: readonly FieldProblem[] };

/** A form, ready to check data. */
export interface Form {
  /** The form as JSON Schema, to draw it: missing where a Standard Schema cannot tell. */
  readonly jsonSchema: JsonSchema | undefined;
  /**
   * @throws NotJsonError if the data, or what a Standard Schema made of it, is not JSON.
   */
  validate(data: unknown): FormResult | Promise<FormResult>;
}

const compiled = new WeakMap<object, Form>();

/**
 * Makes a form of what an author wrote: a JSON Schema, a Standard Schema, or nothing (any JSON
 * object).
 *
 * @throws InvalidFormError saying why it is neither.
 */
export function compileForm(schema: unknown): Form {
  if (schema === undefined) return anyObject;
  if (!isObject(schema)) {
    throw new InvalidFormError(
      `found ${schema === null ? "null" : `a ${typeof schema}`} where a form belongs; ` +
        "give a JSON Schema object or a Standard Schema (zod, valibot, arktype)",
    );
  }
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  const form = isStandardSchema(schema) ? standardForm(schema) : jsonSchemaForm(schema);
  compiled.set(schema, form);
  return form;
}

const isObject = (value: unknown): value is object =>
  (typeof value === "object" && value !== null) || typeof value === "function";

const anyObject: Form = {
  jsonSchema: undefined,
  validate(data) {
    if (typeof data === "object" && data !== null && !Array.isArray(data)) return accept(data);
    return { ok: false, fields: [{ field: "", message: "must be an object" }] };
  },
};

const accept = (data: unknown): FormResult => ({ ok: true, data: toJson(data, "The form's data") });

// --------------------------------------------------------------------------------- Standard Schema

/** Whether a value is a Standard Schema, version 1: an object or, as arktype's, a function. */
function isStandardSchema(schema: object): schema is StandardSchemaV1 {
  const standard: unknown = Reflect.get(schema, "~standard");
  return (
    typeof standard === "object" &&
    standard !== null &&
    typeof Reflect.get(standard, "validate") === "function"
  );
}

function standardForm(schema: StandardSchemaV1): Form {
  const standard = schema["~standard"];
  return {
    jsonSchema: describeAsJsonSchema(standard),
    validate(data) {
      const result = standard.validate(data);
      return result instanceof Promise ? result.then(fromStandard) : fromStandard(result);
    },
  };
}

function fromStandard(result: StandardSchemaV1.Result<unknown>): FormResult {
  if (result.issues === undefined) return accept(result.value);
  const fields = result.issues.map(({ path, message }) => ({
    field: (path ?? [])
      .map((segment) => String(typeof segment === "object" ? segment.key : segment))
      .join("."),
    message,
  }));
  return { ok: false, fields };
}

/** Some libraries can describe their schemas as JSON Schema; not every schema can be described. */
function describeAsJsonSchema(
  standard: StandardSchemaV1.Props & Partial<Pick<StandardJSONSchemaV1.Props, "jsonSchema">>,
): JsonSchema | undefined {
  try {
    return standard.jsonSchema?.input({ target: "draft-2020-12" });
  } catch {
    return undefined;
  }
}

// ------------------------------------------------------------------------------------- JSON Schema

function jsonSchemaForm(schema: object): Form {
  if (typeof schema === "function" || Array.isArray(schema)) {
    throw new InvalidFormError(
      `found ${Array.isArray(schema) ? "a list" : `the function ${schema.name}`} where a form ` +
        "belongs; give a JSON Schema object or a Standard Schema (zod, valibot, arktype)",
    );
  }
  const validate = compileJsonSchema({ ...schema });
  return {
    jsonSchema: schema as JsonSchema,
    validate(data) {
      if (validate(data)) return accept(data);
      return { ok: false, fields: fieldProblems(validate.errors ?? []) };
    },
  };
}

let sharedAjv: Ajv2020 | undefined;

/** One for all forms, made at the first use: creating it costs more than compiling ten forms. */
function getAjv(): Ajv2020 {
  if (sharedAjv !== undefined) return sharedAjv;
  sharedAjv = new Ajv2020({
    allErrors: true,
    verbose: true,
    strict: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    addUsedSchema: false,
    logger: false,
  });
  addFormats.default(sharedAjv);
  return sharedAjv;
}

const knownDialects =
  /^https?:\/\/json-schema\.org\/(draft-0[67]|draft\/20(19-09|20-12))\/schema#?$/;
const ownKeyword = /unknown keyword: "((?:x-|ui:)[^"]*)"/;

/** @param schema a copy, since its identity is given up. */
function compileJsonSchema(schema: Record<string, unknown>): ValidateFunction {
  const dialect = schema.$schema ?? "https://json-schema.org/draft/2020-12/schema";
  if (typeof dialect !== "string" || !knownDialects.test(dialect)) {
    throw new InvalidFormError(
      `the form's $schema is ${JSON.stringify(dialect)}, which is not supported; ` +
        "use draft 2020-12 or leave $schema out",
    );
  }
  if (schema.$async === true) {
    throw new InvalidFormError("the form is asynchronous ($async), which is not supported");
  }
  // Forms of different definitions may share an `$id`; they are compiled independently.
  delete schema.$schema;
  delete schema.$id;

  const ajv = getAjv();
  for (;;) {
    try {
      return ajv.compile(schema);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      const keyword = ownKeyword.exec(message)?.[1];
      if (keyword === undefined || ajv.getKeyword(keyword) !== false) {
        throw new InvalidFormError(`the form is not a valid JSON Schema: ${message}`, {
          cause: error,
        });
      }
      ajv.addKeyword(keyword);
    } finally {
      ajv.removeSchema(schema);
    }
  }
}

const quote = (value: unknown) => JSON.stringify(value);

/** Says nothing of its own when the errors of its parts are listed too. */
const summaryKeywords: ReadonlySet<string> = new Set(["if", "anyOf", "oneOf"]);

function fieldProblems(errors: readonly ErrorObject[]): FieldProblem[] {
  const telling = errors.filter(({ keyword }) => !summaryKeywords.has(keyword));
  const problems = new Map<string, FieldProblem>();
  for (const error of telling.length > 0 ? telling : errors) {
    const problem = { field: fieldOf(error), message: messageOf(error) };
    problems.set(`${problem.field}\n${problem.message}`, problem);
  }
  return [...problems.values()];
}

function fieldOf({ instancePath, params }: ErrorObject): string {
  const path = instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const inner: unknown =
    params.missingProperty ?? params.additionalProperty ?? params.unevaluatedProperty;
  return (typeof inner === "string" ? [...path, inner] : path).join(".");
}

function messageOf({ keyword, params, message }: ErrorObject): string {
  switch (keyword) {
    case "required":
    case "dependentRequired":
      return "is required";
    case "additionalProperties":
    case "unevaluatedProperties":
      return "is not a field of this form";
    case "enum":
      return `must be one of ${params.allowedValues.map(quote).join(", ")}`;
    case "const":
      return `must be ${JSON.stringify(params.allowedValue)}`;
    default:
      return message ?? `does not fit "${keyword}"`;
  }
}
