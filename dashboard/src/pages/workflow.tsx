import { type ReactNode, useState } from "react";
import type { Definition, Graph } from "tandem-workflows/client";
import { useApi, useQuery } from "../data/api.tsx";
import { failureOf, messageOf } from "../data/problems.ts";
import { dropDraft } from "../form/drafts.ts";
import { asSchema } from "../form/json-schema.ts";
import { SchemaForm } from "../form/schema-form.tsx";
import { humanize } from "../format.ts";
import { GraphView } from "../graph/graph-view.tsx";
import { findNode } from "../graph/model.ts";
import { kindName, titleOf } from "../graph/words.ts";
import { InstanceTable } from "../instance/instance-table.tsx";
import {
  hrefOf,
  instanceHref,
  Link,
  navigate,
  type Route,
  usePageTitle,
  workflowHref,
} from "../router.tsx";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icons.tsx";
import { JsonView } from "../ui/json-view.tsx";
import { Card, Empty, Notice, PageHead, Skeleton } from "../ui/parts.tsx";
import { toast } from "../ui/toasts.tsx";
import { Counts } from "./workflows.tsx";

export function WorkflowPage({ workflow, route }: { workflow: string; route: Route }): ReactNode {
  const { config } = useApi();
  const version = route.query.get("version") ?? undefined;
  usePageTitle(humanize(workflow), config.title);
  const definition = useQuery(`definition ${workflow} ${version}`, (client, signal) =>
    client.definitions.get(workflow, version, { signal }),
  );
  const graph = useQuery(`graph ${workflow} ${version}`, (client, signal) =>
    client.definitions.graph(workflow, version, { signal }),
  );
  const [isStarting, setIsStarting] = useState(false);
  const [selected, setSelected] = useState<string>();
  const { value } = definition;
  if (definition.error !== undefined && value === undefined) {
    return (
      <Empty isPage icon="warn" title="This workflow cannot be shown">
        <p>{messageOf(definition.error)}</p>
        <Link className="button" href={hrefOf(["workflows"])}>
          All workflows
        </Link>
      </Empty>
    );
  }
  return (
    <>
      <PageHead
        title={humanize(workflow)}
        crumb={<Link href={hrefOf(["workflows"])}>Workflows</Link>}
        sub={
          <>
            <code>{workflow}</code>
            {value !== undefined && <Versions definition={value} />}
          </>
        }
      >
        {value !== undefined && (
          <button
            type="button"
            className="button"
            data-look="primary"
            onClick={() => setIsStarting(true)}
          >
            <Icon name="play" size={16} /> Start
          </button>
        )}
      </PageHead>
      <div className="stack">
        {value?.description !== undefined && <p className="prose">{value.description}</p>}
        {value !== undefined && !value.isLatest && (
          <Notice tone="waiting" icon="warn">
            This is not the latest version. New instances begin with the latest unless told.
          </Notice>
        )}
        <Card title="Graph" isFlush>
          {graph.value !== undefined ? (
            <GraphView graph={graph.value} selected={selected} onSelect={setSelected} />
          ) : graph.error !== undefined ? (
            <p className="card-body error">{messageOf(graph.error)}</p>
          ) : (
            <div className="card-body graph-space" />
          )}
          {selected !== undefined && graph.value !== undefined && (
            <StepFacts graph={graph.value} path={selected} />
          )}
        </Card>
        <Recent workflow={workflow} />
      </div>
      {isStarting && value !== undefined && (
        <StartDialog definition={value} onClose={() => setIsStarting(false)} />
      )}
    </>
  );
}

function Versions({ definition }: { definition: Definition }): ReactNode {
  const { workflow, version, versions } = definition;
  if (versions.length < 2) return <span className="badge">{version}</span>;
  return (
    <label className="row">
      <span className="visually-hidden">Version</span>
      <select
        className="select version-select"
        value={version}
        onChange={(event) => navigate(workflowHref(workflow, { version: event.target.value }))}
      >
        {versions.toReversed().map((one) => (
          <option key={one} value={one}>
            Version {one}
          </option>
        ))}
      </select>
    </label>
  );
}

