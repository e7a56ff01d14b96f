import type { ReactNode } from "react";
import type { Graph } from "tandem-workflows/client";
import { lookOf, StatusBadge } from "../ui/parts.tsx";
import { allNodes, linesOf } from "./model.ts";

const lineNames = [
  ["condition", "if its condition holds"],
  ["otherwise", "otherwise"],
  ["failure", "after a failure"],
  ["cancel", "after a cancellation"],
] as const;

/** Only what occurs in this graph is explained. */
export function GraphLegend({ graph }: { graph: Graph }): ReactNode {
  const lines = linesOf(graph.nodes, graph.edges);
  const looks = new Set<string>(lines.map(({ look }) => look));
  const hasLoop = lines.some(({ isLoop }) => isLoop);
  const states = new Set(allNodes(graph.nodes).map(({ state }) => state));
  const order = ["running", "waiting", "done", "failed", "canceled", "skipped", "pending"];
  const shownStates = order.filter((state) => states.has(state as never));
  const names = lineNames.filter(([look]) => looks.has(look));
  if (names.length === 0 && !hasLoop && shownStates.length === 0) return null;
  return (
    <ul className="graph-legend" aria-label="Legend">
      {shownStates.map((state) => (
        <li key={state}>
          <StatusBadge status={state} label={lookOf(state).label} />
        </li>
      ))}
      {names.map(([look, name]) => (
        <li key={look}>
          <LineSample look={look} /> {name}
        </li>
      ))}
      {hasLoop && (
        <li>
          <LineSample look="plain" isLoop /> back again
        </li>
      )}
    </ul>
  );
}

function LineSample({ look, isLoop = false }: { look: string; isLoop?: boolean }): ReactNode {
  return (
    <svg className="graph-lines" width="30" height="14" aria-hidden="true" focusable="false">
      <g className="line" data-look={look} data-loop={isLoop || undefined}>
        <path d="M1 7L29 7" />
        {look === "condition" && <path className="mark" d="M2 7L8 2L14 7L8 12z" />}
        {look === "otherwise" && <path className="mark" d="M6 13L14 1" />}
        {look === "failure" && <path className="mark" d="M6 3L14 11M14 3L6 11" />}
      </g>
    </svg>
  );
}
