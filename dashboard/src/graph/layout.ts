import type { ElkExtendedEdge, ElkNode } from "elkjs/lib/elk-api.js";
import Elk from "elkjs/lib/elk-api.js";
// As it is: bundled, it would take itself for a module of Node and never listen.
import workerUrl from "elkjs/lib/elk-worker.min.js?url";
import type { Box, Line } from "./model.ts";

export type Direction = "RIGHT" | "DOWN";

export interface Placed {
  readonly box: Box;
  /** From the corner of the whole picture. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly depth: number;
}

export interface Drawn {
  readonly line: Line;
  readonly points: readonly Point[];
  readonly label: { readonly x: number; readonly y: number; readonly width: number } | undefined;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Layout {
  readonly width: number;
  readonly height: number;
  /** Groups before their members. */
  readonly placed: readonly Placed[];
  readonly drawn: readonly Drawn[];
}

let elk: InstanceType<typeof Elk> | undefined;

/** The layout engine works in a worker, so that the page goes on; it is started at the first graph. */
function engine(): InstanceType<typeof Elk> {
  elk ??= new Elk({ workerFactory: () => new Worker(workerUrl) });
  return elk;
}

const headHeight = 46;

function optionsFor(direction: Direction, isInside: boolean): Record<string, string> {
  return {
    "elk.algorithm": "layered",
    "elk.direction": direction,
    "elk.edgeRouting": "ORTHOGONAL",
    "elk.padding": isInside
      ? `[top=${headHeight},left=16,bottom=16,right=16]`
      : "[top=8,left=8,bottom=8,right=8]",
    "elk.spacing.nodeNode": "20",
    "elk.spacing.edgeNode": "18",
    "elk.spacing.edgeEdge": "12",
    "elk.spacing.componentComponent": "16",
    "elk.layered.spacing.nodeNodeBetweenLayers": "36",
    "elk.layered.spacing.edgeNodeBetweenLayers": "18",
    "elk.layered.considerModelOrder.strategy": "NODES_AND_EDGES",
    "elk.layered.nodePlacement.strategy": "NETWORK_SIMPLEX",
    "elk.layered.feedbackEdges": "true",
    "elk.edgeLabels.inline": "false",
    "elk.layered.edgeLabels.sideSelection": "SMART_DOWN",
    // Members that no line joins stand beside each other, across the direction of the flow.
    "elk.aspectRatio": direction === "RIGHT" ? "0.7" : "1.6",
  };
}

const labelWidth = (text: string) => Math.ceil(text.length * 6.9 + 14);

function toElkEdges(lines: readonly Line[]): ElkExtendedEdge[] {
  return lines.map(({ id, source, target, label }) => ({
    id,
    sources: [source],
    targets: [target],
    ...(label !== "" && { labels: [{ text: label, width: labelWidth(label), height: 18 }] }),
  }));
}

function toElk(box: Box, direction: Direction): ElkNode {
  if (box.children.length === 0) return { id: box.id, width: box.width, height: box.height };
  // Members without order are one column (or row): a hundred of them would be a line without end.
  const inner = box.lines.length === 0 ? { ...packed(direction) } : {};
  return {
    id: box.id,
    children: box.children.map((child) => toElk(child, direction)),
    edges: toElkEdges(box.lines),
    layoutOptions: { ...optionsFor(direction, true), ...inner },
  };
}

function packed(direction: Direction): Record<string, string> {
  return {
    "elk.algorithm": "rectpacking",
    "elk.aspectRatio": direction === "RIGHT" ? "0.5" : "1.3",
    "elk.spacing.nodeNode": "14",
    "elk.rectpacking.widthApproximation.strategy": "TARGET_WIDTH",
    "elk.rectpacking.widthApproximation.targetWidth": "250",
  };
}

export async function layOut(
  boxes: readonly Box[],
  lines: readonly Line[],
  direction: Direction,
): Promise<Layout> {
  const answer: ElkNode = await engine().layout({
    id: "",
    children: boxes.map((box) => toElk(box, direction)),
    edges: toElkEdges(lines),
    layoutOptions: optionsFor(direction, false),
  });
  const placed: Placed[] = [];
  const drawn: Drawn[] = [];
  collect(answer, boxes, lines, { x: 0, y: 0 }, 0, placed, drawn);
  return { width: answer.width ?? 0, height: answer.height ?? 0, placed, drawn };
}

function collect(
  parent: ElkNode,
  boxes: readonly Box[],
  lines: readonly Line[],
  origin: Point,
  depth: number,
  placed: Placed[],
  drawn: Drawn[],
): void {
  const elkNodes = new Map(parent.children?.map((child) => [child.id, child]));
  for (const box of boxes) {
    const node = elkNodes.get(box.id);
    if (node === undefined) continue;
    const { x = 0, y = 0, width = box.width, height = box.height } = node;
    const at = { x: origin.x + x, y: origin.y + y };
    placed.push({ box, ...at, width, height, depth });
    if (box.children.length > 0) {
      collect(node, box.children, box.lines, at, depth + 1, placed, drawn);
    }
  }
  const byId = new Map(lines.map((line) => [line.id, line]));
  for (const edge of parent.edges ?? []) {
    const line = byId.get(edge.id);
    const section = edge.sections?.[0];
    if (line === undefined || section === undefined) continue;
    const move = ({ x, y }: Point) => ({ x: origin.x + x, y: origin.y + y });
    const points = [section.startPoint, ...(section.bendPoints ?? []), section.endPoint].map(move);
    const label = edge.labels?.[0];
    drawn.push({
      line,
      points,
      label: label && {
        ...move({ x: label.x ?? 0, y: label.y ?? 0 }),
        width: label.width ?? 0,
      },
    });
  }
}
