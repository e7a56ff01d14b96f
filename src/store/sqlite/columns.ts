/**
 * An execution's key is its instance's number times this, plus its own number. It leaves room for
 * 2^31 instances: keys stay integers that JavaScript has.
 */
export const executionsPerInstance = 4_194_304;

/** A value that is JSON or undefined, as a column has it. */
export function toJsonText(value: unknown): string | null {
  return value === undefined ? null : JSON.stringify(value);
}

/** A list of numbers as JSON; NULL for an empty one. */
export function toNumberList(numbers: readonly number[]): string | null {
  if (numbers.length === 0) return null;
  return numbers.length === 1 ? `[${numbers[0]}]` : `[${numbers.join(",")}]`;
}

/** Compares texts as SQLite does: by their bytes. */
export function compareTexts(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(Buffer.from(a), Buffer.from(b));
}
