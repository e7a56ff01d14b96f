import { type ReactNode, useEffect, useId, useState } from "react";
import type { InstanceFilter } from "tandem-workflows/client";
import { useApi, useQuery } from "../data/api.tsx";
import { messageOf } from "../data/problems.ts";
import { formatCount, humanize } from "../format.ts";
import { BulkChange } from "../instance/bulk-change.tsx";
import { InstanceTable } from "../instance/instance-table.tsx";
import { hrefOf, Link, navigate, type Query, type Route, usePageTitle } from "../router.tsx";
import { Icon } from "../ui/icons.tsx";
import { Card, Empty, lookOf, Notice, PageHead, Skeleton } from "../ui/parts.tsx";
import { statusOrder } from "./workflows.tsx";

type Status = (typeof statusOrder)[number];

/** What the address says; only text, so that it goes back into the address as it is. */
interface InstancesView {
  readonly workflow: string | undefined;
  readonly version: string | undefined;
  readonly status: readonly Status[];
  readonly key: string | undefined;
  readonly tag: readonly string[];
  readonly user: string | undefined;
  readonly from: string | undefined;
  readonly parent: string | undefined;
  readonly order: "oldest" | undefined;
  readonly cursor: string | undefined;
}

function viewOf({ query }: Route): InstancesView {
  const text = (name: string) => query.get(name) ?? undefined;
  return {
    workflow: text("workflow"),
    version: text("version"),
    status: statusOrder.filter((status) => query.getAll("status").includes(status)),
    key: text("key"),
    tag: query.getAll("tag"),
    user: text("user"),
    from: text("from"),
    parent: text("parent"),
    order: text("order") === "oldest" ? "oldest" : undefined,
    cursor: text("cursor"),
  };
}

function filterOf(view: InstancesView): InstanceFilter {
  const from = view.from === undefined ? Number.NaN : Date.parse(`${view.from}T00:00`);
  return {
    workflow: view.workflow,
    version: view.version,
    ...(view.status.length > 0 && { status: view.status }),
    businessKey: view.key,
    ...(view.tag.length > 0 && { tag: view.tag }),
    user: view.user,
    ...(!Number.isNaN(from) && { startedFrom: new Date(from).toISOString() }),
    parentId: view.parent,
  };
}

const pageSize = 50;

export function InstancesPage({ route }: { route: Route }): ReactNode {
  const { config, me } = useApi();
  usePageTitle("Instances", config.title);
  const view = viewOf(route);
  const filter = filterOf(view);
  const query = { ...filter, order: view.order, cursor: view.cursor, limit: pageSize };
  const live = {
    live: {},
    isAbout: (event: { type: string }) => event.type === "instance",
  } as const;
  const page = useQuery(
    `instances ${JSON.stringify(query)}`,
    (client, signal) => client.instances.list(query, { signal }),
    live,
  );
  const { status: _any, ...withoutStatus } = filter;
  const counts = useQuery(
    `instance-counts ${JSON.stringify(withoutStatus)}`,
    (client, signal) => client.instances.count(withoutStatus, { signal }),
    live,
  );
  const [old, setOld] = useState(page.value);
  useEffect(() => {
    if (page.value !== undefined) setOld(page.value);
  }, [page.value]);
  const shown = page.value ?? (page.error === undefined ? old : undefined);
  const [isChanging, setIsChanging] = useState(false);
  const change = (next: Partial<InstancesView>) =>
    navigate(hrefOf(["instances"], { ...view, cursor: undefined, ...next }));

  return (
    <>
      <PageHead title="Instances">
        {me.isAdmin && (
          <button type="button" className="button" onClick={() => setIsChanging(true)}>
            <Icon name="layers" size={16} /> Change all of these…
          </button>
        )}
      </PageHead>
      <div className="stack">
        <StatusChips
          counts={counts.value?.items}
          chosen={view.status}
          onChange={(status) => change({ status })}
        />
        <Filters view={view} onChange={change} />
        <Card isFlush>
          {page.error !== undefined && shown === undefined ? (
            <div className="card-body">
              <Notice tone="failed" icon="warn" role="alert">
                {messageOf(page.error)}
              </Notice>
            </div>
          ) : shown === undefined ? (
            <div className="card-body">
              <Skeleton lines={8} />
            </div>
          ) : shown.items.length === 0 ? (
            <Empty icon="search" title="No instance fits">
              <p>Take a filter away, or start an instance from its workflow.</p>
              <Link className="button" href={hrefOf(["instances"])}>
                Show all
              </Link>
            </Empty>
          ) : (
            <InstanceTable items={shown.items} />
          )}
          <Pages
            isFirst={view.cursor === undefined}
            next={shown?.next}
            hrefFor={(cursor) => hrefOf(["instances"], { ...view, cursor } as Query)}
          />
        </Card>
      </div>
      {isChanging && <BulkChange filter={filter} onClose={() => setIsChanging(false)} />}
    </>
  );
}

