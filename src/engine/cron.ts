import { Cron } from "croner";
import { InvalidCronError, InvalidTimezoneError } from "../errors.ts";
import type { EpochMs } from "../machine/index.ts";

/**
 * The first moment after `after` at which the pattern is due; undefined if it never is again.
 *
 * Where clocks are put forward, what falls into the hour that is left out is due when they have
 * been; where they are put back, what names its hours is due once, and `*` in every hour that
 * passes.
 *
 * @throws InvalidCronError, InvalidTimezoneError
 */
export function nextMoment(cron: string, timezone: string, after: EpochMs): EpochMs | undefined {
  checkTimezone(timezone);
  return parse(cron, timezone).nextRun(new Date(after))?.getTime();
}

function parse(cron: string, timezone: string): Cron {
  // The library takes the text of a moment too; a schedule that is due once is no schedule.
  if (typeof cron === "string" && !/^\d{4}-/.test(cron.trim())) {
    try {
      return new Cron(cron, { timezone, paused: true, fixedTimeRule: "no-wildcard" });
    } catch (error) {
      throw invalidCron(cron, error instanceof Error ? `: ${error.message}` : "");
    }
  }
  throw invalidCron(cron, "");
}

function invalidCron(cron: unknown, reason: string): InvalidCronError {
  return new InvalidCronError(
    `cron is ${JSON.stringify(cron)}, which is no cron pattern${reason}. Write five fields: minute, ` +
      `hour, day of month, month, day of week, such as "30 8 * * 1-5"; seconds may come before them.`,
  );
}

function checkTimezone(timezone: unknown): void {
  try {
    if (typeof timezone === "string" && timezone !== "") {
      new Intl.DateTimeFormat("en", { timeZone: timezone });
      return;
    }
  } catch {
    // Said below.
  }
  throw new InvalidTimezoneError(
    `timezone is ${JSON.stringify(timezone)}, which is no time zone that this platform knows; ` +
      `give an IANA name such as "Europe/Berlin", or "UTC".`,
  );
}
