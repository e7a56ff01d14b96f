/** How results are shown to people: a table of 80 columns. */

export interface Result {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly n: number;
  /** How many times slower than the limit: 1 is as fast as by hand. A limit has none. */
  readonly ratio: number | null;
  readonly ratioTo: string | null;
}

interface Column {
  readonly title: string;
  /** Negative: the text starts at the left. */
  readonly width: number;
  readonly text: (result: Result) => string;
}

const COLUMNS: readonly Column[] = [
  { title: "figure", width: -33, text: ({ name }) => name },
  { title: "median", width: 10, text: ({ value }) => inDigits(value) },
  { title: " unit", width: -10, text: ({ unit }) => ` ${unit}` },
  { title: "min", width: 9, text: ({ min }) => inDigits(min) },
  { title: "max", width: 9, text: ({ max }) => inDigits(max) },
  { title: "slower", width: 9, text: ({ ratio }) => (ratio === null ? "" : `${inDigits(ratio)}x`) },
];

export function toTable(results: readonly Result[]): string {
  const head = toLine(({ title }) => title);
  const rows = results.map((result) => toLine(({ text }) => text(result)));
  return [head, "-".repeat(80), ...rows].map((line) => `${line}\n`).join("");
}

function toLine(text: (column: Column) => string): string {
  const cells = COLUMNS.map((column) => {
    const { width } = column;
    return width < 0 ? text(column).padEnd(-width) : text(column).padStart(width);
  });
  return cells.join("").trimEnd();
}

function inDigits(value: number): string {
  const notation = value < 1_000_000 ? "standard" : "compact";
  return value.toLocaleString("en", { maximumSignificantDigits: 4, notation });
}
