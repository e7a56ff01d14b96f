import type { Graph, GraphEdge, GraphNode } from "../http/client.ts";
import { statusStyle } from "./instance-lines.ts";
import { columns, paint, type Style, shorten } from "./terminal.ts";

type State = NonNullable<GraphNode["state"]>;

const stateMarks: Readonly<Record<State, readonly [mark: string, style: Style]>> = {
  done: ["✓", "green"],
  failed: ["✗", "red"],
  canceled: ["⊘", "gray"],
  skipped: ["-", "gray"],
  waiting: ["…", "yellow"],
  running: ["▸", "cyan"],
  pending: ["·", "yellow"],
  idle: ["○", "gray"],
};

/**
 * A graph as lines: each node stands below those that lead to it, with a rail for every edge that
 * is on its way. Edges that lead back, and conditions, stand in words.
 */
export function viewGraph(graph: Graph): string {
  const { workflow, version, instance, description } = graph;
  const status = instance && paint(statusStyle(instance.status), instance.status);
  const head = `${paint("bold", workflow)} ${version}`;
  const lines = [status === undefined ? head : `${head}  ${status}  ${instance?.id}`];
  if (description !== undefined) lines.push(shorten(description, columns()));
  lines.push("", ...new Rails(graph).draw());
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** Draws the nodes in an order in which every edge leads down, but for those that lead back. */
class Rails {
  readonly #order: readonly GraphNode[];
  readonly #down: ReadonlyMap<string, readonly GraphEdge[]>;
  readonly #back: ReadonlyMap<string, readonly GraphEdge[]>;
  /** Where each rail leads; undefined for one that is free. */
  #rails: (string | undefined)[] = [];
  readonly #lines: string[] = [];

  constructor({ nodes, edges }: Graph) {
    const byPath = new Map(nodes.map((node) => [node.path, node]));
    const ordered = orderOf(nodes, edges);
    const place = new Map(ordered.map((path, index) => [path, index]));
    const leadsDown = ({ source, target }: GraphEdge) =>
      (place.get(source) ?? 0) < (place.get(target) ?? 0);
    this.#order = ordered.flatMap((path) => byPath.get(path) ?? []);
    this.#down = Map.groupBy(edges.filter(leadsDown), ({ source }) => source);
    this.#back = Map.groupBy(
      edges.filter((edge) => !leadsDown(edge)),
      ({ source }) => source,
    );
  }

  draw(): readonly string[] {
    for (const node of this.#order) this.#drawNode(node);
    return this.#lines;
  }

  #drawNode(node: GraphNode): void {
    const incoming = this.#rails.flatMap((target, rail) => (target === node.path ? [rail] : []));
    const rail = incoming[0] ?? this.#freeRail();
    if (incoming.length > 1) this.#bend(rail, incoming.slice(1), "╯", "┴");
    for (const other of incoming.slice(1)) this.#rails[other] = undefined;
    this.#rails[rail] = node.path;
    this.#dropFreeRails();
    const [mark, style] = markOf(node);
    const cells = this.#rails.map((target, index) =>
      index === rail ? paint(style, mark) : target === undefined ? " " : "│",
    );
    this.#push(cells, nodeText(node));
    this.#leave(node, rail);
  }

  /** Members, conditions, and the rails of what comes next. */
  #leave(node: GraphNode, rail: number): void {
    const down = this.#down.get(node.path) ?? [];
    const back = this.#back.get(node.path) ?? [];
    // Several edges to one node share a rail.
    const targets = [...new Set(down.map(({ target }) => target))];
    this.#rails[rail] = targets.length === 0 ? undefined : targets[0];
    for (const text of memberLines(node)) this.#push(this.#plain(), `  ${text}`);
    for (const edge of [...down, ...back]) {
      const text = edgeText(edge, back.includes(edge));
      if (text !== undefined) this.#push(this.#plain(), paint("dim", `  ${text}`));
    }
    const others = targets.slice(1).map((target) => {
      const free = this.#freeRail(rail + 1);
      this.#rails[free] = target;
      return free;
    });
    if (others.length > 0) this.#bend(rail, others, "╮", "┬");
    this.#dropFreeRails();
    if (targets.length > 0 && others.length === 0) this.#push(this.#plain(), "");
  }

  #freeRail(from = 0): number {
    for (let rail = from; rail < this.#rails.length; rail++) {
      if (this.#rails[rail] === undefined) return rail;
    }
    this.#rails.push(undefined);
    return this.#rails.length - 1;
  }

  #dropFreeRails(): void {
    while (this.#rails.length > 0 && this.#rails.at(-1) === undefined) this.#rails.pop();
  }

  #plain(): string[] {
    return this.#rails.map((target) => (target === undefined ? " " : "│"));
  }

  /** A line on which other rails leave one, or come to it. */
  #bend(rail: number, others: readonly number[], last: string, between: string): void {
    const end = Math.max(...others);
    const begin = Math.min(...others);
    const cells = this.#plain().map((cell, index) => {
      if (index === rail) return rail > end ? "┤" : "├";
      if (others.includes(index)) {
        if (index === end && rail < index) return last;
        if (index === begin && rail > index) return last === "╯" ? "╰" : "╭";
        return between;
      }
      const isCrossed = index > Math.min(rail, begin) && index < Math.max(rail, end);
      if (!isCrossed) return cell;
      return cell === "│" ? "┼" : "─";
    });
    const isJoined = (index: number) =>
      index >= Math.min(rail, begin) && index < Math.max(rail, end);
    this.#lines.push(
      `  ${cells.map((cell, index) => cell + (isJoined(index) ? "─" : " ")).join("")}`,
    );
  }

  #push(cells: readonly string[], text: string): void {
    const rails = `  ${cells.join(" ")}`;
    const width = 2 + cells.length * 2 - 1;
    const room = columns() - width - 2;
    const isPainted = text.includes("\u001b[");
    this.#lines.push(`${rails}  ${isPainted ? text : shorten(text, room)}`.trimEnd());
  }
}

