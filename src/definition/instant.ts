const isoWithZone =
  /^(\d{4})-(\d{2})-(\d{2})T\d{2}:\d{2}(:\d{2}([.,]\d+)?)?(Z|[+-]\d{2}(:?\d{2})?)$/;

/**
 * Milliseconds since the epoch of a date, an ISO 8601 string with a zone, or such milliseconds;
 * undefined if the value is none of them. A string without a zone would mean another instant on
 * another machine, so it is none of them.
 */
export function parseInstant(value: unknown): number | undefined {
  if (typeof value === "number") return Number.isFinite(value) ? Math.trunc(value) : undefined;
  if (value instanceof Date) return parseInstant(value.getTime());
  if (typeof value !== "string") return undefined;
  const match = isoWithZone.exec(value);
  if (match === null || !hasDay(Number(match[1]), Number(match[2]), Number(match[3]))) {
    return undefined;
  }
  const shortZone = /[+-]\d{2}$/.test(value) ? `${value}:00` : value;
  return parseInstant(
    Date.parse(shortZone.replace(",", ".").replace(/([+-]\d{2})(\d{2})$/, "$1:$2")),
  );
}

/** `Date.parse` takes February 30 for March 2. */
function hasDay(year: number, month: number, day: number): boolean {
  return day >= 1 && day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** A moment as people read it: ISO 8601 in UTC. */
export function formatInstant(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