function StatusChips({
  counts,
  chosen,
  onChange,
}: {
  counts: readonly { readonly status: string; readonly count: number }[] | undefined;
  chosen: readonly Status[];
  onChange: (chosen: readonly Status[]) => void;
}): ReactNode {
  const totals = new Map<string, number>();
  for (const { status, count } of counts ?? []) {
    totals.set(status, (totals.get(status) ?? 0) + count);
  }
  return (
    <fieldset className="chips plain">
      <legend className="visually-hidden">Status</legend>
      {statusOrder.map((status) => {
        const isOn = chosen.includes(status);
        const look = lookOf(status);
        return (
          <button
            key={status}
            type="button"
            className="chip"
            data-tone={look.tone}
            aria-pressed={isOn}
            onClick={() =>
              onChange(isOn ? chosen.filter((one) => one !== status) : [...chosen, status])
            }
          >
            <span className="chip-icon">
              <Icon name={look.icon} size={14} />
            </span>
            {status === "pending" ? "Not begun" : look.label}
            <b>{counts === undefined ? "–" : formatCount(totals.get(status) ?? 0)}</b>
          </button>
        );
      })}
    </fieldset>
  );
}

function Filters({
  view,
  onChange,
}: {
  view: InstancesView;
  onChange: (next: Partial<InstancesView>) => void;
}): ReactNode {
  const id = useId();
  const definitions = useQuery("definitions", (client, signal) =>
    client.definitions.list({ signal }),
  );
  const all = definitions.value?.items ?? [];
  const names = [...new Set([...all.map(({ workflow }) => workflow), view.workflow])].filter(
    (name) => name !== undefined,
  );
  const hasAny =
    view.workflow ?? view.key ?? view.user ?? view.from ?? view.parent ?? view.tag[0] ?? view.order;
  return (
    <search>
      <form
        className="filters"
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget);
          const text = (name: string) => String(given.get(name) ?? "").trim() || undefined;
          const tags = (text("tag") ?? "").split(",").map((tag) => tag.trim());
          onChange({
            key: text("key"),
            tag: tags.filter((tag) => tag !== ""),
            user: text("user"),
            from: text("from"),
          });
        }}
        key={JSON.stringify(view)}
      >
        <div className="field">
          <label htmlFor={`${id}w`}>Workflow</label>
          <select
            id={`${id}w`}
            className="select"
            value={view.workflow ?? ""}
            onChange={(event) => onChange({ workflow: event.target.value || undefined })}
          >
            <option value="">All</option>
            {names.map((name) => (
              <option key={name} value={name}>
                {humanize(name)}
              </option>
            ))}
          </select>
        </div>
        <TextFilter id={`${id}k`} name="key" label="Business key" value={view.key} />
        <TextFilter
          id={`${id}t`}
          name="tag"
          label="Tags, with commas"
          value={view.tag.join(", ")}
        />
        <TextFilter id={`${id}u`} name="user" label="Started by" value={view.user} />
        <div className="field">
          <label htmlFor={`${id}f`}>Started since</label>
          <input id={`${id}f`} className="input" type="date" name="from" defaultValue={view.from} />
        </div>
        <div className="field">
          <label htmlFor={`${id}o`}>Order</label>
          <select
            id={`${id}o`}
            className="select"
            value={view.order ?? ""}
            onChange={(event) =>
              onChange({ order: event.target.value === "oldest" ? "oldest" : undefined })
            }
          >
            <option value="">Newest first</option>
            <option value="oldest">Oldest first</option>
          </select>
        </div>
        <div className="row">
          <button type="submit" className="button">
            <Icon name="search" size={16} /> Search
          </button>
          {hasAny !== undefined && (
            <Link className="button" data-look="quiet" href={hrefOf(["instances"])}>
              Clear
            </Link>
          )}
        </div>
      </form>
      {view.parent !== undefined && (
        <p className="help">
          Children of <code>{view.parent}</code>
        </p>
      )}
    </search>
  );
}

function TextFilter(props: {
  id: string;
  name: string;
  label: string;
  value: string | undefined;
}): ReactNode {
  return (
    <div className="field">
      <label htmlFor={props.id}>{props.label}</label>
      <input
        id={props.id}
        className="input"
        name={props.name}
        defaultValue={props.value}
        autoComplete="off"
      />
    </div>
  );
}

/** Pages lead on by a cursor; the browser's own "back" leads back. */
function Pages({
  isFirst,
  next,
  hrefFor,
}: {
  isFirst: boolean;
  next: string | undefined;
  hrefFor: (cursor: string | undefined) => string;
}): ReactNode {
  if (isFirst && next === undefined) return null;
  return (
    <nav className="list-foot row" aria-label="More of the list">
      {!isFirst && (
        <>
          <Link className="button" data-size="small" href={hrefFor(undefined)}>
            First page
          </Link>
          <button type="button" className="button" data-size="small" onClick={() => history.back()}>
            <Icon name="left" size={14} /> Back
          </button>
        </>
      )}
      {next !== undefined && (
        <Link className="button" data-size="small" href={hrefFor(next)}>
          Next <Icon name="right" size={14} />
        </Link>
      )}
    </nav>
  );
}
