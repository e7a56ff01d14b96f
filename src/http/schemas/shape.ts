/**
 * Types derived from JSON Schemas, so that what is checked, what is documented and what the
 * compiler knows are one text. Only the words that these schemas use are understood.
 */

/** The value that a schema describes; `Named` are the schemas that `$ref` can name. */
export type FromSchema<Schema, Named> = Schema extends {
  $ref: `#/components/schemas/${infer Name}`;
}
  ? Name extends keyof Named
    ? FromSchema<Named[Name], Named>
    : unknown
  : Schema extends { const: infer Value }
    ? Value
    : Schema extends { enum: readonly (infer Value)[] }
      ? Value
      : Schema extends { oneOf: readonly (infer Option)[] }
        ? OneOf<Option, Named>
        : Schema extends { type: "array"; items: infer Item }
          ? readonly FromSchema<Item, Named>[]
          : Schema extends { type: "object"; properties: infer Properties }
            ? ObjectOf<Properties, RequiredOf<Schema>, Named>
            : Schema extends { type: "object"; additionalProperties: infer Value extends object }
              ? Readonly<Record<string, FromSchema<Value, Named>>>
              : Schema extends { type: keyof Plain }
                ? Plain[Schema["type"]]
                : unknown;

/** A distributive step: each option by itself. */
type OneOf<Option, Named> = Option extends unknown ? FromSchema<Option, Named> : never;

interface Plain {
  readonly string: string;
  readonly number: number;
  readonly integer: number;
  readonly boolean: boolean;
  readonly null: null;
  readonly object: Readonly<Record<string, unknown>>;
}

type RequiredOf<Schema> = Schema extends { required: readonly (infer Name)[] } ? Name : never;

type ObjectOf<Properties, Required, Named> = {
  readonly [Name in keyof Properties as Name extends Required ? Name : never]: FromSchema<
    Properties[Name],
    Named
  >;
} & {
  readonly [Name in keyof Properties as Name extends Required ? never : Name]?:
    | FromSchema<Properties[Name], Named>
    | undefined;
} extends infer Both
  ? { [Name in keyof Both]: Both[Name] }
  : never;
