import type { ReactNode } from "react";
import type { InstanceSummary, Schedule, Statistics } from "tandem-workflows/client";
import { useAction, useApi, useQuery } from "../data/api.tsx";
import { messageOf } from "../data/problems.ts";
import { formatAgo, formatCount, formatSpan, humanize } from "../format.ts";
import { hrefOf, instanceHref, Link, taskHref, usePageTitle, workflowHref } from "../router.tsx";
import { Icon } from "../ui/icons.tsx";
import {
  Card,
  Empty,
  Moment,
  Notice,
  PageHead,
  Skeleton,
  StatusBadge,
  useNow,
} from "../ui/parts.tsx";
import { hourlyOf, Throughput } from "./throughput.tsx";

/** How it goes, and what needs somebody. */
export function OperationsPage(): ReactNode {
  const { config } = useApi();
  usePageTitle("Operations", config.title);
  const statistics = useQuery("statistics", (client, signal) => client.statistics({ signal }), {
    live: {},
  });
  return (
    <>
      <PageHead title="Operations" />
      {statistics.error !== undefined && (
        <Notice tone="failed" icon="warn" role="alert">
          {messageOf(statistics.error)}
        </Notice>
      )}
      <div className="stack">
        {statistics.value === undefined ? (
          <Skeleton lines={1} height={92} />
        ) : (
          <Figures statistics={statistics.value} />
        )}
        <LastDay />
        <div className="columns">
          <OldestTasks />
          <Failures />
        </div>
        <Stuck />
        <Schedules />
      </div>
    </>
  );
}

function Figures({ statistics }: { statistics: Statistics }): ReactNode {
  const now = useNow(10_000);
  const age = (at: string | undefined) =>
    at === undefined ? "" : `oldest ${formatAgo(Date.parse(at), now)}`;
  const count = (status: string) =>
    statistics.instances
      .filter((one) => one.status === status)
      .reduce((sum, one) => sum + one.count, 0);
  const failed = count("failed");
  return (
    <dl className="figures">
      <Figure
        name="Running"
        value={count("running")}
        href={hrefOf(["instances"], { status: "running" })}
      />
      <Figure
        name="Waiting"
        value={count("waiting")}
        href={hrefOf(["instances"], { status: "waiting" })}
      />
      <Figure
        name="Failed"
        value={failed}
        tone={failed > 0 ? "failed" : undefined}
        href={hrefOf(["instances"], { status: "failed" })}
      />
      <Figure
        name="Open tasks"
        value={statistics.openTasks}
        note={age(statistics.oldestTaskAt)}
        href={hrefOf(["inbox"], { scope: "all" })}
      />
      <Figure
        name="Overdue tasks"
        value={statistics.overdueTasks}
        tone={statistics.overdueTasks > 0 ? "waiting" : undefined}
        href={hrefOf(["inbox"], { scope: "all", overdue: "1" })}
      />
      <Figure
        name="Timers that are due"
        value={statistics.dueTimers}
        note={age(statistics.oldestDueTimerAt)}
      />
      <Figure
        name="Messages on their way"
        value={statistics.messages}
        note={age(statistics.oldestMessageAt)}
      />
      <Figure name="Engines" value={statistics.workers} />
    </dl>
  );
}

function Figure({
  name,
  value,
  note = "",
  tone,
  href,
}: {
  name: string;
  value: number;
  note?: string;
  tone?: string | undefined;
  href?: string;
}): ReactNode {
  return (
    <div className="card figure" {...(tone !== undefined && { "data-tone": tone })}>
      <dt>{href === undefined ? name : <Link href={href}>{name}</Link>}</dt>
      <dd>
        <b>{formatCount(value)}</b> <span className="muted small">{note}</span>
      </dd>
    </div>
  );
}

const hours = 24;
const sample = 1000;

