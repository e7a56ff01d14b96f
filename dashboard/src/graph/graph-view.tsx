import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from "react";
import type { Graph, GraphNode } from "tandem-workflows/client";
import { Icon } from "../ui/icons.tsx";
import { GraphLines } from "./graph-lines.tsx";
import { type Direction, type Layout, layOut } from "./layout.ts";
import { GraphLegend } from "./legend.tsx";
import { allNodes, boxesOf, linesOf } from "./model.ts";
import { NodeBox } from "./node-box.tsx";
import { usePanZoom } from "./pan-zoom.ts";
import { titleOf } from "./words.ts";
import "../styles/graph.css";

export interface GraphViewProps {
  readonly graph: Graph;
  /** The path of the step that is looked at more closely. */
  readonly selected?: string | undefined;
  readonly onSelect?: (path: string | undefined) => void;
}

/**
 * A definition, or where an instance stands in it. Boxes are HTML, so that they have text that wraps,
 * focus and names; lines are SVG.
 */
export function GraphView({ graph, selected, onSelect }: GraphViewProps): ReactNode {
  const frame = useRef<HTMLDivElement>(null);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const direction = useDirection(frame);
  const { layout, error } = useLayout(graph, opened, direction);
  const panZoom = usePanZoom(frame, layout ?? { width: 0, height: 0 });
  const { view, showAll, showFirst } = panZoom;

  // The layout knows the structure; where the instance stands comes with each new graph.
  const nodes = useMemo(
    () => new Map(allNodes(graph.nodes).map((node) => [node.path, node])),
    [graph],
  );
  const taken = useMemo(() => linesOf(graph.nodes, graph.edges), [graph]);
  const leadsTo = useMemo(() => {
    const targets = new Map<string, string[]>();
    for (const { source, target } of graph.edges) {
      const node = nodes.get(target);
      const list = targets.get(source) ?? [];
      if (node !== undefined) list.push(titleOf(node));
      targets.set(source, list);
    }
    return targets;
  }, [graph, nodes]);
  const latest = useRef(nodes);
  latest.current = nodes;
  // A layout begins at what needs somebody; what happens later moves nothing.
  useEffect(() => {
    if (layout !== undefined) showFirst(placeToLook(layout, latest.current));
  }, [layout, showFirst]);
  const toggle = (path: string) => {
    const next = new Set(opened);
    if (!next.delete(path)) next.add(path);
    setOpened(next);
  };

  return (
    <div className="graph">
      <div className="graph-tools" role="toolbar" aria-label="The picture">
        <Tool name="minus" label="Smaller" onClick={() => panZoom.zoomBy(0.8)} />
        <Tool name="plus" label="Larger" onClick={() => panZoom.zoomBy(1.25)} />
        <Tool name="fit" label="Show all of it" onClick={showAll} />
      </div>
      {/* biome-ignore lint/a11y/useSemanticElements: no element means a picture of controls */}
      <div
        ref={frame}
        className="graph-frame"
        role="group"
        aria-label={`Graph of ${graph.workflow}. Arrow keys move it, plus and minus change its size.`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move what is larger than the frame
        tabIndex={0}
        aria-busy={layout === undefined}
        onKeyDown={(event) => moveByKey(event, panZoom)}
      >
        {error !== undefined && <p className="graph-message">{String(error)}</p>}
        {layout === undefined && error === undefined && (
          <p className="graph-message muted">Drawing…</p>
        )}
        {layout !== undefined && (
          <div
            className="graph-plane"
            style={{
              width: layout.width,
              height: layout.height,
              transform: `translate(${view.x}px, ${view.y}px) scale(${view.scale})`,
            }}
          >
            <GraphLines layout={layout} lines={taken} hasInstance={graph.instance !== undefined} />
            {layout.placed.map((placed) => (
              <NodeBox
                key={placed.box.id}
                placed={placed}
                node={nodes.get(placed.box.id) ?? placed.box.node}
                leadsTo={leadsTo.get(placed.box.id) ?? []}
                isSelected={selected === placed.box.id}
                isOpened={opened.has(placed.box.id)}
                onToggle={toggle}
                onSelect={(path) => onSelect?.(path === selected ? undefined : path)}
                onReveal={panZoom.reveal}
              />
            ))}
          </div>
        )}
      </div>
      <GraphLegend graph={graph} />
    </div>
  );
}

function Tool({
  name,
  label,
  onClick,
}: {
  name: "plus" | "minus" | "fit";
  label: string;
  onClick: () => void;
}): ReactNode {
  return (
    <button
      type="button"
      className="button"
      data-size="small"
      data-icon
      title={label}
      aria-label={label}
      onClick={onClick}
    >
      <Icon name={name} size={16} />
    </button>
  );
}

function moveByKey(event: KeyboardEvent, panZoom: ReturnType<typeof usePanZoom>): void {
  const step = 60;
  const moves: Readonly<Record<string, readonly [x: number, y: number]>> = {
    ArrowLeft: [step, 0],
    ArrowRight: [-step, 0],
    ArrowUp: [0, step],
    ArrowDown: [0, -step],
  };
  const zooms: Readonly<Record<string, number>> = { "+": 1.25, "-": 0.8 };
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const move = moves[event.key];
  const zoom = zooms[event.key];
  if (move !== undefined) panZoom.moveBy(...move);
  else if (zoom !== undefined) panZoom.zoomBy(zoom);
  else if (event.key === "0") panZoom.showAll();
  else return;
  event.preventDefault();
}

const attention = ["failed", "waiting", "running"];

/** The middle of the first step that failed, waits or runs. */
function placeToLook(layout: Layout, nodes: ReadonlyMap<string, GraphNode>) {
  for (const state of attention) {
    const found = layout.placed.find(({ box }) => nodes.get(box.id)?.state === state);
    if (found !== undefined) {
      return { x: found.x + found.width / 2, y: found.y + found.height / 2 };
    }
  }
  return undefined;
}

/** From left to right where there is room, from top to bottom on a phone. */
function useDirection(frame: React.RefObject<HTMLElement | null>): Direction | undefined {
  const [direction, setDirection] = useState<Direction>();
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const look = () => setDirection(element.clientWidth < 640 ? "DOWN" : "RIGHT");
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame]);
  return direction;
}

/** The layout depends on the structure alone: what happens in an instance moves no box. */
function useLayout(
  graph: Graph,
  opened: ReadonlySet<string>,
  direction: Direction | undefined,
): { readonly layout: Layout | undefined; readonly error: unknown } {
  const [found, setFound] = useState<{ layout?: Layout; error?: unknown }>({});
  const structure = `${graph.workflow} ${graph.version} ${[...opened].join(" ")} ${direction}`;
  // biome-ignore lint/correctness/useExhaustiveDependencies: the structure is what counts
  useEffect(() => {
    if (direction === undefined) return;
    let isWanted = true;
    layOut(boxesOf(graph.nodes, opened), linesOf(graph.nodes, graph.edges), direction).then(
      (layout) => isWanted && setFound({ layout }),
      (error: unknown) => isWanted && setFound({ error }),
    );
    return () => {
      isWanted = false;
    };
  }, [structure]);
  return { layout: found.layout, error: found.error };
}
