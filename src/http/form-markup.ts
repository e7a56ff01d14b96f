import { html } from "hono/html";
import type { Markup } from "./page.ts";

/** A field of a form, as far as a page without scripts can show it. */
interface Field {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  readonly isRequired: boolean;
  readonly schema: FieldSchema;
}

interface FieldSchema {
  readonly type?: unknown;
  readonly title?: unknown;
  readonly description?: unknown;
  readonly enum?: unknown;
  readonly format?: unknown;
  readonly minimum?: unknown;
  readonly maximum?: unknown;
  readonly maxLength?: unknown;
}

/** The fields of a form; undefined if it asks for more than such a page can show. */
export function fieldsOf(form: object | undefined): readonly Field[] | undefined {
  if (form === undefined) return [];
  const { type, properties = {}, required = [], ...rest } = form as Record<string, unknown>;
  const isPlain = !["allOf", "anyOf", "oneOf", "if", "$ref"].some((word) => word in rest);
  if (type !== "object" || !isPlain || typeof properties !== "object" || properties === null) {
    return undefined;
  }
  const fields: Field[] = [];
  for (const [name, value] of Object.entries(properties)) {
    const isRequired = Array.isArray(required) && required.includes(name);
    const schema = Object(value) as FieldSchema;
    if (!isShowable(schema)) {
      if (isRequired) return undefined;
      continue;
    }
    const label = typeof schema.title === "string" ? schema.title : name;
    const help = typeof schema.description === "string" ? schema.description : "";
    fields.push({ name, label, help, isRequired, schema });
  }
  return fields;
}

function isShowable({ type, enum: values }: FieldSchema): boolean {
  if (Array.isArray(values)) return values.every((value) => typeof value === "string");
  return type === "boolean" || type === "string" || type === "number" || type === "integer";
}

export function fieldMarkup(field: Field): Markup {
  const { label, help, name } = field;
  if (field.schema.type === "boolean") return yesOrNo(field);
  return html`<label for="${name}">${label}</label>
${help === "" ? "" : html`<p>${help}</p>`}
${controlOf(field)}
`;
}

function yesOrNo({ name, label, help, isRequired }: Field): Markup {
  const choice = (value: string, text: string) => html`<label class="choice">
<input type="radio" name="${name}" value="${value}"${isRequired ? " required" : ""}> ${text}
</label>
`;
  return html`<fieldset><legend>${label}</legend>
${help === "" ? "" : html`<p>${help}</p>`}
${choice("true", "Yes")}${choice("false", "No")}</fieldset>
`;
}

function controlOf({ name, isRequired, schema }: Field): Markup {
  const { type, enum: values, format, minimum, maximum, maxLength } = schema;
  const required = isRequired ? " required" : "";
  if (Array.isArray(values)) {
    return html`<select id="${name}" name="${name}"${required}>
<option value=""></option>
${values.map((value) => html`<option value="${value}">${value}</option>`)}
</select>`;
  }
  if (type === "number" || type === "integer") {
    const limits = [
      typeof minimum === "number" ? html` min="${minimum}"` : "",
      typeof maximum === "number" ? html` max="${maximum}"` : "",
    ];
    const step = type === "integer" ? "1" : "any";
    return html`<input type="number" step="${step}"${limits}
id="${name}" name="${name}"${required}>`;
  }
  if (format === "date" || format === "email") {
    return html`<input type="${format}" id="${name}" name="${name}"${required}>`;
  }
  const most = typeof maxLength === "number" ? html` maxlength="${maxLength}"` : "";
  return html`<textarea id="${name}" name="${name}" rows="3"${most}${required}></textarea>`;
}

/** What was filled in, with the types of the form; what was left empty is left out. */
export function readForm(
  fields: readonly Field[],
  filled: URLSearchParams,
): Record<string, unknown> {
  const entries = fields.flatMap(({ name, schema }): [string, unknown][] => {
    const text = filled.get(name);
    if (text === null || text === "") return [];
    if (schema.type === "boolean") return [[name, text === "true"]];
    const isNumber = schema.type === "number" || schema.type === "integer";
    // What is no number is refused by the form's own check.
    if (isNumber && Number.isFinite(Number(text))) return [[name, Number(text)]];
    // Browsers end lines with both characters.
    return [[name, text.replaceAll("\r\n", "\n")]];
  });
  return Object.fromEntries(entries);
}
