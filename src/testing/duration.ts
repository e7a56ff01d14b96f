import { InvalidArgumentError } from "../errors.ts";

/** A span of time, the sum of its parts. */
export interface Duration {
  readonly days?: number;
  readonly hours?: number;
  readonly minutes?: number;
  readonly seconds?: number;
  readonly milliseconds?: number;
}

const unitsInMs: Readonly<Record<string, number>> = {
  days: 86_400_000,
  hours: 3_600_000,
  minutes: 60_000,
  seconds: 1000,
  milliseconds: 1,
};

/** @throws InvalidArgumentError if it is negative, or has a part that is no known unit. */
export function toMs(duration: Duration | number): number {
  let ms = typeof duration === "number" ? duration : 0;
  if (typeof duration === "object") {
    for (const [unit, amount] of Object.entries(duration)) {
      ms += amount * (unitsInMs[unit] ?? Number.NaN);
    }
  }
  if (ms >= 0) return ms;
  throw new InvalidArgumentError(
    `${JSON.stringify(duration)} is no time that can pass; give milliseconds, ` +
      "or an object such as { days: 2, hours: 3 }.",
  );
}