/** Instances that started within a day, hour by hour, from the latest thousand. */
function LastDay(): ReactNode {
  const now = Math.floor(useNow(60_000) / 3_600_000) * 3_600_000 + 3_600_000;
  const from = now - hours * 3_600_000;
  const started = useQuery(
    `last-day ${from}`,
    (client, signal) =>
      client.instances.list(
        { startedFrom: new Date(from).toISOString(), limit: sample },
        { signal },
      ),
    { live: {}, isAbout: (event) => event.type === "instance" },
  );
  if (started.value === undefined) return <Skeleton lines={1} height={220} />;
  const { items, next } = started.value;
  const ended = items
    .filter(({ endedAt }) => endedAt !== undefined)
    .map(tookOf)
    .sort((a, b) => a - b);
  const at = (part: number) => ended[Math.min(ended.length - 1, Math.floor(part * ended.length))];
  const quantile = (part: number) => {
    const value = at(part);
    return value === undefined ? "–" : formatSpan(value);
  };
  return (
    <Card
      title="Started within 24 hours"
      aside={
        <span className="muted small">
          half took less than {quantile(0.5)}, nine in ten less than {quantile(0.9)}
          {next !== undefined && ` (of the latest ${formatCount(sample)})`}
        </span>
      }
    >
      <Throughput hours={hourlyOf(items, from, hours)} />
    </Card>
  );
}

const tookOf = ({ startedAt, endedAt }: InstanceSummary) =>
  Date.parse(endedAt ?? startedAt) - Date.parse(startedAt);