/** Nodes after those that lead to them; the edges of a loop that lead back do not count. */
function orderOf(nodes: readonly GraphNode[], edges: readonly GraphEdge[]): string[] {
  const targets = Map.groupBy(edges, ({ source }) => source);
  const seen = new Set<string>();
  const order: string[] = [];
  const initial = nodes.filter((node) => node.initial);
  // Depth first, without recursion: long chains of steps are as welcome as short ones.
  for (const { path: root } of [...initial, ...nodes]) {
    if (seen.has(root)) continue;
    seen.add(root);
    const stack = [{ path: root, next: nextOf(targets, root) }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.next.pop();
      if (next === undefined) {
        order.push(top.path);
        stack.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        stack.push({ path: next, next: nextOf(targets, next) });
      }
    }
  }
  return order.reverse();
}

/** In the order in which they are visited from the end: the first declared comes out on top. */
function nextOf(targets: ReadonlyMap<string, readonly GraphEdge[]>, path: string): string[] {
  return (targets.get(path) ?? []).map(({ target }) => target);
}

// ----------------------------------------------------------------------------------------- words

function markOf({ state, kind }: GraphNode): readonly [string, Style] {
  if (state !== undefined) return stateMarks[state];
  return kind === "human" ? ["◇", "yellow"] : ["●", "cyan"];
}

function nodeText(node: GraphNode): string {
  const { name, path, kind, title, terminal, progress, attempt, iteration, winner, undone } = node;
  const words = [kind];
  if (title !== undefined && title !== name) words.push(`“${title}”`);
  if (node.state !== undefined) words.push(node.state);
  for (const wait of node.waitingFor ?? []) words.push(waitText(wait));
  if (progress !== undefined) words.push(`${progress.done} of ${progress.total}`);
  if (winner !== undefined) words.push(`won by ${winner}`);
  if (iteration !== undefined && iteration > 1) words.push(`pass ${iteration}`);
  if (attempt !== undefined && attempt > 1) words.push(`attempt ${attempt}`);
  if (undone === true) words.push("undone");
  if (terminal && !isInside(path)) words.push("end");
  return `${name}  ${words.join(" · ")}`;
}

const isInside = (path: string) => path.includes("/");

function waitText(wait: Readonly<Record<string, unknown>>): string {
  const { for: what, name, assignee, candidateUsers = [], candidateGroups = [] } = wait;
  switch (what) {
    case "person": {
      const whom = [assignee ?? [candidateUsers, candidateGroups]].flat(2).join(", ");
      return `for ${whom === "" ? "anybody" : whom}`;
    }
    case "signal":
    case "workflow":
      return `for ${what} ${String(name)}`;
    case "attempt":
      return "for the next attempt";
    case "turn":
      return "for its turn";
    default:
      return `for ${what === "time" ? "its time" : `a ${String(what)}`}`;
  }
}

function memberLines(node: GraphNode, indent = ""): string[] {
  const { members, callback } = node;
  const all = callback === undefined ? members : [...members, callback];
  return all.flatMap((member, index) => {
    const isLast = index === all.length - 1;
    const role = member === callback ? "then " : "";
    const [mark] = markOf(member);
    const line = `${indent}${isLast ? "└" : "├"} ${mark} ${role}${nodeText(member)}`;
    return [line, ...memberLines(member, `${indent}${isLast ? "  " : "│ "}`)];
  });
}

/** What is not plain to see: where it leads back to, and when it is taken. */
function edgeText({ target, label, conditional, otherwise, on }: GraphEdge, isBack: boolean) {
  const when: string[] = [];
  if (on !== "success") when.push(on === "always" ? "always" : `on ${on}`);
  if (label !== undefined) when.push(`if ${label}`);
  else if (conditional) when.push("on a condition");
  if (otherwise) when.push("otherwise");
  if (when.length === 0 && !isBack) return undefined;
  const arrow = isBack ? "↺ back to" : "→";
  return `${arrow} ${target}${when.length > 0 ? `: ${when.join(", ")}` : ""}`;
}
