import { type ReactNode, useEffect, useState } from "react";
import { formatAgo, formatMoment, formatMomentLong } from "../format.ts";
import { Icon, type IconName } from "./icons.tsx";

/** What the colours and shapes of a status say, everywhere alike. */
export interface StatusLook {
  readonly tone: string;
  readonly icon: IconName;
  readonly label: string;
}

const statusLooks: Readonly<Record<string, StatusLook>> = {
  completed: { tone: "done", icon: "check", label: "Completed" },
  succeeded: { tone: "done", icon: "check", label: "Done" },
  done: { tone: "done", icon: "check", label: "Done" },
  running: { tone: "running", icon: "play", label: "Running" },
  waiting: { tone: "waiting", icon: "clock", label: "Waiting" },
  scheduled: { tone: "waiting", icon: "retry", label: "Will try again" },
  pending: { tone: "pending", icon: "clock", label: "Waits for its turn" },
  open: { tone: "waiting", icon: "clock", label: "Open" },
  paused: { tone: "canceled", icon: "pause", label: "Paused" },
  failed: { tone: "failed", icon: "cross", label: "Failed" },
  canceled: { tone: "canceled", icon: "stop", label: "Cancelled" },
  withdrawn: { tone: "canceled", icon: "undo", label: "Withdrawn" },
  skipped: { tone: "skipped", icon: "skip", label: "Skipped" },
  idle: { tone: "idle", icon: "minus", label: "Not reached yet" },
};

export function lookOf(status: string): StatusLook {
  return statusLooks[status] ?? { tone: "idle", icon: "minus", label: status };
}

export function StatusBadge({ status, label }: { status: string; label?: string }): ReactNode {
  const look = lookOf(status);
  return (
    <span className="badge" data-tone={look.tone}>
      <Icon name={look.icon} />
      {label ?? look.label}
    </span>
  );
}

/** The time, moving on every half minute. */
export function useNow(everyMs = 30_000): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export function Moment({
  at,
  isAbsolute = false,
}: {
  at: string;
  isAbsolute?: boolean;
}): ReactNode {
  const now = useNow();
  const time = Date.parse(at);
  return (
    <time dateTime={at} title={formatMomentLong(time)}>
      {isAbsolute ? formatMoment(time) : formatAgo(time, now)}
    </time>
  );
}

/** When something is due, and whether that has passed: said in words, not only in red. */
export function Due({ at }: { at: string }): ReactNode {
  const now = useNow();
  const time = Date.parse(at);
  const isOver = time < now;
  const isSoon = !isOver && time - now < 24 * 60 * 60 * 1000;
  const tone = isOver ? "failed" : isSoon ? "waiting" : undefined;
  return (
    <span className="badge" {...(tone && { "data-tone": tone })} title={formatMomentLong(time)}>
      <Icon name={isOver ? "warn" : "clock"} />
      {isOver ? "Overdue · " : "Due · "}
      <time dateTime={at}>{formatAgo(time, now)}</time>
    </span>
  );
}

export function Notice({
  tone,
  icon = "info",
  children,
  role,
}: {
  tone?: string;
  icon?: IconName;
  children: ReactNode;
  role?: "status" | "alert";
}): ReactNode {
  return (
    <div className="notice" role={role} {...(tone && { "data-tone": tone })}>
      <Icon name={icon} />
      <div>{children}</div>
    </div>
  );
}

export function Empty({
  icon,
  title,
  isPage = false,
  children,
}: {
  icon: IconName;
  title: string;
  /** It is all that the page shows. */
  isPage?: boolean;
  children?: ReactNode;
}): ReactNode {
  return (
    <div className="empty">
      <Icon name={icon} size={40} />
      {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
      {children}
    </div>
  );
}

/** Grey lines in the place of what is being loaded, as high as it will be. */
export function Skeleton({
  lines = 4,
  height = 44,
}: {
  lines?: number;
  height?: number;
}): ReactNode {
  return (
    <div className="stack" aria-hidden="true">
      {Array.from({ length: lines }, (_, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines that are all alike
        <div className="skeleton" key={index} style={{ height }} />
      ))}
    </div>
  );
}

export function PageHead({
  title,
  crumb,
  sub,
  children,
}: {
  title: ReactNode;
  crumb?: ReactNode;
  sub?: ReactNode;
  children?: ReactNode;
}): ReactNode {
  return (
    <header className="page-head">
      <div>
        {crumb !== undefined && <p className="crumb">{crumb}</p>}
        <h1>{title}</h1>
        {sub !== undefined && <div className="sub row">{sub}</div>}
      </div>
      <div className="row">{children}</div>
    </header>
  );
}

export function Card({
  title,
  aside,
  children,
  isFlush = false,
}: {
  title?: ReactNode;
  aside?: ReactNode;
  children: ReactNode;
  /** Whether the content reaches the edge. */
  isFlush?: boolean;
}): ReactNode {
  return (
    <section className="card">
      {title !== undefined && (
        <div className="card-head">
          <h2>{title}</h2>
          {aside}
        </div>
      )}
      {isFlush ? children : <div className="card-body">{children}</div>}
    </section>
  );
}
