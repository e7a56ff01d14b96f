import type { ReactNode } from "react";
import type { InstanceSummary } from "tandem-workflows/client";
import { formatClock, formatCount } from "../format.ts";

export interface Hour {
  readonly at: number;
  readonly completed: number;
  readonly failed: number;
  readonly open: number;
}

const hourMs = 3_600_000;

export function hourlyOf(items: readonly InstanceSummary[], from: number, count: number): Hour[] {
  const hours = Array.from({ length: count }, (_, index) => ({
    at: from + index * hourMs,
    completed: 0,
    failed: 0,
    open: 0,
  }));
  for (const { startedAt, status } of items) {
    const hour = hours[Math.floor((Date.parse(startedAt) - from) / hourMs)];
    if (hour === undefined) continue;
    if (status === "completed") hour.completed += 1;
    else if (status === "failed" || status === "canceled") hour.failed += 1;
    else hour.open += 1;
  }
  return hours;
}

const parts = [
  ["completed", "done", "completed"],
  ["open", "running", "still open"],
  ["failed", "failed", "failed or cancelled"],
] as const;

/** A column for each hour; the numbers are also there as a table for those who do not see it. */
export function Throughput({ hours }: { hours: readonly Hour[] }): ReactNode {
  const most = Math.max(1, ...hours.map((one) => one.completed + one.failed + one.open));
  return (
    <figure className="throughput">
      <div className="throughput-bars" aria-hidden="true">
        {hours.map((hour) => (
          <div key={hour.at} className="throughput-hour" title={titleOf(hour)}>
            {parts.map(([key, tone]) => (
              <i key={key} data-tone={tone} style={{ height: `${(100 * hour[key]) / most}%` }} />
            ))}
          </div>
        ))}
      </div>
      <div className="throughput-axis" aria-hidden="true">
        {hours
          .filter((_, index) => index % 6 === 0)
          .map(({ at }) => (
            <span key={at}>{formatClock(at, false).replace(/:00(?=\s|$)/, "")}</span>
          ))}
      </div>
      <figcaption className="row small muted">
        {parts.map(([key, tone, name]) => (
          <span key={key} className="row">
            <i className="swatch" data-tone={tone} />
            {formatCount(hours.reduce((sum, hour) => sum + hour[key], 0))} {name}
          </span>
        ))}
        <span>at most {formatCount(most)} in an hour</span>
      </figcaption>
      <div className="visually-hidden">
        <table>
          <caption>Instances by the hour in which they started</caption>
          <tbody>
            {hours.map((hour) => (
              <tr key={hour.at}>
                <th scope="row">{formatClock(hour.at, false)}</th>
                <td>{titleOf(hour)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  );
}

function titleOf({ at, completed, failed, open }: Hour): string {
  return `${formatClock(at, false)}: ${completed} completed, ${open} open, ${failed} failed`;
}
