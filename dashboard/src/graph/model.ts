import type { GraphEdge, GraphNode } from "tandem-workflows/client";

/** What is drawn: nodes and groups with their sizes, before anybody knows where. */
export interface Box {
  readonly id: string;
  readonly node: GraphNode;
  readonly width: number;
  readonly height: number;
  /** Of a group that is drawn open. */
  readonly children: readonly Box[];
  readonly lines: readonly Line[];
  /** Members that are not drawn. */
  readonly hidden: number;
  readonly isCallback: boolean;
}

export interface Line {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  readonly look: LineLook;
  readonly label: string;
  readonly taken: number | undefined;
  /** Leads back to an earlier node. */
  readonly isLoop: boolean;
}

export type LineLook = "plain" | "condition" | "otherwise" | "failure" | "cancel" | "member";

const nodeSize = { width: 208, height: 68 };
const summarySize = { width: 256, height: 112 };
/** A group with more members is drawn as one box until it is opened. */
export const mostMembers = 12;
/** And so many are drawn then. */
const mostOpened = 60;

export const isGroup = (node: GraphNode): boolean => groupKinds.has(node.kind);

const groupKinds: ReadonlySet<string> = new Set([
  "sequential",
  "parallel",
  "race",
  "quorum",
  "conditional",
  "map",
  "interleaved",
  "custom",
]);

export function boxesOf(
  nodes: readonly GraphNode[],
  opened: ReadonlySet<string>,
  isCallback = false,
): readonly Box[] {
  return nodes.map((node) => boxOf(node, opened, isCallback));
}

function boxOf(node: GraphNode, opened: ReadonlySet<string>, isCallback: boolean): Box {
  const base = { id: node.path, node, isCallback, children: [], lines: [], hidden: 0 };
  if (!isGroup(node) || node.members.length === 0) return { ...base, ...nodeSize };
  const isLarge = node.members.length > mostMembers;
  if (isLarge && !opened.has(node.path)) {
    return { ...base, ...summarySize, hidden: node.members.length };
  }
  const shown = isLarge ? node.members.slice(0, mostOpened) : node.members;
  const members = boxesOf(shown, opened);
  const callback = node.callback === undefined ? [] : boxesOf([node.callback], opened, true);
  return {
    ...base,
    width: 0,
    height: 0,
    children: [...members, ...callback],
    lines: memberLines(node, members, callback[0]),
    hidden: node.members.length - shown.length,
  };
}

/** In a sequence, one leads to the next; a callback comes after all members. */
function memberLines(node: GraphNode, members: readonly Box[], callback: Box | undefined): Line[] {
  const line = (source: string, target: string): Line => ({
    id: `${source}→${target}`,
    source,
    target,
    look: "member",
    label: "",
    taken: undefined,
    isLoop: false,
  });
  const lines: Line[] = [];
  if (node.kind === "sequential") {
    members.forEach((member, index) => {
      const before = members[index - 1];
      if (before !== undefined) lines.push(line(before.id, member.id));
    });
  }
  if (callback !== undefined) {
    const last = node.kind === "sequential" ? members.slice(-1) : members;
    for (const { id } of last) lines.push(line(id, callback.id));
  }
  return lines;
}

export function linesOf(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Line[] {
  const back = backEdges(nodes, edges);
  return edges.map((edge, index) => ({
    id: `${edge.source}→${edge.target}#${index}`,
    source: edge.source,
    target: edge.target,
    look: lookOfEdge(edge),
    label: labelOf(edge),
    taken: edge.taken,
    isLoop: back.has(index),
  }));
}

function lookOfEdge(edge: GraphEdge): LineLook {
  if (edge.on === "failure") return "failure";
  if (edge.on === "cancel") return "cancel";
  if (edge.otherwise) return "otherwise";
  return edge.conditional ? "condition" : "plain";
}

function labelOf(edge: GraphEdge): string {
  const { label, on, otherwise, conditional } = edge;
  const text = label ?? (otherwise ? "otherwise" : conditional ? "if …" : "");
  const when = on === "success" ? "" : `on ${on === "always" ? "any end" : on}`;
  const whole = when !== "" && text !== "" ? `${when}: ${text}` : when + text;
  return whole.length > 34 ? `${whole.slice(0, 33)}…` : whole;
}

/** The edges by which a walk from the initial step comes back to where it has been. */
function backEdges(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): Set<number> {
  const outgoing = new Map<string, number[]>();
  edges.forEach(({ source }, index) => {
    const list = outgoing.get(source);
    if (list === undefined) outgoing.set(source, [index]);
    else list.push(index);
  });
  const back = new Set<number>();
  const state = new Map<string, "open" | "closed">();
  const first = nodes.filter(({ initial }) => initial).concat(nodes.filter((n) => !n.initial));
  for (const { path } of first) {
    if (state.has(path)) continue;
    // A walk with its own stack: a long chain is no deep recursion.
    const stack: { path: string; next: number }[] = [{ path, next: 0 }];
    state.set(path, "open");
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as { path: string; next: number };
      const edge = outgoing.get(top.path)?.[top.next];
      top.next += 1;
      if (edge === undefined) {
        state.set(top.path, "closed");
        stack.pop();
        continue;
      }
      const { target } = edges[edge] as GraphEdge;
      const seen = state.get(target);
      if (seen === "open") back.add(edge);
      if (seen !== undefined) continue;
      state.set(target, "open");
      stack.push({ path: target, next: 0 });
    }
  }
  return back;
}

/** How many of a group's members stand where. */
export function memberCounts(node: GraphNode): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const { progress } = node;
  if (progress !== undefined) {
    counts.set("done", progress.done);
    counts.set("failed", progress.failed);
    counts.set("running", progress.running);
    counts.set("idle", progress.total - progress.done - progress.failed - progress.running);
  } else {
    for (const { state } of node.members) {
      if (state !== undefined) counts.set(state, (counts.get(state) ?? 0) + 1);
    }
  }
  for (const [state, count] of counts) if (count <= 0) counts.delete(state);
  return counts;
}

/** A node by its path, with the groups that it stands in. */
export function findNode(nodes: readonly GraphNode[], path: string): GraphNode | undefined {
  for (const node of nodes) {
    if (node.path === path) return node;
    const inside = findNode(
      node.callback === undefined ? node.members : [...node.members, node.callback],
      path,
    );
    if (inside !== undefined) return inside;
  }
  return undefined;
}

/** Steps and groups at every level, in the order in which they stand. */
export function allNodes(nodes: readonly GraphNode[]): GraphNode[] {
  return nodes.flatMap((node) => [
    node,
    ...allNodes(node.members),
    ...(node.callback === undefined ? [] : allNodes([node.callback])),
  ]);
}