function OldestTasks(): ReactNode {
  const tasks = useQuery(
    "oldest-tasks",
    (client, signal) => client.tasks.list({ scope: "all", order: "created", limit: 8 }, { signal }),
    { live: {}, isAbout: (event) => event.type === "task" },
  );
  return (
    <Card title="Tasks that wait longest" isFlush>
      {tasks.value === undefined ? (
        <div className="card-body">
          <Skeleton lines={4} />
        </div>
      ) : tasks.value.items.length === 0 ? (
        <Empty icon="check" title="Nobody is waited for" />
      ) : (
        <ul className="waits">
          {tasks.value.items.map((task) => (
            <li key={task.id}>
              <Link className="cell-main" href={taskHref(task.id, { scope: "all" })}>
                {task.title}
              </Link>
              <span className="muted small">
                {task.assignee ?? (task.candidateGroups ?? ["anybody"]).join(", ")} ·{" "}
                <Moment at={task.createdAt} />
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

/** Of the latest failed instances, by the step at which they failed. */
function Failures(): ReactNode {
  const failed = useQuery(
    "failed",
    (client, signal) => client.instances.list({ status: ["failed"], limit: 200 }, { signal }),
    { live: {}, isAbout: (event) => event.type === "instance" },
  );
  const groups = new Map<string, InstanceSummary[]>();
  for (const item of failed.value?.items ?? []) {
    const key = `${item.workflow}\n${item.error?.path ?? ""}`;
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  const sorted = [...groups.values()].sort((a, b) => b.length - a.length).slice(0, 8);
  return (
    <Card title="Failures by step" isFlush>
      {failed.value === undefined ? (
        <div className="card-body">
          <Skeleton lines={4} />
        </div>
      ) : sorted.length === 0 ? (
        <Empty icon="check" title="Nothing has failed" />
      ) : (
        <ul className="waits">
          {sorted.map((items) => {
            const [latest] = items as [InstanceSummary];
            return (
              <li key={`${latest.workflow} ${latest.error?.path}`}>
                <span>
                  <Link
                    className="cell-main"
                    href={hrefOf(["instances"], { status: "failed", workflow: latest.workflow })}
                  >
                    {humanize(latest.workflow)}
                  </Link>{" "}
                  {latest.error?.path !== undefined && <code>{latest.error.path}</code>}
                  <span className="cell-sub bulk-note">{latest.error?.message}</span>
                </span>
                <span className="row">
                  <span className="badge" data-tone="failed">
                    {formatCount(items.length)}×
                  </span>
                  <Link className="small" href={instanceHref(latest.id)}>
                    the latest
                  </Link>
                </span>
              </li>
            );
          })}
        </ul>
      )}
    </Card>
  );
}

/** What has run for longest may have lost its way. */
function Stuck(): ReactNode {
  const running = useQuery(
    "longest-running",
    (client, signal) =>
      client.instances.list(
        { status: ["running", "pending", "paused"], order: "oldest", limit: 8 },
        { signal },
      ),
    { live: {}, isAbout: (event) => event.type === "instance" },
  );
  const now = useNow();
  const old = (running.value?.items ?? []).filter(
    ({ startedAt }) => now - Date.parse(startedAt) > 60 * 60 * 1000,
  );
  return (
    <Card title="Run or are paused for more than an hour" isFlush>
      {running.value === undefined ? (
        <div className="card-body">
          <Skeleton lines={2} />
        </div>
      ) : old.length === 0 ? (
        <p className="card-body muted">None.</p>
      ) : (
        <ul className="waits">
          {old.map((item) => (
            <li key={item.id}>
              <Link className="cell-main" href={instanceHref(item.id)}>
                {item.businessKey ?? item.id}
              </Link>
              <span className="row">
                <StatusBadge status={item.status} />
                <span className="muted small">
                  {humanize(item.workflow)}, since <Moment at={item.startedAt} />
                </span>
              </span>
            </li>
          ))}
        </ul>
      )}
    </Card>
  );
}

function Schedules(): ReactNode {
  const schedules = useQuery("schedules", (client, signal) =>
    client.schedules.list({ limit: 200 }, { signal }),
  );
  const { client } = useApi();
  const { isBusy, run } = useAction();
  if (schedules.error !== undefined) return null;
  const toggle = ({ id, isPaused }: Schedule) =>
    run(
      () => (isPaused ? client.schedules.resume(id) : client.schedules.pause(id)),
      isPaused ? `${id} goes on.` : `${id} is paused.`,
    );
  return (
    <Card title="Schedules" isFlush>
      {schedules.value === undefined ? (
        <div className="card-body">
          <Skeleton lines={2} />
        </div>
      ) : schedules.value.items.length === 0 ? (
        <p className="card-body muted">There are none.</p>
      ) : (
        <div className="table-wrap">
          <table className="table">
            <thead>
              <tr>
                <th scope="col">Schedule</th>
                <th scope="col">When</th>
                <th scope="col">Next</th>
                <th scope="col">Last</th>
                <th scope="col">
                  <span className="visually-hidden">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {schedules.value.items.map((schedule) => (
                <tr key={schedule.id}>
                  <th scope="row">
                    <div className="cell-main">{schedule.id}</div>
                    <Link className="cell-sub" href={workflowHref(schedule.workflow)}>
                      {humanize(schedule.workflow)}
                    </Link>
                  </th>
                  <td>
                    <code>{schedule.cron}</code>{" "}
                    <span className="cell-sub">{schedule.timezone}</span>
                  </td>
                  <td>
                    {schedule.isPaused ? (
                      <StatusBadge status="paused" />
                    ) : schedule.nextAt === undefined ? (
                      "never"
                    ) : (
                      <Moment at={schedule.nextAt} />
                    )}
                  </td>
                  <td>
                    {schedule.lastInstanceId !== undefined && schedule.lastAt !== undefined ? (
                      <Link href={instanceHref(schedule.lastInstanceId)}>
                        <Moment at={schedule.lastAt} />
                      </Link>
                    ) : (
                      <span className="muted">not yet</span>
                    )}
                  </td>
                  <td>
                    <button
                      type="button"
                      className="button"
                      data-size="small"
                      disabled={isBusy}
                      onClick={() => void toggle(schedule)}
                    >
                      <Icon name={schedule.isPaused ? "play" : "pause"} size={14} />
                      {schedule.isPaused ? "Resume" : "Pause"}
                      <span className="visually-hidden">{schedule.id}</span>
                    </button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </Card>
  );
}
