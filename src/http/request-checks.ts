import { Ajv2020, type ErrorObject, type ValidateFunction } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { type FieldProblem, InvalidRequestError } from "../errors.ts";
import type { RouteShape } from "./route.ts";
import { type SchemaName, schemas } from "./schemas/index.ts";

const documentId = "tandem";

/**
 * Checks bodies and parameters against the schemas that the API's document shows. Each check is
 * compiled at its first use.
 */
export class RequestChecks {
  readonly #bodies: Ajv2020;
  readonly #queries: Ajv2020;
  readonly #compiled = new Map<string | object, ValidateFunction>();

  constructor() {
    const options = { allErrors: false, strict: true, strictTypes: false, logger: false } as const;
    this.#bodies = new Ajv2020(options);
    this.#queries = new Ajv2020({ ...options, coerceTypes: "array" });
    addFormats.default(this.#bodies);
    addFormats.default(this.#queries);
    // Where the API's document has its schemas, so that what refers to one is the same here.
    this.#bodies.addKeyword("components");
    this.#bodies.addSchema({ $id: documentId, components: { schemas } });
  }

  /** @throws InvalidRequestError */
  checkBody(name: SchemaName, body: unknown): void {
    const validate = this.#compile(name, () =>
      this.#bodies.compile({ $ref: `${documentId}#/components/schemas/${name}` }),
    );
    if (!validate(body)) throw refuse("body", validate.errors);
  }

  /**
   * The query parameters of a route, with the types of their schemas.
   *
   * @throws InvalidRequestError
   */
  readQuery(route: RouteShape, search: URLSearchParams): Record<string, unknown> {
    const { query: properties = {} } = route;
    const query: Record<string, unknown> = Object.create(null);
    for (const name of new Set(search.keys())) {
      const values = search.getAll(name);
      query[name] = values.length === 1 ? values[0] : values;
    }
    if (Object.keys(query).length === 0) return query;
    const validate = this.#compile(route, () =>
      this.#queries.compile({ type: "object", additionalProperties: false, properties }),
    );
    if (!validate(query)) throw refuse("query", validate.errors);
    return query;
  }

  #compile(key: string | object, compile: () => ValidateFunction): ValidateFunction {
    const known = this.#compiled.get(key);
    if (known !== undefined) return known;
    const made = compile();
    this.#compiled.set(key, made);
    return made;
  }
}

function refuse(where: string, errors: readonly ErrorObject[] | null | undefined) {
  const fields = (errors ?? []).map(problemOf);
  const list = fields.map(({ field, message }) => `${field || `the ${where}`}: ${message}`);
  return new InvalidRequestError(
    `The ${where} is not what this operation takes: ${list.join("; ")}.`,
    fields,
  );
}

function problemOf({ instancePath, params, message }: ErrorObject): FieldProblem {
  const path = instancePath
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
  const inner: unknown = params.missingProperty ?? params.additionalProperty;
  const field = (typeof inner === "string" ? [...path, inner] : path).join(".");
  if (params.missingProperty !== undefined) return { field, message: "is required" };
  if (params.additionalProperty !== undefined) return { field, message: "is not known" };
  if (Array.isArray(params.allowedValues)) {
    return { field, message: `must be one of ${params.allowedValues.join(", ")}` };
  }
  return { field, message: message ?? "is not right" };
}
