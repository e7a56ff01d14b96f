import { type ReactNode, useState } from "react";
import type { Instance, RecordedError } from "tandem-workflows/client";
import { useApi, useQuery } from "../data/api.tsx";
import { failureOf, messageOf } from "../data/problems.ts";
import { formatSpan, humanize } from "../format.ts";
import { GraphView } from "../graph/graph-view.tsx";
import { Changes } from "../instance/changes.tsx";
import { ErrorCard } from "../instance/error-card.tsx";
import { InstanceActions } from "../instance/instance-actions.tsx";
import { InstanceTable } from "../instance/instance-table.tsx";
import { StepPanel } from "../instance/step-panel.tsx";
import { useSteps } from "../instance/use-steps.ts";
import {
  hrefOf,
  instanceHref,
  Link,
  type Route,
  taskHref,
  usePageTitle,
  workflowHref,
} from "../router.tsx";
import { Timeline } from "../timeline/timeline.tsx";
import { HistoryList } from "../ui/history-list.tsx";
import { Icon } from "../ui/icons.tsx";
import {
  Card,
  Due,
  Empty,
  Moment,
  Notice,
  PageHead,
  Skeleton,
  StatusBadge,
  useNow,
} from "../ui/parts.tsx";

const tabs = [
  ["graph", "Graph"],
  ["timeline", "Timeline"],
  ["data", "Data"],
  ["history", "History"],
] as const;
type Tab = (typeof tabs)[number][0];

export function InstancePage({
  instanceId,
  route,
}: {
  instanceId: string;
  route: Route;
}): ReactNode {
  const { config } = useApi();
  const instance = useQuery(
    `instance ${instanceId}`,
    (client, signal) => client.instances.get(instanceId, { signal }),
    { live: { instanceId } },
  );
  const { value, error } = instance;
  const name = value?.businessKey ?? instanceId;
  usePageTitle(value === undefined ? name : `${name}, ${value.status}`, config.title);
  const tab: Tab = tabs.find(([known]) => known === route.query.get("tab"))?.[0] ?? "graph";

  if (value === undefined && error !== undefined) {
    const isHidden = failureOf(error).status === 404;
    return (
      <Empty icon="warn" title={isHidden ? "You cannot see this instance" : "It cannot be shown"}>
        <p>{isHidden ? "It does not exist, or it is not for you." : messageOf(error)}</p>
        <Link className="button" href={hrefOf(["instances"])}>
          All instances
        </Link>
      </Empty>
    );
  }
  if (value === undefined) return <Skeleton lines={5} height={90} />;
  return (
    <>
      <PageHead
        title={name}
        crumb={
          <>
            <Link href={hrefOf(["instances"])}>Instances</Link> ·{" "}
            <Link href={workflowHref(value.workflow, { version: value.version })}>
              {humanize(value.workflow)} {value.version}
            </Link>
          </>
        }
        sub={<InstanceFacts instance={value} />}
      >
        <InstanceActions instance={value} />
      </PageHead>
      <div className="stack">
        {error !== undefined && (
          <Notice tone="waiting" icon="warn" role="status">
            {messageOf(error)} What you see may be old.
          </Notice>
        )}
        {value.error !== undefined && <Failure instanceId={instanceId} error={value.error} />}
        {value.status === "canceled" && value.reason !== undefined && (
          <Notice tone="canceled" icon="stop">
            Cancelled: {value.reason}
          </Notice>
        )}
        <WaitsFor instance={value} />
        <nav className="tabs" aria-label="Of this instance">
          {tabs.map(([one, text]) => (
            <Link key={one} href={instanceHref(instanceId, one)} isCurrent={one === tab}>
              {text}
            </Link>
          ))}
        </nav>
        {tab === "graph" && <GraphTab instanceId={instanceId} />}
        {tab === "timeline" && <TimelineTab instance={value} />}
        {tab === "data" && <DataTab instance={value} />}
        {tab === "history" && <HistoryTab instanceId={instanceId} />}
        <Children instanceId={instanceId} />
      </div>
    </>
  );
}

/** What failed for good, and how often it was tried. */
function Failure({ instanceId, error }: { instanceId: string; error: RecordedError }): ReactNode {
  const steps = useSteps(instanceId);
  const failed = steps.value?.items.findLast(({ path }) => path === error.path);
  return <ErrorCard error={error} {...(failed && { attempts: failed.attempt })} />;
}

