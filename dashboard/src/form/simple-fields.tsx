import { type ReactNode, useState } from "react";
import { formatCount } from "../format.ts";
import { Icon } from "../ui/icons.tsx";
import { FieldFrame, type FieldProps, useForm } from "./fields.tsx";
import { choicesOf, type JsonSchema } from "./json-schema.ts";
import { getAt } from "./paths.ts";

function useValue({ path }: FieldProps) {
  const form = useForm();
  return {
    value: getAt(form.value, path),
    change: (next: unknown) => form.change(path, next),
    leave: () => form.leave(path),
  };
}

const inputTypes: Readonly<Record<string, string>> = {
  date: "date",
  time: "time",
  email: "email",
  uri: "url",
  password: "password",
};

export function TextField(props: FieldProps): ReactNode {
  const { value, change, leave } = useValue(props);
  const { schema } = props;
  const text = typeof value === "string" ? value : "";
  const format = typeof schema.format === "string" ? schema.format : "";
  if (format === "date-time") return <MomentField {...props} />;
  const { maxLength } = schema;
  const isLong =
    schema["x-multiline"] === true ||
    schema["ui:widget"] === "textarea" ||
    (typeof maxLength === "number" && maxLength > 160);
  const hint =
    typeof maxLength === "number" && text.length > maxLength * 0.8
      ? `${formatCount(text.length)} of ${formatCount(maxLength)} characters.`
      : undefined;
  const set = (next: string) => change(next === "" ? undefined : next);
  return (
    <FieldFrame {...props} hint={hint}>
      {(input) =>
        isLong ? (
          <textarea
            {...input}
            className="textarea"
            value={text}
            required={props.isRequired}
            onChange={(event) => set(event.target.value)}
            onBlur={leave}
          />
        ) : (
          <input
            {...input}
            className="input"
            type={inputTypes[format] ?? "text"}
            value={text}
            required={props.isRequired}
            onChange={(event) => set(event.target.value)}
            onBlur={leave}
          />
        )
      }
    </FieldFrame>
  );
}

/** A moment, given in the reader's own zone and kept with it. */
function MomentField(props: FieldProps): ReactNode {
  const { value, change, leave } = useValue(props);
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const shown = typeof value === "string" ? toLocalInput(value) : "";
  return (
    <FieldFrame {...props} hint={`In your time zone, ${zone}.`}>
      {(input) => (
        <input
          {...input}
          className="input"
          type="datetime-local"
          value={shown}
          required={props.isRequired}
          onChange={(event) => {
            const at = new Date(event.target.value);
            change(Number.isNaN(at.getTime()) ? undefined : at.toISOString());
          }}
          onBlur={leave}
        />
      )}
    </FieldFrame>
  );
}

