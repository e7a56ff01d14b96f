import type { ReactNode } from "react";
import type { Graph, StepExecution } from "tandem-workflows/client";
import { formatSpan } from "../format.ts";
import { findNode } from "../graph/model.ts";
import { countsText, kindName, stateText, titleOf } from "../graph/words.ts";
import { JsonView, Value } from "../ui/json-view.tsx";
import { Moment, StatusBadge } from "../ui/parts.tsx";
import { ErrorCard } from "./error-card.tsx";
import { useSteps } from "./use-steps.ts";

/** What happened at one step or group: each visit, with what came of it. */
export function StepPanel({
  instanceId,
  graph,
  path,
}: {
  instanceId: string;
  graph: Graph;
  path: string;
}): ReactNode {
  const steps = useSteps(instanceId);
  const node = findNode(graph.nodes, path);
  if (node === undefined) return null;
  const visits = (steps.value?.items ?? []).filter(
    (step) => step.compensates === 0 && nodePath(step.path) === path,
  );
  const latest = visits.slice(-5).reverse();
  return (
    <div className="step-panel">
      <h3>{titleOf(node)}</h3>
      <p className="muted">
        {kindName(node)} · <code>{path}</code> · {stateText(node)}
        {node.members.length > 0 && ` (${countsText(node)})`}
      </p>
      {node.description !== undefined && <p className="prose">{node.description}</p>}
      {latest.length === 0 && <p className="muted">It has not been reached.</p>}
      {latest.map((visit) => (
        <Visit key={visit.id} visit={visit} hasMany={visits.length > 1} />
      ))}
      {visits.length > latest.length && (
        <p className="muted">and {visits.length - latest.length} earlier visits</p>
      )}
    </div>
  );
}

/** Items and calls are counted in a path (`map/send[3]`); in the graph, all are one node. */
function nodePath(path: string): string {
  return path.replace(/\[\d+\]/g, "[]");
}

function Visit({ visit, hasMany }: { visit: StepExecution; hasMany: boolean }): ReactNode {
  const { startedAt, endedAt, attempt, iteration, error, result, writes } = visit;
  const took =
    startedAt !== undefined && endedAt !== undefined
      ? formatSpan(Date.parse(endedAt) - Date.parse(startedAt))
      : undefined;
  return (
    <section className="visit">
      <p className="row">
        {hasMany && <code>{visit.path}</code>}
        <StatusBadge status={visit.status} />
        {iteration > 1 && <span className="badge">pass {iteration}</span>}
        {attempt > 1 && <span className="badge">attempt {attempt}</span>}
        {startedAt !== undefined && (
          <span className="muted small">
            <Moment at={startedAt} isAbsolute />
            {took !== undefined && `, took ${took}`}
          </span>
        )}
      </p>
      {error !== undefined && <ErrorCard error={error} attempts={attempt} />}
      {writes !== undefined && Object.keys(writes).length > 0 && (
        <>
          <h4>What it wrote</h4>
          <JsonView data={writes} />
        </>
      )}
      {result !== undefined && result !== null && (
        <details>
          <summary>Its result</summary>
          <Value value={result} />
        </details>
      )}
    </section>
  );
}