function InstanceFacts({ instance }: { instance: Instance }): ReactNode {
  const now = useNow(5000);
  const started = Date.parse(instance.startedAt);
  const ended = instance.endedAt === undefined ? undefined : Date.parse(instance.endedAt);
  return (
    <>
      <span aria-live="polite">
        <StatusBadge status={instance.status} />
      </span>
      {instance.compensating !== undefined && (
        <span className="badge" data-tone="waiting">
          <Icon name="undo" /> Undoing what was done
        </span>
      )}
      <span className="muted small">
        Started {instance.user !== undefined && `by ${instance.user} `}
        <Moment at={instance.startedAt} /> · {ended === undefined ? "for" : "took"}{" "}
        {formatSpan((ended ?? now) - started)}
      </span>
      {instance.tags.map((tag) => (
        <Link key={tag} className="badge" href={hrefOf(["instances"], { tag })}>
          {tag}
        </Link>
      ))}
      {instance.parentId !== undefined && (
        <Link className="badge" href={instanceHref(instance.parentId)}>
          <Icon name="up" /> part of another instance
        </Link>
      )}
      {instance.businessKey !== undefined && <code className="muted small">{instance.id}</code>}
    </>
  );
}

/** The people whom it waits for, with a way to their tasks. */
function WaitsFor({ instance }: { instance: Instance }): ReactNode {
  if (instance.tasks.length === 0) return null;
  const most = 6;
  return (
    <Card title={`Waits for ${instance.tasks.length === 1 ? "a person" : "people"}`} isFlush>
      <ul className="waits">
        {instance.tasks.slice(0, most).map((task) => (
          <li key={task.id}>
            <Link className="cell-main" href={taskHref(task.id)}>
              {task.title}
            </Link>
            <span className="row">
              <span className="badge" data-tone="waiting">
                <Icon name="person" />
                {task.assignee ??
                  ([...(task.candidateUsers ?? []), ...(task.candidateGroups ?? [])].join(", ") ||
                    "anybody")}
              </span>
              {task.dueAt !== undefined && <Due at={task.dueAt} />}
              <span className="muted small">
                <Moment at={task.createdAt} />
              </span>
            </span>
          </li>
        ))}
      </ul>
      {instance.tasks.length > most && (
        <p className="list-foot muted">and {instance.tasks.length - most} more</p>
      )}
    </Card>
  );
}

function GraphTab({ instanceId }: { instanceId: string }): ReactNode {
  const graph = useQuery(
    `instance-graph ${instanceId}`,
    (client, signal) => client.instances.graph(instanceId, { signal }),
    { live: { instanceId } },
  );
  const [selected, setSelected] = useState<string>();
  return (
    <Card isFlush>
      {graph.value !== undefined ? (
        <GraphView graph={graph.value} selected={selected} onSelect={setSelected} />
      ) : graph.error !== undefined ? (
        <p className="card-body error">{messageOf(graph.error)}</p>
      ) : (
        <div className="card-body graph-space" />
      )}
      {selected !== undefined && graph.value !== undefined && (
        <StepPanel instanceId={instanceId} graph={graph.value} path={selected} />
      )}
    </Card>
  );
}

function TimelineTab({ instance }: { instance: Instance }): ReactNode {
  const steps = useSteps(instance.id);
  if (steps.value === undefined) return <Skeleton lines={6} height={30} />;
  return (
    <Card isFlush>
      <Timeline
        steps={steps.value.items}
        startedAt={instance.startedAt}
        endedAt={instance.endedAt}
      />
      {steps.value.isCut && (
        <p className="list-foot muted">Only the first {steps.value.items.length} are shown.</p>
      )}
    </Card>
  );
}

function DataTab({ instance }: { instance: Instance }): ReactNode {
  const steps = useSteps(instance.id);
  return <Changes data={instance.data} steps={steps.value?.items ?? []} />;
}

function HistoryTab({ instanceId }: { instanceId: string }): ReactNode {
  const history = useQuery(
    `history ${instanceId}`,
    (client, signal) => client.instances.history(instanceId, { limit: 1000 }, { signal }),
    { live: { instanceId } },
  );
  return (
    <Card title="Who did what">
      {history.value !== undefined ? (
        <HistoryList entries={history.value.items} />
      ) : history.error !== undefined ? (
        <p className="error">{messageOf(history.error)}</p>
      ) : (
        <Skeleton lines={4} />
      )}
    </Card>
  );
}

function Children({ instanceId }: { instanceId: string }): ReactNode {
  const children = useQuery(
    `children ${instanceId}`,
    (client, signal) =>
      client.instances.list({ parentId: instanceId, limit: 20, order: "oldest" }, { signal }),
    { live: { instanceId } },
  );
  if (children.value === undefined || children.value.items.length === 0) return null;
  return (
    <Card
      title="Instances that it started"
      isFlush
      aside={
        children.value.next !== undefined && (
          <Link href={hrefOf(["instances"], { parent: instanceId })}>All of them</Link>
        )
      }
    >
      <InstanceTable items={children.value.items} />
    </Card>
  );
}
