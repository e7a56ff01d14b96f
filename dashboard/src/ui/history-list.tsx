import type { ReactNode } from "react";
import type { HistoryEntry } from "tandem-workflows/client";
import { humanize } from "../format.ts";
import { Icon, type IconName } from "./icons.tsx";
import { JsonView } from "./json-view.tsx";
import { Moment } from "./parts.tsx";

interface Saying {
  readonly icon: IconName;
  readonly text: string;
}

const sayings: Readonly<Record<string, Saying>> = {
  started: { icon: "play", text: "started the instance" },
  signaled: { icon: "signal", text: "sent a signal" },
  "item-added": { icon: "plus", text: "added an item" },
  "map-closed": { icon: "stop", text: "closed the list early" },
  "step-canceled": { icon: "stop", text: "cancelled a step" },
  canceled: { icon: "stop", text: "cancelled the instance" },
  paused: { icon: "pause", text: "paused the instance" },
  resumed: { icon: "play", text: "resumed the instance" },
  retried: { icon: "retry", text: "retried the instance" },
  upgraded: { icon: "up", text: "moved the instance to another version" },
  "task-claimed": { icon: "person", text: "claimed the task" },
  "task-released": { icon: "undo", text: "gave the task back" },
  "task-reassigned": { icon: "right", text: "gave the task to" },
  "task-delegated": { icon: "right", text: "asked for an answer from" },
  "task-answered": { icon: "comment", text: "answered for the owner" },
  "task-commented": { icon: "comment", text: "commented" },
  "task-completed": { icon: "check", text: "completed the task" },
  "task-reminded": { icon: "clock", text: "A reminder was sent" },
  "task-escalated": { icon: "warn", text: "The task was escalated" },
};

/** Who did what, and for whom; the latest first. */
export function HistoryList({
  entries,
  withSteps = true,
}: {
  entries: readonly HistoryEntry[];
  withSteps?: boolean;
}): ReactNode {
  if (entries.length === 0) return <p className="muted">Nobody has done anything yet.</p>;
  return (
    <ol className="history">
      {entries.toReversed().map((entry) => (
        <li key={entry.number}>
          <OneEntry entry={entry} withSteps={withSteps} />
        </li>
      ))}
    </ol>
  );
}

function OneEntry({ entry, withSteps }: { entry: HistoryEntry; withSteps: boolean }): ReactNode {
  const { type, at, user, onBehalfOf, through, path, details = {} } = entry;
  const saying = sayings[type] ?? { icon: "info", text: humanize(type).toLowerCase() };
  const { to, text, comment, reason, data, ...others } = details;
  const words = [text, comment, reason].filter((value) => typeof value === "string");
  const rest = typeof data === "object" && data !== null && !Array.isArray(data) ? data : others;
  return (
    <>
      <span className="history-icon">
        <Icon name={saying.icon} size={15} />
      </span>
      <div>
        <p>
          {user !== undefined && <strong>{user} </strong>}
          {saying.text}
          {typeof to === "string" && <strong> {to}</strong>}
          {typeof onBehalfOf === "string" && <> for {onBehalfOf}</>}
          {withSteps && path !== undefined && (
            <span className="muted">
              {" "}
              at <code>{path}</code>
            </span>
          )}
        </p>
        {words.map((word) => (
          <blockquote key={String(word)}>{String(word)}</blockquote>
        ))}
        {Object.keys(rest).length > 0 && (
          <details>
            <summary>What was given</summary>
            <JsonView data={rest as Record<string, unknown>} />
          </details>
        )}
        <p className="muted small">
          <Moment at={at} />
          {through !== undefined && ` · by ${through}`}
        </p>
      </div>
    </>
  );
}
