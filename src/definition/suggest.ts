/** Work that one set of names may still cost, so that 100,000 typos do not take for ever. */
const budgetPerSet = 2_000_000;

/** Finds, for a name that does not exist, the one that was probably meant. */
export class Suggestions {
  readonly #known: readonly string[];
  #budget = budgetPerSet;

  constructor(known: Iterable<string>) {
    this.#known = [...known];
  }

  /** What follows the wrong name in a message: ` (did you mean "notify"?)` or what there is. */
  for(name: string): string {
    const nearest = this.#nearest(name);
    if (nearest !== undefined) return ` (did you mean "${nearest}"?)`;
    const shown = this.#known.slice(0, 10).map((known) => `"${known}"`);
    if (shown.length === 0) return " (there is none)";
    const more = this.#known.length - shown.length;
    return ` (there is ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""})`;
  }

  #nearest(name: string): string | undefined {
    const wanted = plain(name);
    let nearest: string | undefined;
    let limit = Math.max(1, Math.floor(wanted.length / 3)) + 1;
    for (const known of this.#known) {
      if (this.#budget <= 0) return undefined;
      const candidate = plain(known);
      this.#budget -= 1;
      if (candidate === wanted) return known;
      if (Math.abs(candidate.length - wanted.length) >= limit) continue;
      this.#budget -= candidate.length * wanted.length;
      const distance = editDistance(candidate, wanted);
      if (distance < limit) {
        limit = distance;
        nearest = known;
      }
    }
    return nearest;
  }
}

/** `sendEmail`, `send-email` and `Send_Email` are the same slip. */
const plain = (name: string) =>
  name
    .slice(0, 200)
    .toLowerCase()
    .replace(/[-_\s]/g, "");

/** How many characters must be inserted, deleted, replaced or swapped with their neighbour. */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(
        at(previous, column) + 1,
        at(current, column - 1) + 1,
        at(previous, column - 1) + (same ? 0 : 1),
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, at(beforePrevious, column - 2) + 1);
      }
      current.push(cost);
    }
    beforePrevious = previous;
    previous = current;
  }
  return at(previous, b.length);
}

const at = (row: readonly number[], column: number) => row[column] ?? Number.POSITIVE_INFINITY;
