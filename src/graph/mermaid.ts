import type { AnyDefinition } from "../definition/workflow-definition.ts";
import type { FormerStep } from "./former-steps.ts";
import { edgeText, groupTitle, nodeLines } from "./mermaid-labels.ts";
import { escapeLabel, Ids } from "./mermaid-text.ts";
import { type Picture, type PictureEdge, type PictureNode, pictureOf } from "./picture.ts";
import type { PicturedInstance } from "./picture-facts.ts";

export interface MermaidOptions {
  /** From top to bottom unless told. */
  readonly direction?: "TB" | "LR";
}

/**
 * A definition as the text of a Mermaid flowchart; with an instance, its state in colours and
 * marks. The same picture always gives the same text, and no name or label can break it.
 *
 * @throws InvalidArgumentError if the instance is one of another workflow or version.
 */
export function toMermaid(
  definition: AnyDefinition,
  instance?: PicturedInstance,
  options?: MermaidOptions,
): string;
/** A picture that was made before, by `pictureOf`. */
export function toMermaid(picture: Picture, none?: undefined, options?: MermaidOptions): string;
export function toMermaid(
  source: Picture | AnyDefinition,
  instance?: PicturedInstance,
  { direction = "TB" }: MermaidOptions = {},
): string {
  const picture = "nodes" in source ? source : pictureOf(source, instance);
  return new Flowchart(direction).draw(picture);
}

/** What an arrow looks like. */
interface Arrow {
  readonly text?: string;
  readonly isDotted?: boolean;
  readonly isTaken?: boolean;
}

class Flowchart {
  readonly #direction: "TB" | "LR";
  readonly #lines: string[];
  readonly #ids = new Ids();
  readonly #idOf = new Map<string, string>();
  readonly #classes = new Map<string, string[]>();
  readonly #takenArrows: number[] = [];
  #arrows = 0;
  #indent = "  ";

  constructor(direction: "TB" | "LR") {
    this.#direction = direction;
    this.#lines = [`flowchart ${direction}`];
  }

  draw(picture: Picture): string {
    const { nodes, edges } = picture;
    this.#line(`start((" "))`);
    for (const node of nodes) this.#node(node);
    this.#line(`stop(((" ")))`);
    this.#former(picture.former ?? []);
    for (const node of nodes) {
      if (node.initial) this.#arrow("start", this.#id(node.path), { isTaken: isReached(node) });
    }
    for (const edge of edges) this.#edge(edge);
    this.#ends(picture);
    this.#addClass("start", "first");
    this.#addClass("stop", "last");
    for (const [name, style] of Object.entries(styles)) {
      const ids = this.#classes.get(name);
      if (ids === undefined) continue;
      this.#line(`classDef ${name} ${style}`);
      this.#line(`class ${ids.join(",")} ${name}`);
    }
    if (this.#takenArrows.length > 0) {
      this.#line(`linkStyle ${this.#takenArrows.join(",")} ${takenStyle}`);
    }
    return `${this.#lines.join("\n")}\n`;
  }

