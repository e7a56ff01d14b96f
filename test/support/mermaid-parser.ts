/** Reads flowcharts with Mermaid's own parser, so that a test sees what Mermaid would draw. */
import DOMPurify from "dompurify";
import mermaid from "mermaid";

// Cleaning HTML takes a browser, and nothing is put on a page here.
Object.assign(DOMPurify, { addHook: () => undefined, sanitize: String });

export interface Flowchart {
  readonly vertices: readonly {
    readonly id: string;
    readonly text: string;
    readonly shape: string;
    readonly classes: readonly string[];
  }[];
  readonly edges: readonly {
    readonly source: string;
    readonly target: string;
    readonly text: string;
    readonly isDotted: boolean;
  }[];
  /** Groups with the ids of what stands directly in them. */
  readonly groups: readonly {
    readonly id: string;
    readonly text: string;
    readonly members: readonly string[];
  }[];
}

/** Mermaid learns its kinds of diagram when it is first used. */
let ready: Promise<unknown> | undefined;

/** What Mermaid shows for a text; rejects if it is not valid. */
export async function parseFlowchart(text: string): Promise<Flowchart> {
  ready ??= mermaid.parse("flowchart TB");
  await ready;
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const { getVertices, getEdges, getSubGraphs } = db as unknown as FlowDb;
  const groups = getSubGraphs.call(db).map(({ id, title, nodes }) => ({
    id,
    text: shownText(title),
    members: nodes,
  }));
  // A group that an edge leads to stands among the vertices too.
  const isGroup = new Set(groups.map(({ id }) => id));
  return {
    groups,
    vertices: [...getVertices.call(db).values()]
      .filter(({ id }) => !isGroup.has(id))
      .map(({ id, text: label = "", type = "", classes }) => ({
        id,
        text: shownText(label),
        shape: type,
        classes,
      })),
    edges: getEdges.call(db).map(({ start, end, text: label, stroke }) => ({
      source: start,
      target: end,
      text: shownText(label),
      isDotted: stroke === "dotted",
    })),
  };
}

interface FlowDb {
  getVertices(): Map<string, FlowVertex>;
  getEdges(): { start: string; end: string; text: string; stroke: string }[];
  getSubGraphs(): { id: string; title: string; nodes: string[] }[];
}

interface FlowVertex {
  readonly id: string;
  readonly text?: string;
  readonly type?: string;
  readonly classes: readonly string[];
}

/** What a browser makes of a label: Mermaid keeps `#35;` as `ﬂ°°35¶ß` until it writes HTML. */
function shownText(label: string): string {
  return label
    .replaceAll("<br/>", "\n")
    .replace(/ﬂ°°(\d+)¶ß/g, (_, code) => String.fromCodePoint(Number(code)));
}
