/** Moments, spans and names as the reader's language and time zone write them. */

const cached = new Map<string, Intl.DateTimeFormat>();

function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify(options);
  let format = cached.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(undefined, options);
    cached.set(key, format);
  }
  return format;
}

const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto", style: "long" });
const integers = new Intl.NumberFormat();

export const formatCount = (count: number): string => integers.format(count);

export function formatMoment(at: number): string {
  return dates({ dateStyle: "medium", timeStyle: "short" }).format(at);
}

/** With the seconds and the zone, for a tooltip. */
export function formatMomentLong(at: number): string {
  return dates({ dateStyle: "full", timeStyle: "long" }).format(at);
}

export function formatClock(at: number, withMilliseconds: boolean): string {
  return dates({
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    ...(withMilliseconds && { fractionalSecondDigits: 3 }),
  }).format(at);
}

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** "3 hours ago", "in 2 days"; never "in 0 seconds". */
export function formatAgo(at: number, now: number): string {
  const span = at - now;
  const size = Math.abs(span);
  if (size < 45_000) return relative.format(0, "second");
  if (size < 45 * minute) return relative.format(Math.round(span / minute), "minute");
  if (size < 22 * hour) return relative.format(Math.round(span / hour), "hour");
  if (size < 45 * day) return relative.format(Math.round(span / day), "day");
  return relative.format(Math.round(span / (30.4 * day)), "month");
}

/** "850 ms", "4.2 s", "3 min 20 s", "2 d 4 h". */
export function formatSpan(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < minute) return `${Math.round(ms / 1000)} s`;
  const two = (large: number, big: string, small: number, little: string) => {
    const rest = Math.floor((ms % large) / small);
    return `${Math.floor(ms / large)} ${big}${rest > 0 ? ` ${rest} ${little}` : ""}`;
  };
  if (ms < hour) return two(minute, "min", 1000, "s");
  if (ms < day) return two(hour, "h", minute, "min");
  return two(day, "d", hour, "h");
}

/** `legal_approval`, `legalApproval` and `legal-approval` read as "Legal approval". */
export function humanize(name: string): string {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/[_-]+/g, " ")
    .trim();
  return words === "" ? name : words.charAt(0).toUpperCase() + words.slice(1);
}

/** "ada", "ada and bob", "ada, bob and 3 more". */
export function listNames(names: readonly string[], most = 3): string {
  const shown = names.slice(0, most);
  const rest = names.length - shown.length;
  const parts = rest > 0 ? [...shown, `${rest} more`] : shown;
  return new Intl.ListFormat("en", { type: "conjunction" }).format(parts);
}

/** A value of the data on one line. */
export function formatValue(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "boolean") return value ? "Yes" : "No";
  if (typeof value === "number") return integers.format(value);
  return JSON.stringify(value) ?? "";
}