function toLocalInput(text: string): string {
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return "";
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

function limitsOf({ minimum, maximum }: JsonSchema): string | undefined {
  if (typeof minimum === "number" && typeof maximum === "number") {
    return `From ${formatCount(minimum)} to ${formatCount(maximum)}.`;
  }
  if (typeof minimum === "number") return `At least ${formatCount(minimum)}.`;
  if (typeof maximum === "number") return `At most ${formatCount(maximum)}.`;
  return undefined;
}

export function NumberField(props: FieldProps): ReactNode {
  const { value, change, leave } = useValue(props);
  const { schema } = props;
  // What is being typed ("-", "1.") is not a number yet: the text is kept beside the value.
  const [typed, setTyped] = useState<string>();
  const given = typeof value === "number" || typeof value === "string" ? String(value) : "";
  const shown = typed !== undefined && Number(typed.replace(",", ".")) === value ? typed : given;
  const isWhole = schema.type === "integer";
  return (
    <FieldFrame {...props} hint={limitsOf(schema)}>
      {(input) => (
        <input
          {...input}
          className="input"
          type="text"
          inputMode={isWhole ? "numeric" : "decimal"}
          autoComplete="off"
          value={shown}
          required={props.isRequired}
          onChange={(event) => {
            const text = event.target.value.trim();
            const number = Number(text.replace(",", "."));
            setTyped(text);
            change(text === "" ? undefined : Number.isNaN(number) ? text : number);
          }}
          onBlur={leave}
        />
      )}
    </FieldFrame>
  );
}

/** Yes or no where an answer is asked for; a box to tick where it may stay empty. */
export function YesNoField(props: FieldProps): ReactNode {
  const { value, change, leave } = useValue(props);
  const form = useForm();
  const { schema } = props;
  if (!props.isRequired || schema.const === true) {
    const id = form.idOf(props.path);
    const problem = form.problemAt(props.path);
    return (
      <div className="field">
        <div className="check">
          <input
            id={id}
            type="checkbox"
            checked={value === true}
            disabled={form.isDisabled}
            aria-invalid={problem !== undefined}
            {...(problem !== undefined && { "aria-describedby": `${id}-e` })}
            onChange={(event) => change(event.target.checked)}
            onBlur={leave}
          />
          <div>
            <label htmlFor={id}>{props.title}</label>
            {typeof schema.description === "string" && <p className="help">{schema.description}</p>}
          </div>
        </div>
        {problem !== undefined && (
          <p className="error" id={`${id}-e`}>
            {problem}
          </p>
        )}
      </div>
    );
  }
  const labels = Array.isArray(schema["x-labels"]) ? schema["x-labels"] : ["Yes", "No"];
  const choices = [
    { value: true, label: String(labels[0]), help: undefined },
    { value: false, label: String(labels[1]), help: undefined },
  ];
  return <Radios {...props} choices={choices} />;
}

interface RadiosProps extends FieldProps {
  readonly choices: ReturnType<typeof choicesOf>;
}

function Radios({ choices, ...props }: RadiosProps): ReactNode {
  const { value, change, leave } = useValue(props);
  return (
    <FieldFrame {...props} isGroup>
      {({ id, name, disabled, "aria-invalid": isInvalid }) => (
        <div className="choices">
          {choices.map((choice, index) => (
            <label className="choice" key={String(choice.value)}>
              <input
                type="radio"
                id={index === 0 ? id : `${id}-${index}`}
                name={name}
                disabled={disabled}
                aria-invalid={isInvalid}
                checked={value === choice.value}
                onChange={() => change(choice.value)}
                onBlur={leave}
              />
              <span>
                {choice.label}
                {choice.help !== undefined && <span className="help"> {choice.help}</span>}
              </span>
            </label>
          ))}
        </div>
      )}
    </FieldFrame>
  );
}

export function ChoiceField(props: FieldProps): ReactNode {
  const { value, change, leave } = useValue(props);
  const choices = choicesOf(props.schema);
  if (choices.length <= 4) return <Radios {...props} choices={choices} />;
  const index = choices.findIndex((choice) => choice.value === value);
  return (
    <FieldFrame {...props}>
      {(input) => (
        <select
          {...input}
          className="select"
          required={props.isRequired}
          value={index < 0 ? "" : String(index)}
          onChange={(event) => change(choices[Number(event.target.value || -1)]?.value)}
          onBlur={leave}
        >
          <option value="">{props.isRequired ? "Choose…" : "None"}</option>
          {choices.map((choice, place) => (
            <option key={choice.label} value={place}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </FieldFrame>
  );
}

/** A file by reference: the address under which the application keeps it. */
export function FileField(props: FieldProps): ReactNode {
  const { value, change, leave } = useValue(props);
  const text = typeof value === "string" ? value : "";
  return (
    <FieldFrame {...props} hint="The address of the file.">
      {(input) => (
        <div className="row">
          <input
            {...input}
            className="input"
            type="text"
            inputMode="url"
            value={text}
            required={props.isRequired}
            onChange={(event) => change(event.target.value || undefined)}
            onBlur={leave}
          />
          {/^https?:\/\/|^\//.test(text) && (
            <a className="button" data-size="small" href={text} target="_blank" rel="noreferrer">
              <Icon name="link" size={16} /> Open the file
            </a>
          )}
        </div>
      )}
    </FieldFrame>
  );
}
