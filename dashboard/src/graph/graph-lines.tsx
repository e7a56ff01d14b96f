import { memo, type ReactNode } from "react";
import type { Drawn, Layout, Point } from "./layout.ts";
import type { Line } from "./model.ts";

/** The lines of a graph: what they mean is in their colour, their dashes and their marks. */
export const GraphLines = memo(function GraphLines({
  layout,
  lines,
  hasInstance,
}: {
  layout: Layout;
  /** As the instance has taken them by now. */
  lines: readonly Line[];
  hasInstance: boolean;
}): ReactNode {
  const taken = new Map(lines.map((line) => [line.id, line.taken ?? 0]));
  return (
    <svg
      className="graph-lines"
      width={layout.width}
      height={layout.height}
      aria-hidden="true"
      focusable="false"
    >
      <defs>
        {["plain", "taken", "failure", "loop", "cancel"].map((look) => (
          <marker
            key={look}
            id={`arrow-${look}`}
            className={`arrow-${look}`}
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="8"
            markerHeight="8"
            markerUnits="userSpaceOnUse"
            orient="auto"
          >
            <path d="M0 0L8 4L0 8z" />
          </marker>
        ))}
      </defs>
      {layout.drawn.map((drawn) => (
        <DrawnLine
          key={drawn.line.id}
          drawn={drawn}
          taken={hasInstance ? taken.get(drawn.line.id) : undefined}
        />
      ))}
    </svg>
  );
});

function DrawnLine({ drawn, taken }: { drawn: Drawn; taken: number | undefined }): ReactNode {
  const { line, points, label } = drawn;
  const { look, isLoop } = line;
  const isTaken = taken !== undefined && taken > 0;
  const arrow =
    look === "failure"
      ? "failure"
      : isLoop
        ? "loop"
        : look === "cancel"
          ? "cancel"
          : isTaken
            ? "taken"
            : "plain";
  const first = points[0] as Point;
  const count = taken !== undefined && taken > 1 ? ` ×${taken}` : "";
  return (
    <g
      className="line"
      data-look={look}
      data-loop={isLoop || undefined}
      data-taken={taken === undefined ? undefined : isTaken}
    >
      <path d={rounded(points)} markerEnd={`url(#arrow-${arrow})`} />
      {look === "condition" && <path className="mark" d={diamond(first, points[1])} />}
      {look === "otherwise" && <path className="mark" d={slash(first, points[1])} />}
      {look === "failure" && <path className="mark" d={cross(first, points[1])} />}
      {label !== undefined && (
        <text x={label.x + label.width / 2} y={label.y + 13} textAnchor="middle">
          {isLoop && "↺ "}
          {line.label}
          {count}
        </text>
      )}
      {label === undefined && (count !== "" || isLoop) && (
        <text {...middleOf(points)} textAnchor="middle">
          {isLoop && "↺"}
          {count}
        </text>
      )}
    </g>
  );
}

/** A line with bends of a few units instead of corners. */
function rounded(points: readonly Point[]): string {
  const radius = 7;
  return points
    .map((point, index) => {
      const before = points[index - 1];
      const after = points[index + 1];
      if (before === undefined) return `M${point.x} ${point.y}`;
      if (after === undefined) return `L${point.x} ${point.y}`;
      const a = towards(point, before, radius);
      const b = towards(point, after, radius);
      return `L${a.x} ${a.y}Q${point.x} ${point.y} ${b.x} ${b.y}`;
    })
    .join("");
}

function towards(from: Point, to: Point, distance: number): Point {
  const length = Math.hypot(to.x - from.x, to.y - from.y);
  const part = length === 0 ? 0 : Math.min(distance, length / 2) / length;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

function diamond(at: Point, next: Point | undefined): string {
  const { x, y } = next === undefined ? at : towards(at, next, 7);
  return `M${x - 6} ${y}L${x} ${y - 5}L${x + 6} ${y}L${x} ${y + 5}z`;
}

function slash(at: Point, next: Point | undefined): string {
  const { x, y } = next === undefined ? at : towards(at, next, 9);
  return `M${x - 4} ${y + 6}L${x + 4} ${y - 6}`;
}

function cross(at: Point, next: Point | undefined): string {
  const { x, y } = next === undefined ? at : towards(at, next, 9);
  return `M${x - 4} ${y - 4}L${x + 4} ${y + 4}M${x + 4} ${y - 4}L${x - 4} ${y + 4}`;
}

/** Above the middle of the longest part. */
function middleOf(points: readonly Point[]): Point {
  let best = { x: 0, y: 0, length: -1 };
  points.forEach((point, index) => {
    const next = points[index + 1];
    if (next === undefined) return;
    const length = Math.hypot(next.x - point.x, next.y - point.y);
    if (length > best.length) {
      best = { x: (point.x + next.x) / 2, y: (point.y + next.y) / 2 - 6, length };
    }
  });
  return { x: best.x, y: best.y };
}
