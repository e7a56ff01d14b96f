import type { Statistics } from "../http/client.ts";
import type { Finding } from "./finding.ts";
import { duration } from "./moments.ts";
import type { CommonOptions } from "./options.ts";
import { withSession } from "./session.ts";

/** What can be seen of a server from outside. */
export async function examineServer(options: CommonOptions): Promise<readonly Finding[]> {
  return withSession(options, {}, async ({ client, where }) => {
    await client.health();
    const before = Date.now();
    const statistics = await client.statistics();
    const now = (before + Date.now()) / 2;
    return [
      { check: "server", status: "well", message: `${where} answers, and so does its store.` },
      judgeClock(Date.parse(statistics.at) - now, "the server"),
      ...judgeMeasures(measuresOf(statistics), Date.parse(statistics.at)),
      judgeFailures(statistics.instances),
      {
        check: "more",
        status: "note",
        message: "Over HTTP, workers, definitions and stuck instances cannot be looked at.",
        advice: "Run `tandem doctor --database …` where the database can be reached.",
      },
    ];
  });
}

/** So far apart clocks may be: nothing depends on less. */
const toleratedMs = 5000;

export function judgeClock(aheadMs: number, whose: string): Finding {
  const distance = duration(Math.abs(aheadMs));
  if (Math.abs(aheadMs) <= toleratedMs) {
    return { check: "clock", status: "well", message: `This clock and that of ${whose} agree.` };
  }
  return {
    check: "clock",
    status: "problem",
    message: `This clock is ${distance} ${aheadMs > 0 ? "behind" : "ahead of"} that of ${whose}.`,
    advice: "Timers and due dates go by the clock of whoever looks: set both by NTP.",
  };
}

interface Measures {
  readonly overdueTasks: number;
  readonly dueTimers: number;
  readonly oldestDueTimerAt: number | undefined;
  readonly messages: number;
  readonly oldestMessageAt: number | undefined;
}

function measuresOf(statistics: Statistics): Measures {
  const { overdueTasks, dueTimers, oldestDueTimerAt, messages, oldestMessageAt } = statistics;
  const read = (moment: string | undefined) =>
    moment === undefined ? undefined : Date.parse(moment);
  return {
    ...{ overdueTasks, dueTimers, messages },
    oldestDueTimerAt: read(oldestDueTimerAt),
    oldestMessageAt: read(oldestMessageAt),
  };
}

/** What waits for so long is no longer only on its way. */
const lateMs = 30_000;

const startAnEngine =
  "Start your application, or `tandem dev`: any engine on the database does it.";

/** What waits in the store that an engine should have taken. */
export function judgeMeasures(measures: Measures, now: number): Finding[] {
  const { dueTimers, oldestDueTimerAt = now, messages, oldestMessageAt = now } = measures;
  const { overdueTasks } = measures;
  const areTimersLate = dueTimers > 0 && now - oldestDueTimerAt > lateMs;
  const areMessagesLate = messages > 0 && now - oldestMessageAt > lateMs;
  return [
    areTimersLate
      ? {
          check: "timers",
          status: "problem",
          message:
            `${count(dueTimers, "timer")} should have fired, the oldest ` +
            `${duration(now - oldestDueTimerAt)} ago.`,
          advice: startAnEngine,
        }
      : { check: "timers", status: "well", message: "No timer is late." },
    areMessagesLate
      ? {
          check: "messages",
          status: "problem",
          message:
            `${count(messages, "message")} between engines and instances ` +
            `${messages === 1 ? "was" : "were"} not read, the oldest for ` +
            `${duration(now - oldestMessageAt)}.`,
          advice: startAnEngine,
        }
      : { check: "messages", status: "well", message: "No message waits." },
    ...(overdueTasks > 0
      ? [
          {
            check: "tasks",
            status: "note",
            message: `Overdue tasks of people: ${overdueTasks}.`,
            advice: "`tandem tasks --overdue` shows them.",
          } as const,
        ]
      : []),
  ];
}

export function judgeFailures(
  counts: readonly { readonly status: string; readonly count: number }[],
): Finding {
  const failed = counts
    .filter(({ status }) => status === "failed")
    .reduce((sum, each) => sum + each.count, 0);
  if (failed === 0)
    return { check: "failures", status: "well", message: "No instance has failed." };
  return {
    check: "failures",
    status: "note",
    message: `${count(failed, "instance")} ${failed === 1 ? "has" : "have"} failed.`,
    advice: "`tandem list --status failed` shows them; `tandem retry ID` goes on with one.",
  };
}

export function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