/** How a step was configured. */
function StepFacts({ graph, path }: { graph: Graph; path: string }): ReactNode {
  const node = findNode(graph.nodes, path);
  if (node === undefined) return null;
  return (
    <div className="step-panel" aria-live="polite">
      <h3>{titleOf(node)}</h3>
      <p className="muted">
        {kindName(node)} · <code>{path}</code>
      </p>
      {node.description !== undefined && <p className="prose">{node.description}</p>}
      {Object.keys(node.options).length > 0 && <JsonView data={node.options} />}
    </div>
  );
}

function Recent({ workflow }: { workflow: string }): ReactNode {
  const live = {
    live: {},
    isAbout: (event: { type: string; workflow?: string }) =>
      event.type === "instance" && event.workflow === workflow,
  };
  const recent = useQuery(
    `recent ${workflow}`,
    (client, signal) => client.instances.list({ workflow, limit: 10 }, { signal }),
    live,
  );
  const counts = useQuery(
    `instance-counts ${workflow}`,
    (client, signal) => client.instances.count({ workflow }, { signal }),
    live,
  );
  return (
    <Card
      title="Recent instances"
      isFlush
      aside={<Counts counts={counts.value?.items ?? []} workflow={workflow} />}
    >
      {recent.value === undefined ? (
        <div className="card-body">
          <Skeleton lines={4} />
        </div>
      ) : recent.value.items.length === 0 ? (
        <Empty icon="list" title="None yet">
          <p>Start the first one with the button above.</p>
        </Empty>
      ) : (
        <InstanceTable items={recent.value.items} />
      )}
    </Card>
  );
}

/** The form that the workflow's input schema makes, and what the application knows it by. */
function StartDialog({
  definition,
  onClose,
}: {
  definition: Definition;
  onClose: () => void;
}): ReactNode {
  const { client, queries, me, config } = useApi();
  const { workflow, version } = definition;
  const [businessKey, setBusinessKey] = useState("");
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  // Starting twice by a double click, or after an answer that got lost, starts one instance.
  const [idempotencyKey] = useState(() => crypto.randomUUID());
  const draftKey = `${config.apiUrl} ${me.user} start ${workflow}`;
  const start = async (data: unknown) => {
    setIsBusy(true);
    setError(undefined);
    try {
      const { id } = await client.instances.start(
        {
          workflow,
          version,
          initialData: data as Record<string, unknown>,
          ...(businessKey.trim() !== "" && { businessKey: businessKey.trim() }),
        },
        { idempotencyKey },
      );
      dropDraft(draftKey);
      toast(`${humanize(workflow)} has started.`);
      queries.refresh();
      navigate(instanceHref(id));
    } catch (failure) {
      setError(failure);
      setIsBusy(false);
    }
  };
  const failure = error === undefined ? undefined : failureOf(error);
  return (
    <Dialog title={`Start ${humanize(workflow)}`} onClose={onClose}>
      {failure !== undefined && failure.fields.length === 0 && (
        <Notice tone="failed" icon="warn" role="alert">
          {messageOf(error)}
        </Notice>
      )}
      <SchemaForm
        schema={asSchema(definition.inputSchema)}
        draftKey={draftKey}
        isBusy={isBusy}
        serverProblems={failure?.fields ?? []}
        onSubmit={(data) => void start(data)}
      >
        <div className="field">
          <label htmlFor="start-business-key">
            Business key <span className="optional">(optional)</span>
          </label>
          <p className="help" id="start-business-key-help">
            What you know it by, such as the number of an order.
          </p>
          <input
            id="start-business-key"
            className="input"
            aria-describedby="start-business-key-help"
            value={businessKey}
            onChange={(event) => setBusinessKey(event.target.value)}
          />
        </div>
        <div className="dialog-foot">
          <button type="button" className="button" onClick={onClose}>
            Not now
          </button>
          <button type="submit" className="button" data-look="primary" disabled={isBusy}>
            {isBusy ? "Starting…" : "Start"}
          </button>
        </div>
      </SchemaForm>
    </Dialog>
  );
}
