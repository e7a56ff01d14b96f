import type { ReactNode } from "react";
import type { TaskSummary } from "tandem-workflows/client";
import { useApi } from "../data/api.tsx";
import { humanize } from "../format.ts";
import { Link } from "../router.tsx";
import { Icon } from "../ui/icons.tsx";
import { Due, Moment } from "../ui/parts.tsx";

export function TaskList({
  items,
  isDone,
  openId,
  picked,
  onPick,
  hrefFor,
}: {
  items: readonly TaskSummary[];
  isDone: boolean;
  openId: string | undefined;
  picked: ReadonlySet<string>;
  onPick: (picked: ReadonlySet<string>) => void;
  hrefFor: (id: string) => string;
}): ReactNode {
  const pick = (id: string, isPicked: boolean) => {
    const next = new Set(picked);
    if (isPicked) next.add(id);
    else next.delete(id);
    onPick(next);
  };
  return (
    <ul className="task-list">
      {items.map((task) => (
        <li key={task.id} className="task-row" data-open={task.id === openId || undefined}>
          {!isDone && (
            <input
              type="checkbox"
              className="task-pick"
              aria-label={`Choose ${task.title}${keyText(task)}`}
              checked={picked.has(task.id)}
              onChange={(event) => pick(task.id, event.target.checked)}
            />
          )}
          <Link href={hrefFor(task.id)} isCurrent={task.id === openId} className="task-link">
            <span className="task-title">{task.title}</span>
            <span className="task-sub">
              {humanize(task.workflow)}
              {task.businessKey !== undefined && ` · ${task.businessKey}`}
            </span>
            <span className="row task-facts">
              {isDone && task.endedAt !== undefined ? (
                <span className="muted">
                  <Moment at={task.endedAt} />
                </span>
              ) : (
                <>
                  {task.dueAt !== undefined && <Due at={task.dueAt} />}
                  {task.priority > 50 && (
                    <span className="badge" data-tone="failed">
                      <Icon name="up" /> Urgent
                    </span>
                  )}
                  <Holder task={task} />
                  {task.dueAt === undefined && (
                    <span className="muted small">
                      <Moment at={task.createdAt} />
                    </span>
                  )}
                </>
              )}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}

const keyText = ({ businessKey }: TaskSummary) =>
  businessKey === undefined ? "" : `, ${businessKey}`;

/** Whose it is, or who may take it. */
export function Holder({ task }: { task: TaskSummary }): ReactNode {
  const { me } = useApi();
  const { assignee, candidateGroups = [], candidateUsers = [] } = task;
  if (assignee !== undefined) {
    return (
      <span className="badge" {...(assignee === me.user && { "data-tone": "running" })}>
        <Icon name="person" /> {assignee === me.user ? "Yours" : assignee}
      </span>
    );
  }
  const candidates = [...candidateGroups, ...candidateUsers];
  return (
    <span className="badge">
      <Icon name="group" />{" "}
      {candidates.length === 0 ? "Anybody" : candidates.slice(0, 2).join(", ")}
      {candidates.length > 2 && ` +${candidates.length - 2}`}
    </span>
  );
}
