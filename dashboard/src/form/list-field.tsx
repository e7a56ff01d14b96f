import { type ReactNode, useState } from "react";
import { Icon } from "../ui/icons.tsx";
import { effectiveSchema } from "./effective.ts";
import { FieldFrame, type FieldProps, PropertyFields, SchemaField, useForm } from "./fields.tsx";
import { asSchema, choicesOf, dereference, initialValue, textOf, typeOf } from "./json-schema.ts";
import { getAt } from "./paths.ts";

/** A list: boxes to tick where its entries are chosen from a few, rows to add otherwise. */
export function ListField(props: FieldProps): ReactNode {
  const form = useForm();
  const items = dereference(form.root, asSchema(props.schema.items) ?? {});
  if (props.schema.uniqueItems === true && choicesOf(items).length > 0) {
    return <ManyChoices {...props} choices={choicesOf(items)} />;
  }
  return <Rows {...props} />;
}

function useList({ path }: FieldProps) {
  const form = useForm();
  const value = getAt(form.value, path);
  const list: readonly unknown[] = Array.isArray(value) ? value : [];
  return { form, list, change: (next: readonly unknown[]) => form.change(path, next) };
}

function ManyChoices({
  choices,
  ...props
}: FieldProps & { choices: ReturnType<typeof choicesOf> }): ReactNode {
  const { list, change } = useList(props);
  return (
    <FieldFrame {...props} isGroup>
      {({ id, disabled }) => (
        <div className="choices">
          {choices.map(({ value, label }, index) => (
            <label className="choice" key={label}>
              <input
                type="checkbox"
                id={index === 0 ? id : `${id}-${index}`}
                disabled={disabled}
                checked={list.includes(value)}
                onChange={(event) => {
                  const kept = choices
                    .map((choice) => choice.value)
                    .filter((item) =>
                      item === value ? event.target.checked : list.includes(item),
                    );
                  change(kept);
                }}
              />
              {label}
            </label>
          ))}
        </div>
      )}
    </FieldFrame>
  );
}

let nextKey = 0;

function Rows(props: FieldProps): ReactNode {
  const { form, list, change } = useList(props);
  const { path, schema, title } = props;
  const items = asSchema(schema.items) ?? {};
  const itemSchema = dereference(form.root, items);
  const itemTitle = textOf(itemSchema.title) ?? singular(title);
  const isPlain = typeOf(itemSchema) !== "object";
  // Rows keep their identity, and so their inputs and focus, when one before them goes.
  const [keys, setKeys] = useState<readonly number[]>([]);
  const shownKeys = list.map((_, index) => keys[index] ?? -1 - index);
  const { minItems, maxItems } = schema;
  const isFull = typeof maxItems === "number" && list.length >= maxItems;
  const isLeast = typeof minItems === "number" && list.length <= minItems;

  const add = () => {
    nextKey += 1;
    setKeys([...shownKeys, nextKey]);
    change([...list, initialValue(form.root, items) ?? (isPlain ? "" : {})]);
    const id = form.idOf([...path, `${list.length}`]);
    requestAnimationFrame(() => {
      const row = document.getElementById(`${id}-row`);
      row?.querySelector<HTMLElement>("input, select, textarea")?.focus();
    });
  };
  const remove = (index: number) => {
    setKeys(shownKeys.filter((_, place) => place !== index));
    change(list.filter((_, place) => place !== index));
    requestAnimationFrame(() => document.getElementById(form.idOf(path))?.focus());
  };

  return (
    <FieldFrame {...props} isGroup>
      {({ id, disabled }) => (
        <div className="items">
          {list.map((_, index) => {
            const itemPath = [...path, `${index}`];
            return (
              <div className="fieldset" key={shownKeys[index]} id={`${form.idOf(itemPath)}-row`}>
                <div className="item-head">
                  <h3>
                    {itemTitle} {index + 1}
                  </h3>
                  <button
                    type="button"
                    className="button"
                    data-look="quiet"
                    data-size="small"
                    disabled={disabled || isLeast}
                    onClick={() => remove(index)}
                  >
                    <Icon name="cross" size={15} /> Remove
                    <span className="visually-hidden">
                      {itemTitle} {index + 1}
                    </span>
                  </button>
                </div>
                {isPlain ? (
                  <SchemaField
                    path={itemPath}
                    schema={{ ...itemSchema, title: `${itemTitle} ${index + 1}` }}
                    isRequired
                  />
                ) : (
                  <PropertyFields
                    path={itemPath}
                    schema={effectiveSchema(form.root, itemSchema, list[index])}
                  />
                )}
              </div>
            );
          })}
          <div>
            <button
              type="button"
              id={id}
              className="button"
              data-size="small"
              disabled={disabled || isFull}
              onClick={add}
            >
              <Icon name="plus" size={15} /> Add {itemTitle.toLowerCase()}
            </button>
          </div>
        </div>
      )}
    </FieldFrame>
  );
}

function singular(title: string): string {
  if (/ies$/i.test(title)) return `${title.slice(0, -3)}y`;
  return /[^s]s$/i.test(title) ? title.slice(0, -1) : title;
}
