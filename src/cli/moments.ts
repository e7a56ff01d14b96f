const units: readonly (readonly [name: string, ms: number])[] = [
  ["d", 86_400_000],
  ["h", 3_600_000],
  ["min", 60_000],
  ["s", 1000],
];

/** `104 ms`, `2.5 s`, `3 d`. */
export function duration(ms: number): string {
  for (const [name, length] of units) {
    if (ms >= length) return `${Math.round((ms / length) * 10) / 10} ${name}`;
  }
  return `${Math.round(ms)} ms`;
}

/** `now`, `12 min ago`, `in 3 d`. */
export function relative(moment: string | undefined, now: number): string {
  if (moment === undefined) return "";
  const ms = now - Date.parse(moment);
  if (Math.abs(ms) < 1000) return "now";
  return ms > 0 ? `${coarse(ms)} ago` : `in ${coarse(-ms)}`;
}

function coarse(ms: number): string {
  for (const [name, length] of units) {
    if (ms >= length) return `${Math.floor(ms / length)} ${name}`;
  }
  return "0 s";
}

/** What people write for a moment: ISO 8601, or how long ago (`2h`, `30min`, `7d`). */
export function parseMoment(text: string, now: number): string | undefined {
  const ago = /^(\d+(?:\.\d+)?)\s*(d|h|min|m|s)$/.exec(text);
  if (ago !== null) {
    const name = ago[2] === "m" ? "min" : ago[2];
    const length = units.find((unit) => unit[0] === name)?.[1] ?? 0;
    const at = now - Number(ago[1]) * length;
    return Number.isNaN(new Date(at).getTime()) ? undefined : new Date(at).toISOString();
  }
  const isDate = /^\d{4}-\d{2}-\d{2}(?:$|T)/.test(text);
  const at = Date.parse(text);
  return isDate && !Number.isNaN(at) ? new Date(at).toISOString() : undefined;
}
