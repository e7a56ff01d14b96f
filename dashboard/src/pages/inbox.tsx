import { type ReactNode, useEffect, useState } from "react";
import type { TaskSummary } from "tandem-workflows/client";
import { useApi, useQuery } from "../data/api.tsx";
import { messageOf } from "../data/problems.ts";
import { BulkDecision } from "../inbox/bulk-decision.tsx";
import { InboxFilters } from "../inbox/inbox-filters.tsx";
import { ShortcutHelp } from "../inbox/shortcut-help.tsx";
import { useShortcuts } from "../inbox/shortcuts.ts";
import { TaskList } from "../inbox/task-list.tsx";
import { TaskPane } from "../inbox/task-pane.tsx";
import { type InboxView, queryOfView, taskQueryOf, viewNames, viewOf } from "../inbox/views.ts";
import { hrefOf, Link, navigate, type Route, taskHref, usePageTitle } from "../router.tsx";
import { Icon } from "../ui/icons.tsx";
import { Empty, Notice, PageHead, Skeleton, useNow } from "../ui/parts.tsx";

const pageSize = 50;

export function InboxPage({ route }: { route: Route }): ReactNode {
  const { config } = useApi();
  usePageTitle("Inbox", config.title);
  const view = viewOf(route);
  const [, instanceId, number] = route.parts;
  const openId = instanceId === undefined ? undefined : `${instanceId}/${number}`;
  const [limit, setLimit] = useState(pageSize);
  const tasks = useTasks(view, limit);
  const items = tasks.value?.items ?? [];
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const [isDeciding, setIsDeciding] = useState(false);
  const [isHelping, setIsHelping] = useState(false);
  const query = queryOfView(view);
  const open = (id: string) => navigate(taskHref(id, query));
  const step = (by: number) => {
    const index = items.findIndex(({ id }) => id === openId);
    const next = items[index < 0 ? 0 : Math.min(items.length - 1, Math.max(0, index + by))];
    if (next !== undefined && next.id !== openId) open(next.id);
  };
  useShortcuts({ j: () => step(1), k: () => step(-1), "?": () => setIsHelping(true) });
  // What is no longer in the list cannot be picked any more.
  const pickedItems = items.filter(({ id }) => picked.has(id));

  return (
    <>
      <PageHead title="Inbox">
        <button
          type="button"
          className="button keys-button"
          data-look="quiet"
          onClick={() => setIsHelping(true)}
        >
          <Icon name="help" /> Keys
        </button>
      </PageHead>
      <div className="inbox" data-open={openId !== undefined || undefined}>
        <section className="card inbox-list" aria-label="Tasks">
          <nav className="tabs" aria-label="Which tasks">
            {viewNames.map(([name, text]) => (
              <Link
                key={name}
                href={hrefOf(["inbox"], queryOfView({ ...view, name }))}
                isCurrent={view.name === name}
              >
                {text}
              </Link>
            ))}
          </nav>
          <InboxFilters view={view} onChange={(next) => goToView(next)} />
          {pickedItems.length > 0 && (
            <div className="bulk-bar row" data-spread role="status">
              <span>{pickedItems.length} chosen</span>
              <span className="row">
                <button
                  type="button"
                  className="button"
                  data-size="small"
                  data-look="primary"
                  onClick={() => setIsDeciding(true)}
                >
                  Decide together…
                </button>
                <button
                  type="button"
                  className="button"
                  data-size="small"
                  data-look="quiet"
                  onClick={() => setPicked(new Set())}
                >
                  None
                </button>
              </span>
            </div>
          )}
          <ListBody
            tasks={tasks}
            view={view}
            openId={openId}
            picked={picked}
            onPick={setPicked}
            hrefFor={(id) => taskHref(id, query)}
          />
          {tasks.value?.next !== undefined && (
            <div className="list-foot">
              <button
                type="button"
                className="button"
                disabled={limit >= 1000}
                onClick={() => setLimit(Math.min(1000, limit + pageSize))}
              >
                Show more
              </button>
            </div>
          )}
        </section>
        {openId === undefined ? (
          <section className="card inbox-empty">
            <Empty icon="inbox" title="Choose a task">
              <p>
                <kbd className="kbd">j</kbd> and <kbd className="kbd">k</kbd> go through the list.
              </p>
            </Empty>
          </section>
        ) : (
          <TaskPane
            key={openId}
            taskId={openId}
            backHref={hrefOf(["inbox"], query)}
            onDone={() => openNext(items, openId, open, hrefOf(["inbox"], query))}
          />
        )}
      </div>
      {isDeciding && (
        <BulkDecision
          tasks={pickedItems}
          onClose={() => {
            setIsDeciding(false);
            setPicked(new Set());
          }}
        />
      )}
      {isHelping && <ShortcutHelp onClose={() => setIsHelping(false)} />}
    </>
  );
}

const goToView = (view: InboxView) =>
  navigate(hrefOf(["inbox"], queryOfView(view)), { replace: true });

function openNext(
  items: readonly TaskSummary[],
  done: string,
  open: (id: string) => void,
  listHref: string,
): void {
  const index = items.findIndex(({ id }) => id === done);
  const next = items[index + 1] ?? items[index - 1];
  if (next !== undefined && index >= 0) open(next.id);
  else navigate(listHref);
}

function useTasks(view: InboxView, limit: number) {
  const { me } = useApi();
  const now = Math.floor(useNow() / 60_000) * 60_000;
  const query = { ...taskQueryOf(view, me, now), limit };
  return useQuery(
    `tasks ${JSON.stringify(query)}`,
    (client, signal) => client.tasks.list(query, { signal }),
    { live: view.isAll ? {} : { inbox: true }, isAbout: (event) => event.type === "task" },
  );
}

const emptyTexts = {
  open: ["Nothing to do", "New tasks appear here by themselves."],
  mine: ["Nothing is yours", "What you claim, and what is given to you, stands here."],
  group: ["Nothing to be claimed", "What anybody of your groups may take stands here."],
  done: ["You have completed nothing yet", "What you decided stands here, the latest first."],
} as const;

function ListBody({
  tasks,
  view,
  ...list
}: {
  tasks: ReturnType<typeof useTasks>;
  view: InboxView;
  openId: string | undefined;
  picked: ReadonlySet<string>;
  onPick: (picked: ReadonlySet<string>) => void;
  hrefFor: (id: string) => string;
}): ReactNode {
  const { value, error } = tasks;
  // A list that is read with another limit or filter for the first time has no old value.
  const [old, setOld] = useState(value);
  useEffect(() => {
    if (value !== undefined) setOld(value);
  }, [value]);
  const shown = value ?? (error === undefined ? old : undefined);
  if (error !== undefined && shown === undefined) {
    return (
      <div className="card-body">
        <Notice tone="failed" icon="warn" role="alert">
          <p>{messageOf(error)}</p>
          <button
            type="button"
            className="button"
            data-size="small"
            onClick={() => void tasks.reload()}
          >
            Try again
          </button>
        </Notice>
      </div>
    );
  }
  if (shown === undefined) {
    return (
      <div className="card-body">
        <Skeleton lines={6} height={62} />
      </div>
    );
  }
  if (shown.items.length === 0) {
    const isFiltered =
      view.workflow !== undefined || view.businessKey !== undefined || view.isOverdue;
    const [title, text] = isFiltered
      ? (["Nothing fits the filter", "Take a filter away to see more."] as const)
      : emptyTexts[view.name];
    return (
      <Empty icon="inbox" title={title}>
        <p>{text}</p>
      </Empty>
    );
  }
  return <TaskList items={shown.items} isDone={view.name === "done"} {...list} />;
}
