import { InvalidArgumentError } from "./errors.ts";

/** In UTF-8. Longer names and ids could be too long for a database's index. */
const longestText = 500;
const encoder = new TextEncoder();

/** Whether every database can keep the text: PostgreSQL's text has no NUL character. */
export function isKeepable(text: string): boolean {
  return !text.includes("\0");
}

/**
 * Names and ids that callers give stand in columns of their own, not in JSON.
 *
 * @throws InvalidArgumentError if one of them is not a text that a database can keep.
 */
export function checkTexts(texts: Readonly<Record<string, unknown>>): void {
  for (const [option, value] of Object.entries(texts)) {
    if (value === undefined) continue;
    if (typeof value !== "string" || !isKeepable(value)) {
      throw new InvalidArgumentError(
        `${option} must be a string without NUL characters; found ${JSON.stringify(value)}.`,
      );
    }
    const size = value.length * 3 <= longestText ? 0 : encoder.encode(value).length;
    if (size > longestText) {
      throw new InvalidArgumentError(
        `${option} has ${size} bytes in UTF-8; at most ${longestText} can be kept.`,
      );
    }
  }
}

const mostTags = 100;

/**
 * Gives each tag once.
 *
 * @throws InvalidArgumentError if they are not a list of texts that a database can keep.
 */
export function checkTags(tags: unknown): readonly string[] {
  if (!Array.isArray(tags) || tags.some((tag) => typeof tag !== "string" || tag === "")) {
    throw new InvalidArgumentError(
      `tags must be a list of non-empty strings; found ${JSON.stringify(tags)}.`,
    );
  }
  const distinct = [...new Set<string>(tags)];
  if (distinct.length > mostTags) {
    throw new InvalidArgumentError(
      `An instance may have ${mostTags} tags; found ${distinct.length}.`,
    );
  }
  for (const tag of distinct) checkTexts({ "a tag": tag });
  return Object.freeze(distinct);
}
