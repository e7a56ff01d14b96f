import type { StandardSchemaV1 } from "@standard-schema/spec";

/** A JSON Schema (draft 2020-12). */
export type JsonSchema = Readonly<Record<string, unknown>>;

/**
 * A form is a JSON Schema, or a Standard Schema (zod, valibot, arktype), which also gives its
 * type.
 */
export type FormSchema = JsonSchema | StandardSchemaV1;

/** What is known of a form's data when its form does not say: that it has fields. */
// biome-ignore lint/suspicious/noExplicitAny: a vote is counted by `vote.approved` without a cast
export type AnyFormData = Record<string, any>;

/**
 * The type of the data that fits a form: known for a Standard Schema, and for a JSON Schema that is
 * written as a constant as far as its properties say.
 */
export type FormData<Form> = FormSchema extends Form
  ? AnyFormData
  : Form extends StandardSchemaV1
    ? StandardSchemaV1.InferOutput<Form>
    : Form extends { readonly type: "object"; readonly properties: object }
      ? ObjectData<Form, Form["properties"]>
      : AnyFormData;

type SchemaData<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly type: readonly (infer Type)[] }
      ? TypeData<Type, Schema>
      : Schema extends { readonly type: infer Type }
        ? TypeData<Type, Schema>
        : unknown;

type TypeData<Type, Schema> = Type extends "string"
  ? string
  : Type extends "number" | "integer"
    ? number
    : Type extends "boolean"
      ? boolean
      : Type extends "null"
        ? null
        : Type extends "array"
          ? Schema extends { readonly items: infer Items }
            ? SchemaData<Items>[]
            : unknown[]
          : Type extends "object"
            ? Schema extends { readonly properties: infer Properties }
              ? ObjectData<Schema, Properties>
              : Record<string, unknown>
            : unknown;

type RequiredKey<Schema> = Schema extends { readonly required: readonly (infer Key)[] }
  ? Key
  : never;

type ObjectData<Schema, Properties> = {
  [Key in keyof Properties as Key extends RequiredKey<Schema> ? Key : never]: SchemaData<
    Properties[Key]
  >;
} & {
  [Key in keyof Properties as Key extends RequiredKey<Schema> ? never : Key]?: SchemaData<
    Properties[Key]
  >;
};
