import {
  type FormEvent,
  type ReactNode,
  type Ref,
  useId,
  useImperativeHandle,
  useMemo,
  useRef,
  useState,
} from "react";
import { humanize } from "../format.ts";
import { dropDraft, readDraft, saveDraft } from "./drafts.ts";
import { effectiveSchema, visibleData } from "./effective.ts";
import { FormProvider, type FormState, PropertyFields, SchemaField } from "./fields.tsx";
import {
  dereference,
  initialValue,
  isObject,
  type JsonSchema,
  textOf,
  typeOf,
} from "./json-schema.ts";
import { type Path, pathKey, setAt } from "./paths.ts";
import { type Problem, validate } from "./validate.ts";

export interface FormHandle {
  /** Sets a field as if it had been typed, for keys that decide. */
  set(path: Path, value: unknown): void;
  /** Checks and sends. */
  submit(): void;
}

export interface SchemaFormProps {
  /** Any JSON object is accepted without one. */
  readonly schema: JsonSchema | undefined;
  readonly initial?: unknown;
  /** Under which name what was typed is kept until it is sent. */
  readonly draftKey?: string;
  readonly isBusy?: boolean;
  readonly isDisabled?: boolean;
  /** What the server found wrong: the names of fields are paths with dots. */
  readonly serverProblems?: readonly { readonly field: string; readonly message: string }[];
  readonly onSubmit: (data: unknown) => void;
  readonly children: ReactNode;
  readonly handle?: Ref<FormHandle>;
}

const anything: JsonSchema = { type: "object" };

export function SchemaForm(props: SchemaFormProps): ReactNode {
  const root = props.schema ?? anything;
  const base = useId();
  const form = useRef<HTMLFormElement>(null);
  const first = useMemo(
    () => (props.initial !== undefined ? props.initial : (initialValue(root, root) ?? {})),
    [root, props.initial],
  );
  const [draft, setDraft] = useState(() => readDraft(props.draftKey));
  const [value, setValue] = useState<unknown>(draft ?? first);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [wasSent, setWasSent] = useState(false);
  const [changed, setChanged] = useState<ReadonlySet<string>>(new Set());
  const sent = visibleData(root, root, value);
  const problems = props.schema === undefined ? [] : validate(root, sent);
  const fromServer = (props.serverProblems ?? [])
    .filter(({ field }) => !changed.has(field))
    .map(({ field, message }): Problem => ({ path: field.split(".").filter(Boolean), message }));

  const idOf = (path: Path) => `${base}-${pathKey(path)}`;
  const change = (path: Path, next: unknown) => {
    const whole = setAt(value, path, next);
    setValue(whole);
    setChanged(new Set([...changed, pathKey(path)]));
    saveDraft(props.draftKey, whole);
  };
  const submit = (event?: FormEvent) => {
    event?.preventDefault();
    if (props.isBusy === true || props.isDisabled === true) return;
    setWasSent(true);
    setChanged(new Set());
    if (problems.length === 0) return props.onSubmit(sent);
    requestAnimationFrame(() => document.getElementById(`${base}-summary`)?.focus());
  };
  useImperativeHandle(props.handle, () => ({ set: change, submit: () => submit() }));

  const state: FormState = {
    root,
    value,
    isDisabled: props.isDisabled === true,
    problemAt: (path) => {
      const key = pathKey(path);
      const own = problems.find((problem) => pathKey(problem.path) === key);
      if (own !== undefined && (wasSent || left.has(key))) return own.message;
      return fromServer.find((problem) => pathKey(problem.path) === key)?.message;
    },
    change,
    leave: (path) => {
      if (!left.has(pathKey(path))) setLeft(new Set([...left, pathKey(path)]));
    },
    idOf,
  };
  const shown = wasSent && problems.length > 0 ? problems : fromServer;
  const schema = effectiveSchema(root, dereference(root, root), value);
  const discard = () => {
    dropDraft(props.draftKey);
    setDraft(undefined);
    setValue(first);
    setLeft(new Set());
    setWasSent(false);
  };

  return (
    <form
      className="form"
      ref={form}
      noValidate
      onSubmit={submit}
      aria-busy={props.isBusy === true}
    >
      {draft !== undefined && (
        <p className="help row" role="status">
          What you had typed before is here again.
          <button
            type="button"
            className="button"
            data-look="quiet"
            data-size="small"
            onClick={discard}
          >
            Discard it
          </button>
        </p>
      )}
      {shown.length > 0 && (
        <ProblemSummary id={`${base}-summary`} problems={shown} idOf={idOf} root={root} />
      )}
      <FormProvider value={state}>
        {props.schema === undefined ? (
          <FreeForm value={value} onChange={(next) => change([], next)} />
        ) : typeOf(schema) === "object" ? (
          <PropertyFields path={[]} schema={schema} />
        ) : (
          <SchemaField path={[]} schema={schema} isRequired />
        )}
      </FormProvider>
      {props.children}
    </form>
  );
}

/** All that is wrong, each leading to its field. */
function ProblemSummary(props: {
  readonly id: string;
  readonly problems: readonly Problem[];
  readonly root: JsonSchema;
  readonly idOf: (path: Path) => string;
}): ReactNode {
  const { id, problems, idOf, root } = props;
  const nameOf = (path: Path) => {
    const properties = isObject(root.properties) ? root.properties : {};
    const known = properties[path[0] ?? ""];
    const title = isObject(known) && path.length === 1 ? textOf(known.title) : undefined;
    return (
      title ?? path.map((part) => (/^\d+$/.test(part) ? `${+part + 1}` : humanize(part))).join(" ")
    );
  };
  return (
    <div className="summary" id={id} role="alert" tabIndex={-1}>
      <strong>
        {problems.length === 1 ? "One field needs" : `${problems.length} fields need`} your
        attention
      </strong>
      <ul>
        {problems.map(({ path, message }) => (
          <li key={pathKey(path) + message}>
            <button type="button" onClick={() => document.getElementById(idOf(path))?.focus()}>
              {path.length > 0 && `${nameOf(path)}: `}
              {message}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** A task without a form takes any JSON object; most often an empty one. */
function FreeForm({
  value,
  onChange,
}: {
  value: unknown;
  onChange: (next: unknown) => void;
}): ReactNode {
  const id = useId();
  const [text, setText] = useState(() =>
    isObject(value) && Object.keys(value).length > 0 ? JSON.stringify(value, undefined, 2) : "",
  );
  const [isBroken, setIsBroken] = useState(false);
  return (
    <details>
      <summary>Add data as JSON (optional)</summary>
      <label className="visually-hidden" htmlFor={id}>
        Data as a JSON object
      </label>
      <textarea
        id={id}
        className="textarea mono"
        spellCheck={false}
        value={text}
        aria-invalid={isBroken}
        onChange={(event) => {
          setText(event.target.value);
          const parsed = parseObject(event.target.value);
          setIsBroken(parsed === undefined);
          if (parsed !== undefined) onChange(parsed);
        }}
      />
      {isBroken && <p className="error">This is no JSON object.</p>}
    </details>
  );
}

function parseObject(text: string): Record<string, unknown> | undefined {
  if (text.trim() === "") return {};
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
