/** Text that may stand between double quotes in Mermaid and is shown as it is, on one line. */
export function escapeLabel(text: string): string {
  const line = text.replace(/[\s\p{Cc}]+/gu, " ").trim();
  if (line === "") return " ";
  const points = [...line];
  const shown = points.length > longest ? [...points.slice(0, longest - 1), "…"] : points;
  const escaped = shown.map((point, place) =>
    isSafe(point, shown[place - 1], shown[place + 1]) ? point : `#${point.codePointAt(0)};`,
  );
  // Older versions read "1. " as a list.
  return escaped.join("").replace(/^(\d+)([.)])(?= )/, (_, number, sign) => {
    return `${number}#${sign.charCodeAt(0)};`;
  });
}

/** Characters; a longer label would hide the picture behind itself. */
const longest = 120;

const word = /[\p{L}\p{N}]/u;
const opensLine = /[\p{L}\p{N}\p{Extended_Pictographic}(✓✗◷⊘–]/u;
const plain = /[\p{L}\p{M}\p{N}\p{Extended_Pictographic} _.,()/=+!?'·×…–✓✗◷⊘-]/u;

/**
 * Mermaid reads labels as HTML and, in some versions, as Markdown; it also knows icons (`fa:fa-x`),
 * directives (`%%{`), formulas (`$$`) and breaks (`\n`).
 */
function isSafe(point: string, before: string | undefined, after: string | undefined): boolean {
  if (before === undefined) return opensLine.test(point);
  switch (point) {
    case "_":
      return word.test(before) && after !== undefined && word.test(after);
    case ":":
      return after === " ";
    case ">":
      return true;
    case "&":
      return after === "&" || after === " ";
    default:
      return plain.test(point);
  }
}

/** Gives each path an id that is no word of Mermaid's, and that no other path has. */
export class Ids {
  readonly #used = new Set<string>();
  readonly #counts = new Map<string, number>();

  /** A new id that begins with the prefix and keeps the letters and digits of the path. */
  make(prefix: string, path: string): string {
    const base = `${prefix}_${toAscii(path)}`;
    let count = this.#counts.get(base) ?? 0;
    let id = base;
    while (this.#used.has(id)) id = `${base}_${++count}`;
    this.#counts.set(base, count);
    this.#used.add(id);
    return id;
  }
}

const toAscii = (path: string): string =>
  path
    .replaceAll("[]", "")
    .replace(/[/-]/g, "_")
    .replace(/\W/gu, (letter) => (letter.codePointAt(0) as number).toString(16));

const units = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1_000],
  ["ms", 1],
] as const;

/** `1 d 12 h`: exact, in the largest units. */
export function formatDuration(durationMs: number): string {
  const parts: string[] = [];
  let rest = durationMs;
  for (const [unit, length] of units) {
    const count = unit === "ms" ? rest : Math.floor(rest / length);
    if (count > 0) parts.push(`${count} ${unit}`);
    rest -= count * length;
  }
  return parts.length === 0 ? "0 ms" : parts.join(" ");
}
