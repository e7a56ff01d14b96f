import { stripVTControlCharacters, styleText } from "node:util";

export type Style = Parameters<typeof styleText>[0];

/** Colours what goes to stdout, if a terminal shows it and `NO_COLOR` is not set. */
export function paint(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stdout });
}

/** The same for stderr. */
export function paintError(style: Style, text: string): string {
  return styleText(style, text, { stream: process.stderr });
}

/** How the command is called here: `npx` finds it in the project. */
export function commandName(): string {
  return process.env.npm_command === "exec" ? "npx tandem" : "tandem";
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** For what is no result: what happens meanwhile, questions. */
export function tell(text: string): void {
  process.stderr.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  print(JSON.stringify(value, undefined, process.stdout.isTTY === true ? 2 : undefined));
}

const usualColumns = 80;
const narrowestTerminal = 40;

/** How wide lines may be. */
export function columns(): number {
  // Some terminals do not know, and say 0.
  const width = process.stdout.columns || Number.parseInt(process.env.COLUMNS ?? "", 10);
  return Math.max(narrowestTerminal, width || usualColumns);
}

/** Characters that terminals draw two columns wide: most of East Asia, and pictures. */
const wide = new RegExp(
  "[\\u1100-\\u115f\\u2e80-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60]" +
    "|\\p{Emoji_Presentation}",
  "u",
);

/** How many columns a text takes. */
export function widthOf(text: string): number {
  let width = 0;
  for (const each of graphemes(stripVTControlCharacters(text))) width += wide.test(each) ? 2 : 1;
  return width;
}

/** Made when it is needed: it takes some milliseconds. */
let segmenter: Intl.Segmenter | undefined;

const plain = /^[\x20-\x7e]*$/;

function graphemes(text: string): string[] {
  if (plain.test(text)) return text.split("");
  segmenter ??= new Intl.Segmenter();
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Cuts a text that is too wide, with an ellipsis. What could steer the terminal is taken out. */
export function shorten(text: string, width: number): string {
  const line = oneLine(text);
  if (widthOf(line) <= width) return line;
  let kept = "";
  let room = width - 1;
  for (const each of graphemes(line)) {
    room -= widthOf(each);
    if (room < 0) break;
    kept += each;
  }
  return `${kept.trimEnd()}…`;
}

/** Line breaks and characters that could steer the terminal, as spaces. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(/[\p{Cc}\u2028\u2029]+/gu, " ");
}

export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/** Breaks a text between words, each line behind the indent. */
export function wrap(text: string, indent = "", width = columns()): string[] {
  const room = width - indent.length;
  const lines: string[] = [];
  let line = /^\s*/.exec(text)?.[0] ?? "";
  for (const word of oneLine(text).trim().split(/ +/)) {
    const longer = line.trim() === "" ? line + word : `${line} ${word}`;
    if (line.trim() !== "" && widthOf(longer) > room) {
      lines.push(indent + line);
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, indent + line].map((each) => each.trimEnd());
}

export interface Column {
  readonly title: string;
  readonly style?: (value: string) => Style | undefined;
  /** Whether it gives up width when there is too little; the others are shown whole. */
  readonly isElastic?: boolean;
}

/** Rows below titles, as wide as the terminal at most. */
export function table(layout: readonly Column[], rows: readonly (readonly string[])[]): string {
  const gap = 2;
  const widths = layout.map(({ title }, index) =>
    Math.max(title.length, ...rows.map((row) => widthOf(oneLine(row[index] ?? "")))),
  );
  let excess = widths.reduce((sum, width) => sum + width + gap, -gap) - columns();
  while (excess > 0) {
    const widest = widestElastic(layout, widths);
    if (widest < 0) break;
    widths[widest] = (widths[widest] ?? 0) - 1;
    excess--;
  }
  const line = (cells: readonly string[], styles: readonly (Style | undefined)[]) =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        const short = shorten(cell, width);
        const style = styles[index];
        const padding = index === cells.length - 1 ? "" : " ".repeat(width - widthOf(short));
        return (style === undefined || short === "" ? short : paint(style, short)) + padding;
      })
      .join(" ".repeat(gap))
      .trimEnd();
  const titles = layout.map(({ title }) => title);
  const head = line(
    titles,
    titles.map(() => "dim" as const),
  );
  const body = rows.map((row) =>
    line(
      layout.map((_column, index) => row[index] ?? ""),
      layout.map(({ style }, index) => style?.(row[index] ?? "")),
    ),
  );
  return [head, ...body].join("\n");
}

const narrowest = 8;

function widestElastic(layout: readonly Column[], widths: readonly number[]): number {
  let widest = -1;
  for (const [index, { isElastic }] of layout.entries()) {
    const width = widths[index] ?? 0;
    if (isElastic !== true || width <= narrowest) continue;
    if (widest < 0 || width > (widths[widest] ?? 0)) widest = index;
  }
  return widest;
}

/** What takes no longer needs no progress. */
const soonMs = 500;

/** Says on a terminal what goes on, in one line that is taken away again. */
export class Progress {
  readonly #isShown = process.stderr.isTTY === true;
  readonly #from = Date.now() + soonMs;
  #isDrawn = false;

  show(text: string): void {
    if (!this.#isShown || Date.now() < this.#from) return;
    process.stderr.write(`\r\u001b[K${shorten(text, columns() - 1)}`);
    this.#isDrawn = true;
  }

  end(): void {
    if (this.#isDrawn) process.stderr.write("\r\u001b[K");
    this.#isDrawn = false;
  }
}