  #ends({ nodes, edges, instance }: Picture): void {
    const sources = new Set(edges.map(({ source }) => source));
    for (const { path, terminal, terminate, state } of nodes) {
      if (!terminal) continue;
      const goesOn = sources.has(path) && instance?.status !== "completed";
      const text = terminate ? "ends everything" : "";
      this.#arrow(this.#id(path), "stop", { text, isTaken: state === "done" && !goesOn });
    }
  }

  // ----------------------------------------------------------------------------------------- nodes

  #node(node: PictureNode): void {
    if (node.members.length > 0) {
      this.#group(node);
      return;
    }
    const [open, close] = shapes[node.kind] ?? ["[", "]"];
    const id = this.#id(node.path);
    this.#line(`${id}${open}"${nodeLines(node).map(escapeLabel).join("<br/>")}"${close}`);
    if (node.state !== undefined && node.state !== "idle") this.#addClass(id, node.state);
  }

  /** No edge leads to them any more. */
  #former(steps: readonly FormerStep[]): void {
    if (steps.length === 0) return;
    const group = this.#id("former", "g");
    this.#line(`subgraph ${group}["earlier versions"]`);
    for (const { path, was, version, state } of steps) {
      const id = this.#id(path, "f");
      this.#line(`  ${id}["${escapeLabel(`${was} (${version})`)}"]`);
      this.#addClass(id, state);
    }
    this.#line("end");
    this.#addClass(group, "group");
  }

  #group(group: PictureNode): void {
    const { members, callback, kind, state } = group;
    const id = this.#id(group.path);
    this.#line(`subgraph ${id}["${escapeLabel(groupTitle(group))}"]`);
    this.#indent += "  ";
    this.#line(`direction ${this.#direction}`);
    if (kind === "conditional") this.#line(`${this.#choiceId(group)}{" "}`);
    for (const member of members) this.#node(member);
    if (callback !== undefined) this.#node(callback);
    this.#innerArrows(group);
    this.#indent = this.#indent.slice(2);
    this.#line("end");
    this.#addClass(id, state === undefined || state === "idle" ? "group" : `${state}Group`);
  }

  #innerArrows(group: PictureNode): void {
    const { kind, members, callback } = group;
    if (kind === "conditional") {
      for (const member of members) {
        this.#arrow(this.#choiceId(group), this.#id(member.path), {
          text: member.branch ?? "",
          isTaken: isReached(member),
        });
      }
    }
    if (kind === "sequential") {
      members.slice(1).forEach((member, place) => {
        const before = members[place] as PictureNode;
        this.#arrow(this.#id(before.path), this.#id(member.path), { isTaken: isReached(member) });
      });
    }
    if (callback !== undefined) {
      for (const { path } of members) {
        this.#arrow(this.#id(path), this.#id(callback.path), { isTaken: isReached(callback) });
      }
    }
  }

  #choiceId({ path }: PictureNode): string {
    return this.#id(path, "choice");
  }

  // ----------------------------------------------------------------------------------------- edges

  #edge(edge: PictureEdge): void {
    this.#arrow(this.#id(edge.source), this.#id(edge.target), {
      text: edgeText(edge),
      isDotted: edge.on !== "success",
      isTaken: (edge.taken ?? 0) > 0,
    });
  }

  #arrow(source: string, target: string, { text = "", isDotted, isTaken }: Arrow): void {
    const label = text === "" ? "" : `|"${escapeLabel(text)}"|`;
    this.#line(`${source} ${isDotted ? "-.->" : "-->"}${label} ${target}`);
    if (isTaken) this.#takenArrows.push(this.#arrows);
    this.#arrows++;
  }

  // ------------------------------------------------------------------------------------------ text

  #line(text: string): void {
    this.#lines.push(`${this.#indent}${text}`);
  }

  #id(path: string, prefix = "s"): string {
    const key = `${prefix} ${path}`;
    let id = this.#idOf.get(key);
    if (id === undefined) {
      id = this.#ids.make(prefix, path);
      this.#idOf.set(key, id);
    }
    return id;
  }

  #addClass(id: string, name: string): void {
    const ids = this.#classes.get(name);
    if (ids === undefined) this.#classes.set(name, [id]);
    else ids.push(id);
  }
}

const isReached = ({ state }: PictureNode): boolean =>
  state !== undefined && state !== "idle" && state !== "skipped";

/** What opens and closes the text of a step; a group without members to show looks like a step. */
const shapes: Partial<Record<PictureNode["kind"], readonly [open: string, close: string]>> = {
  human: ["([", "])"],
  gateway: ["{", "}"],
  timer: ["{{", "}}"],
  webhook: [">", "]"],
  signal: ["[/", "/]"],
  subworkflow: ["[[", "]]"],
  custom: ["[[", "]]"],
};

/** Steps are filled and groups framed, so that both are readable on light and on dark pages. */
const styles = {
  done: "fill:#d2f4dc,stroke:#2da44e,color:#0b3d1b",
  running: "fill:#d6e8ff,stroke:#388bfd,color:#06285c,stroke-width:3px",
  waiting: "fill:#fff1c2,stroke:#d29922,color:#4a3400,stroke-width:3px",
  pending: "fill:#eef1f4,stroke:#388bfd,color:#1f2933,stroke-dasharray:4 3",
  failed: "fill:#ffdcd7,stroke:#e5534b,color:#5c0d13",
  canceled: "fill:#ece4f5,stroke:#986ee2,color:#3a2560",
  skipped: "fill:#c9d0d6,stroke:#8b949e,color:#3a424a,stroke-dasharray:4 3",
  group: "fill:transparent,stroke:#8b949e",
  doneGroup: "fill:transparent,stroke:#2da44e",
  runningGroup: "fill:transparent,stroke:#388bfd,stroke-width:3px",
  waitingGroup: "fill:transparent,stroke:#d29922,stroke-width:3px",
  pendingGroup: "fill:transparent,stroke:#388bfd,stroke-dasharray:4 3",
  failedGroup: "fill:transparent,stroke:#e5534b",
  canceledGroup: "fill:transparent,stroke:#986ee2",
  skippedGroup: "fill:transparent,stroke:#8b949e,stroke-dasharray:4 3",
  first: "fill:#8b949e,stroke:#8b949e",
  last: "fill:transparent,stroke:#8b949e,stroke-width:2px",
};

const takenStyle = "stroke:#2da44e,stroke-width:3px";
