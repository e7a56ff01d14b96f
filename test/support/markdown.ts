/** What `docs.test.ts` needs to know about Markdown: fenced code, headings and links. */

export interface CodeBlock {
  /** The line of its first line of code, counted from 1. */
  readonly line: number;
  /** The words after the fence: `["ts", "no-run"]`. */
  readonly info: readonly string[];
  readonly code: readonly string[];
}

interface Link {
  readonly line: number;
  readonly target: string;
}

export interface MarkdownDocument {
  readonly blocks: readonly CodeBlock[];
  readonly links: readonly Link[];
  /** What a link may name after `#`. */
  readonly anchors: ReadonlySet<string>;
}

const FENCE = /^(?<indent> *)(?<marks>`{3,}|~{3,})(?<info>[^`]*)$/;
const HEADING = /^#{1,6}\s+(?<title>.*?)\s*#*$/;
const INLINE_LINK = /\[(?:[^\][]|\[[^\]]*\])*\]\(\s*<?(?<target>[^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g;
const LINK_DEFINITION = /^\s{0,3}\[[^\]]+\]:\s*<?(?<target>[^\s>]+)>?/;
const HTML_LINK = /\b(?:href|src)="(?<target>[^"]+)"/g;
const HTML_ANCHOR = /<a\s[^>]*\b(?:id|name)="(?<name>[^"]+)"/g;

export function parseMarkdown(text: string): MarkdownDocument {
  const blocks: CodeBlock[] = [];
  const links: Link[] = [];
  const anchors = new Set<string>();
  let fence: { marks: string; indent: number; block: { code: string[] } } | undefined;

  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const match = FENCE.exec(line)?.groups;
    if (fence !== undefined) {
      const closes = match?.info?.trim() === "" && match.marks?.startsWith(fence.marks) === true;
      if (closes) fence = undefined;
      else fence.block.code.push(withoutIndent(line, fence.indent));
      continue;
    }
    if (match !== undefined) {
      const info = (match.info ?? "").trim().split(/\s+/).filter(Boolean);
      const block = { line: index + 2, info, code: [] };
      blocks.push(block);
      fence = { marks: match.marks ?? "", indent: match.indent?.length ?? 0, block };
      continue;
    }
    const title = HEADING.exec(line)?.groups?.title;
    if (title !== undefined) anchors.add(unusedSlug(slugOf(title), anchors));
    for (const found of line.matchAll(HTML_ANCHOR)) anchors.add(found.groups?.name ?? "");
    for (const target of linksIn(line)) links.push({ line: index + 1, target });
  }
  return { blocks, links, anchors };
}

function linksIn(line: string): string[] {
  const text = line.replace(/(`+).*?\1/g, "");
  const found = [...text.matchAll(INLINE_LINK), ...text.matchAll(HTML_LINK)];
  const definition = LINK_DEFINITION.exec(text);
  if (definition !== null) found.push(definition as RegExpExecArray);
  return found.flatMap((match) => match.groups?.target ?? []);
}

/** The anchor that GitHub gives to a heading. */
function slugOf(title: string): string {
  return title
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, "")
    .replace(/\s/g, "-");
}

function unusedSlug(slug: string, used: ReadonlySet<string>): string {
  if (!used.has(slug)) return slug;
  let count = 1;
  while (used.has(`${slug}-${count}`)) count += 1;
  return `${slug}-${count}`;
}

function withoutIndent(line: string, indent: number): string {
  return line.slice(Math.min(indent, line.length - line.trimStart().length));
}
