import { createContext, type ReactNode, use, useId } from "react";
import { humanize } from "../format.ts";
import { effectiveSchema } from "./effective.ts";
import {
  choicesOf,
  dereference,
  type JsonSchema,
  listOf,
  schemasOf,
  textOf,
  typeOf,
} from "./json-schema.ts";
import { ListField } from "./list-field.tsx";
import { getAt, type Path, pathKey } from "./paths.ts";
import { ChoiceField, FileField, NumberField, TextField, YesNoField } from "./simple-fields.tsx";

export interface FormState {
  readonly root: JsonSchema;
  readonly value: unknown;
  readonly isDisabled: boolean;
  /** What to say at a field: only once it was left, or the form was sent. */
  problemAt(path: Path): string | undefined;
  change(path: Path, next: unknown): void;
  leave(path: Path): void;
  /** The id of the field's input, so that a list of problems can lead to it. */
  idOf(path: Path): string;
}

const FormContext = createContext<FormState | undefined>(undefined);
export const FormProvider = FormContext.Provider;

export function useForm(): FormState {
  const form = use(FormContext);
  if (form === undefined) throw new Error("A field stands outside of a form.");
  return form;
}

export interface FieldProps {
  readonly path: Path;
  readonly schema: JsonSchema;
  readonly isRequired: boolean;
  readonly title: string;
}

/** Draws whatever a schema describes. */
export function SchemaField({
  path,
  schema: given,
  isRequired,
}: Omit<FieldProps, "title">): ReactNode {
  const form = useForm();
  const value = getAt(form.value, path);
  const schema = effectiveSchema(form.root, dereference(form.root, given), value);
  const title = textOf(schema.title) ?? humanize(path.at(-1) ?? "");
  const props = { path, schema, isRequired, title };
  if (schema["x-file"] === true || schema.format === "file") return <FileField {...props} />;
  const type = typeOf(schema);
  if (type === "boolean") return <YesNoField {...props} />;
  if (type === "array") return <ListField {...props} />;
  if (choicesOf(schema).length > 0) return <ChoiceField {...props} />;
  if (type === "object") return <ObjectField {...props} />;
  if (type === "number" || type === "integer") return <NumberField {...props} />;
  return <TextField {...props} />;
}

function ObjectField({ path, schema, title }: FieldProps): ReactNode {
  const help = textOf(schema.description);
  return (
    <fieldset className="fieldset">
      <legend>{title}</legend>
      {help !== undefined && <p className="help">{help}</p>}
      <PropertyFields path={path} schema={schema} />
    </fieldset>
  );
}

/** The fields of an object, in the order in which the schema names them. */
export function PropertyFields({ path, schema }: Pick<FieldProps, "path" | "schema">): ReactNode {
  const required = new Set(listOf(schema.required));
  return schemasOf(schema.properties).map(([name, property]) => (
    <SchemaField
      key={name}
      path={[...path, name]}
      schema={property}
      isRequired={required.has(name)}
    />
  ));
}

/** What stands around every input: label, help, and what is wrong. */
export function FieldFrame({
  path,
  schema,
  isRequired,
  title,
  hint,
  isGroup = false,
  children,
}: FieldProps & {
  readonly hint?: string | undefined;
  /** Whether it holds several inputs, such as radio buttons. */
  readonly isGroup?: boolean;
  readonly children: (ids: InputIds) => ReactNode;
}): ReactNode {
  const form = useForm();
  const problem = form.problemAt(path);
  const base = useId();
  const id = form.idOf(path);
  const help = [textOf(schema.description), hint].filter(Boolean).join(" ");
  const describedBy = [help !== "" && `${base}h`, problem !== undefined && `${base}e`]
    .filter(Boolean)
    .join(" ");
  const input: InputIds = {
    id,
    name: pathKey(path),
    disabled: form.isDisabled || schema.readOnly === true,
    "aria-invalid": problem !== undefined,
    ...(describedBy !== "" && { "aria-describedby": describedBy }),
  };
  const mark = !isRequired && <span className="optional"> (optional)</span>;
  const rest = (
    <>
      {help !== "" && (
        <p className="help" id={`${base}h`}>
          {help}
        </p>
      )}
      {children(input)}
      {problem !== undefined && (
        <p className="error" id={`${base}e`}>
          {problem}
        </p>
      )}
    </>
  );
  if (isGroup) {
    return (
      <fieldset className="field" aria-describedby={describedBy || undefined}>
        <legend>
          {title}
          {mark}
        </legend>
        {rest}
      </fieldset>
    );
  }
  return (
    <div className="field">
      <label htmlFor={id}>
        {title}
        {mark}
      </label>
      {rest}
    </div>
  );
}

export interface InputIds {
  readonly id: string;
  readonly name: string;
  readonly disabled: boolean;
  readonly "aria-invalid": boolean;
  readonly "aria-describedby"?: string;
}
