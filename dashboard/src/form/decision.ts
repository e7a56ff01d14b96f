import { choicesOf, dereference, type JsonSchema, schemasOf } from "./json-schema.ts";

/** The field of a form by which one approves or rejects, with the values that say so. */
export interface Decision {
  readonly field: string;
  readonly approve: unknown;
  readonly reject: unknown;
  /** Whether nothing else has to be filled in, so that many tasks can be decided at once. */
  readonly isWhole: boolean;
}

const fields = /^(is_?)?(approved?|accept(ed)?|agree[sd]?|decision|verdict|vote|granted)$/i;
const yes = /^(approved?|accept(ed)?|yes|agreed?|grant(ed)?|ok)$/i;
const no = /^(reject(ed)?|decline[sd]?|no|den(y|ied)|disagreed?|refused?)$/i;

export function decisionOf(root: JsonSchema | undefined): Decision | undefined {
  if (root === undefined) return undefined;
  const schema = dereference(root, root);
  const required = Array.isArray(schema.required) ? schema.required : [];
  for (const [field, given] of schemasOf(schema.properties)) {
    if (!fields.test(field)) continue;
    const property = dereference(root, given);
    const isWhole = required.every((name) => name === field);
    if (property.type === "boolean" && !("const" in property)) {
      return { field, approve: true, reject: false, isWhole };
    }
    const choices = choicesOf(property);
    const approve = choices.find(({ value }) => typeof value === "string" && yes.test(value));
    const reject = choices.find(({ value }) => typeof value === "string" && no.test(value));
    if (approve !== undefined && reject !== undefined) {
      return { field, approve: approve.value, reject: reject.value, isWhole };
    }
  }
  return undefined;
}
