import { InvalidArgumentError } from "../errors.ts";

/** A part of a list. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** Given back as `cursor`, it gives the next page; undefined after the last one. */
  readonly next: string | undefined;
}

/** Which part of a list is wanted. */
export interface PageOptions {
  /** At most so many: 50 unless told, and never more than 1000. */
  readonly limit?: number;
  /** The `next` of the page before. */
  readonly cursor?: string;
}

const limitUnlessTold = 50;
const greatestLimit = 1000;

/** @throws InvalidArgumentError */
export function pageLimit(limit: number = limitUnlessTold): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= greatestLimit) return limit;
  throw new InvalidArgumentError(
    `limit is ${JSON.stringify(limit)}; it must be a whole number from 1 to ${greatestLimit}.`,
  );
}

/** The page of these items, of which one more than the limit was asked for. */
export function pageOf<Item>(
  items: readonly Item[],
  limit: number,
  placeOf: (last: Item) => Place,
): Page<Item> {
  if (items.length <= limit) return { items, next: undefined };
  const shown = items.slice(0, limit);
  return { items: shown, next: toCursor(placeOf(shown.at(-1) as Item)) };
}

/** Where an item stands in the order of its list: what the next page comes after. */
type Place = readonly (string | number)[];

function toCursor(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString("base64url");
}

/**
 * The place that a cursor stands for, if it has these types.
 *
 * @throws InvalidArgumentError if the cursor is of another list, or none at all.
 */
export function placeOfCursor<const Types extends readonly ("string" | "number")[]>(
  cursor: string,
  types: Types,
): { [Index in keyof Types]: Types[Index] extends "string" ? string : number } {
  const place = parse(cursor);
  const isRight =
    Array.isArray(place) &&
    place.length === types.length &&
    types.every((type, index) => typeof place[index] === type);
  if (isRight) return place as never;
  throw new InvalidArgumentError(
    `cursor is ${JSON.stringify(cursor)}; give the "next" of the page before, as it was.`,
  );
}

function parse(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, "base64url").toString());
  } catch {
    return undefined;
  }
}
