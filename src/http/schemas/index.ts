import { definitionSchemas } from "./definitions.ts";
import { instanceSchemas } from "./instances.ts";
import { operationsSchemas } from "./operations.ts";
import type { FromSchema } from "./shape.ts";
import { taskSchemas } from "./tasks.ts";

/** Every named schema of the API (JSON Schema 2020-12). */
export const schemas = {
  ...definitionSchemas,
  ...instanceSchemas,
  ...taskSchemas,
  ...operationsSchemas,
} as const;

export type SchemaName = keyof typeof schemas;

/** The type of a named schema: `Shape<"Task">`. */
export type Shape<Name extends SchemaName> = FromSchema<(typeof schemas)[Name], typeof schemas>;
