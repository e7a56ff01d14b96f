import type { ReactNode } from "react";
import { useApi, useQuery } from "../data/api.tsx";
import { messageOf } from "../data/problems.ts";
import { formatCount, humanize } from "../format.ts";
import { hrefOf, Link, usePageTitle, workflowHref } from "../router.tsx";
import { Empty, lookOf, Notice, PageHead, Skeleton } from "../ui/parts.tsx";

export function WorkflowsPage(): ReactNode {
  const { config } = useApi();
  usePageTitle("Workflows", config.title);
  const definitions = useQuery("definitions", (client, signal) =>
    client.definitions.list({ signal }),
  );
  const counts = useQuery(
    "instance-counts {}",
    (client, signal) => client.instances.count({}, { signal }),
    { live: {}, isAbout: (event) => event.type === "instance" },
  );
  const latest = definitions.value?.items.filter(({ isLatest }) => isLatest) ?? [];
  const versionsOf = (workflow: string) =>
    definitions.value?.items.filter((one) => one.workflow === workflow).length ?? 0;
  return (
    <>
      <PageHead title="Workflows" />
      {definitions.error !== undefined && (
        <Notice tone="failed" icon="warn" role="alert">
          {messageOf(definitions.error)}
        </Notice>
      )}
      {definitions.value === undefined ? (
        <Skeleton lines={4} height={110} />
      ) : latest.length === 0 ? (
        <Empty icon="flow" title="No workflow is registered">
          <p>
            Workflows that the application gives to <code>registry.registerDefinition</code> stand
            here.
          </p>
        </Empty>
      ) : (
        <ul className="tiles">
          {latest.map(({ workflow, version, description }) => (
            <li key={workflow} className="card card-body tile">
              <h2>
                <Link href={workflowHref(workflow)}>{humanize(workflow)}</Link>
              </h2>
              <p className="muted small">
                {workflow} · {version}
                {versionsOf(workflow) > 1 && ` · ${versionsOf(workflow)} versions`}
              </p>
              {description !== undefined && <p>{description}</p>}
              <Counts
                counts={(counts.value?.items ?? []).filter((one) => one.workflow === workflow)}
                workflow={workflow}
              />
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

interface OneCount {
  readonly status: string;
  readonly count: number;
}

/** How many instances stand where, each leading to their list. */
export function Counts({
  counts,
  workflow,
}: {
  counts: readonly OneCount[];
  workflow?: string;
}): ReactNode {
  const totals = new Map<string, number>();
  for (const { status, count } of counts) totals.set(status, (totals.get(status) ?? 0) + count);
  if (totals.size === 0) return <p className="muted small">No instances yet</p>;
  return (
    <p className="row">
      {statusOrder
        .filter((status) => totals.has(status))
        .map((status) => (
          <Link
            key={status}
            className="badge"
            data-tone={lookOf(status).tone}
            href={hrefOf(["instances"], { status, workflow })}
          >
            {formatCount(totals.get(status) ?? 0)} {lookOf(status).label.toLowerCase()}
          </Link>
        ))}
    </p>
  );
}

export const statusOrder = [
  "running",
  "waiting",
  "failed",
  "paused",
  "pending",
  "completed",
  "canceled",
] as const;
