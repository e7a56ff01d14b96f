import { randomUUID } from "node:crypto";

/**
 * A UUID of version 7 (RFC 9562): it begins with the time in milliseconds, so that ids made at the
 * same time stand side by side in a database's index.
 */
export function timeOrderedId(now: number): string {
  const time = now.toString(16).padStart(12, "0");
  return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
}
