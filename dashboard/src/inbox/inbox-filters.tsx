import { type ReactNode, useEffect, useId, useState } from "react";
import { useApi, useQuery } from "../data/api.tsx";
import { humanize } from "../format.ts";
import type { InboxView } from "./views.ts";

export function InboxFilters({
  view,
  onChange,
}: {
  view: InboxView;
  onChange: (view: InboxView) => void;
}): ReactNode {
  const { me } = useApi();
  const id = useId();
  const definitions = useQuery("definitions", (client, signal) =>
    client.definitions.list({ signal }),
  );
  const names = [...new Set(definitions.value?.items.map(({ workflow }) => workflow) ?? [])];
  if (view.workflow !== undefined && !names.includes(view.workflow)) names.push(view.workflow);
  const [key, setKey] = useState(view.businessKey ?? "");
  useEffect(() => setKey(view.businessKey ?? ""), [view.businessKey]);
  return (
    <div className="inbox-filters">
      <label className="visually-hidden" htmlFor={`${id}w`}>
        Workflow
      </label>
      <select
        id={`${id}w`}
        className="select"
        value={view.workflow ?? ""}
        onChange={(event) => onChange({ ...view, workflow: event.target.value || undefined })}
      >
        <option value="">All workflows</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {humanize(name)}
          </option>
        ))}
      </select>
      <label className="visually-hidden" htmlFor={`${id}k`}>
        Business key, exactly
      </label>
      <input
        id={`${id}k`}
        className="input"
        type="search"
        placeholder="Business key"
        value={key}
        onChange={(event) => setKey(event.target.value)}
        onBlur={() => onChange({ ...view, businessKey: key.trim() || undefined })}
        onKeyDown={(event) => {
          if (event.key === "Enter") onChange({ ...view, businessKey: key.trim() || undefined });
        }}
      />
      {view.name !== "done" && (
        <div className="chips">
          <Chip
            isOn={view.isOverdue}
            onClick={() => onChange({ ...view, isOverdue: !view.isOverdue })}
          >
            Overdue
          </Chip>
          <Chip
            isOn={view.order === "due"}
            onClick={() => onChange({ ...view, order: view.order === "due" ? "created" : "due" })}
          >
            By due date
          </Chip>
          {me.isAdmin && (
            <Chip isOn={view.isAll} onClick={() => onChange({ ...view, isAll: !view.isAll })}>
              Everybody's
            </Chip>
          )}
        </div>
      )}
    </div>
  );
}

function Chip({
  isOn,
  onClick,
  children,
}: {
  isOn: boolean;
  onClick: () => void;
  children: ReactNode;
}): ReactNode {
  return (
    <button type="button" className="chip" aria-pressed={isOn} onClick={onClick}>
      {children}
    </button>
  );
}
