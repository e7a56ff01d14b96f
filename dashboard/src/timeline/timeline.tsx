import { type ReactNode, useMemo, useState } from "react";
import type { StepExecution } from "tandem-workflows/client";
import { formatClock, formatMoment, formatSpan } from "../format.ts";
import { Icon } from "../ui/icons.tsx";
import { lookOf, useNow } from "../ui/parts.tsx";
import { type TimelineRow, ticksOf, timelineRows } from "./rows.ts";
import "../styles/timeline.css";

const pageSize = 200;

/** One bar per execution: what ran side by side lies one above the other. */
export function Timeline({
  steps,
  startedAt,
  endedAt,
}: {
  steps: readonly StepExecution[];
  startedAt: string;
  endedAt: string | undefined;
}): ReactNode {
  const isOver = endedAt !== undefined;
  const now = useNow(isOver ? 3_600_000 : 1000);
  const [toggled, setToggled] = useState<ReadonlySet<number>>(new Set());
  const [zoom, setZoom] = useState(1);
  const [limit, setLimit] = useState(pageSize);
  const rows = useMemo(() => timelineRows(steps, toggled), [steps, toggled]);
  const from = Math.min(Date.parse(startedAt), ...rows.slice(0, 1000).map(({ start }) => start));
  const to = Math.max(from + 1, isOver ? Date.parse(endedAt) : now);
  const span = to - from;
  const placeOf = (at: number) => (100 * Math.min(Math.max(0, at - from), span)) / span;
  const toggle = (id: number) => {
    const next = new Set(toggled);
    if (!next.delete(id)) next.add(id);
    setToggled(next);
  };
  if (rows.length === 0) return <p className="card-body muted">Nothing has started yet.</p>;
  return (
    <div className="timeline">
      <div className="timeline-tools">
        <span className="muted small">
          {formatMoment(from)}, {formatSpan(span)}
          {!isOver && " until now"}
        </span>
        <span className="row">
          <button
            type="button"
            className="button"
            data-size="small"
            data-icon
            aria-label="Less detail"
            disabled={zoom <= 1}
            onClick={() => setZoom(zoom / 2)}
          >
            <Icon name="minus" size={16} />
          </button>
          <span className="zoom-level" aria-live="polite">
            {zoom}×
          </span>
          <button
            type="button"
            className="button"
            data-size="small"
            data-icon
            aria-label="More detail"
            disabled={zoom >= 64}
            onClick={() => setZoom(zoom * 2)}
          >
            <Icon name="plus" size={16} />
          </button>
        </span>
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: a frame that scrolls, not a form's part */}
      <div
        className="timeline-frame"
        role="group"
        aria-label="Timeline; it can be moved with the arrow keys"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move what is larger than the frame
        tabIndex={0}
      >
        <div className="timeline-plane" style={{ width: `${100 * zoom}%` }}>
          <Axis from={from} to={to} zoom={zoom} placeOf={placeOf} />
          <ol className="timeline-rows">
            {rows.slice(0, limit).map((row) => (
              <Bar key={row.step.id} row={row} to={to} placeOf={placeOf} onToggle={toggle} />
            ))}
          </ol>
        </div>
      </div>
      {rows.length > limit && (
        <div className="list-foot">
          <button type="button" className="button" onClick={() => setLimit(limit + pageSize)}>
            Show more of {rows.length}
          </button>
        </div>
      )}
    </div>
  );
}

function Axis({
  from,
  to,
  zoom,
  placeOf,
}: {
  from: number;
  to: number;
  zoom: number;
  placeOf: (at: number) => number;
}): ReactNode {
  // More of the axis is drawn than is seen: the step of its marks goes by what is seen.
  const [first = from, second = to] = ticksOf(from, from + (to - from) / zoom);
  const step = Math.max(1, second - first);
  const withMilliseconds = step < 1000;
  const isDays = step >= 12 * 3_600_000;
  const ticks: number[] = [];
  for (let at = first; at <= to && ticks.length < 600; at += step) ticks.push(at);
  return (
    <div className="timeline-axis" aria-hidden="true">
      {ticks.map((at) => (
        <span key={at} style={{ left: `${placeOf(at)}%` }} data-end={placeOf(at) > 88 || undefined}>
          {isDays ? formatMoment(at) : formatClock(at, withMilliseconds)}
        </span>
      ))}
    </div>
  );
}

function Bar({
  row,
  to,
  placeOf,
  onToggle,
}: {
  row: TimelineRow;
  to: number;
  placeOf: (at: number) => number;
  onToggle: (id: number) => void;
}): ReactNode {
  const { step, depth, start, end, memberCount, isOpen } = row;
  const { path, status, attempt, iteration, compensates } = step;
  const look = lookOf(status);
  const left = placeOf(start);
  const width = placeOf(end ?? to) - left;
  const name = path.slice(path.lastIndexOf("/") + 1);
  const span = formatSpan((end ?? to) - start);
  const noteStyle = noteStyleOf(left, width);
  const notes = [
    look.label,
    iteration > 1 && `pass ${iteration}`,
    attempt > 1 && `attempt ${attempt}`,
    compensates > 0 && "undoes",
    memberCount > 0 && `${memberCount} members`,
  ].filter(Boolean);
  return (
    <li className="timeline-row" data-tone={look.tone} data-status={status}>
      <span className="timeline-name" style={{ paddingLeft: 8 + Math.min(depth, 6) * 14 }}>
        {memberCount > 0 ? (
          <button
            type="button"
            className="timeline-fold"
            aria-expanded={isOpen}
            aria-label={`Members of ${name}`}
            onClick={() => onToggle(step.id)}
          >
            <Icon name={isOpen ? "down" : "right"} size={13} />
          </button>
        ) : (
          <span className="timeline-fold" />
        )}
        <span title={path}>{name}</span>
      </span>
      <span className="timeline-track">
        <span className="timeline-bar" style={{ left: `${left}%`, width: `${width}%` }} />
        <span className="timeline-note" data-place={noteStyle.place} style={noteStyle.style}>
          <Icon name={look.icon} size={12} /> {span} · {notes.join(", ")}
        </span>
      </span>
    </li>
  );
}

/** Behind the bar where there is room, before it, or on it. */
function noteStyleOf(left: number, width: number) {
  if (left + width <= 62) return { place: "behind", style: { left: `${left + width}%` } };
  if (left > 50) return { place: "before", style: { right: `${100 - left}%` } };
  return { place: "on", style: { left: `${left}%` } };
}
