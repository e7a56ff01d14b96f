import { type ReactNode, useEffect, useRef, useState } from "react";
import type { Task } from "tandem-workflows/client";
import { useAction, useApi, useQuery } from "../data/api.tsx";
import { failureOf, messageOf } from "../data/problems.ts";
import { decisionOf } from "../form/decision.ts";
import { dropDraft } from "../form/drafts.ts";
import { asSchema, isObject } from "../form/json-schema.ts";
import { type FormHandle, SchemaForm } from "../form/schema-form.tsx";
import { humanize } from "../format.ts";
import { instanceHref, Link } from "../router.tsx";
import { HistoryList } from "../ui/history-list.tsx";
import { Icon } from "../ui/icons.tsx";
import { JsonView } from "../ui/json-view.tsx";
import { Due, Empty, Moment, Notice, Skeleton } from "../ui/parts.tsx";
import { toast } from "../ui/toasts.tsx";
import { useShortcuts } from "./shortcuts.ts";
import { TaskActions } from "./task-actions.tsx";
import { Holder } from "./task-list.tsx";

export interface TaskPaneProps {
  readonly taskId: string;
  readonly backHref: string;
  readonly onDone: () => void;
}

/** One task: what it is about, its form, and what was done with it. */
export function TaskPane({ taskId, backHref, onDone }: TaskPaneProps): ReactNode {
  const instanceId = taskId.slice(0, taskId.lastIndexOf("/"));
  const task = useQuery(
    `task ${taskId}`,
    (client, signal) => client.tasks.get(taskId, { signal }),
    {
      live: { inbox: true },
      isAbout: (event) => event.type === "task" && event.instanceId === instanceId,
    },
  );
  const heading = useRef<HTMLHeadingElement>(null);
  const isThere = task.value !== undefined;
  // Whoever opens a task with the keyboard goes on from its title.
  useEffect(() => {
    if (isThere) heading.current?.focus({ preventScroll: true });
  }, [isThere]);

  return (
    <article className="card task-pane" aria-busy={task.isLoading}>
      <Link className="button task-back" data-size="small" href={backHref}>
        <Icon name="left" size={16} /> All tasks
      </Link>
      {task.value !== undefined ? (
        <>
          <TaskHead task={task.value} heading={heading} />
          <div className="task-columns">
            <TaskWork
              key={task.value.proposal?.at ?? ""}
              task={task.value}
              reload={task.reload}
              onDone={onDone}
            />
            <TaskAbout task={task.value} />
          </div>
        </>
      ) : task.error !== undefined ? (
        <TaskMissing error={task.error} />
      ) : (
        <div className="card-body">
          <Skeleton lines={4} height={60} />
        </div>
      )}
    </article>
  );
}

function TaskMissing({ error }: { error: unknown }): ReactNode {
  const { status } = failureOf(error);
  const isHidden = status === 404 || status === 403;
  return (
    <Empty icon="warn" title={isHidden ? "You cannot see this task" : "The task cannot be shown"}>
      <p>{isHidden ? "It does not exist, or it is not for you." : messageOf(error)}</p>
    </Empty>
  );
}

function TaskHead({
  task,
  heading,
}: {
  task: Task;
  heading: React.RefObject<HTMLHeadingElement | null>;
}): ReactNode {
  return (
    <header className="task-head">
      <p className="crumb">
        {humanize(task.workflow)}
        {task.businessKey !== undefined && <> · {task.businessKey}</>} ·{" "}
        <Link href={instanceHref(task.instanceId)}>the whole instance</Link>
      </p>
      <h2 ref={heading} tabIndex={-1} className="task-heading">
        {task.title}
      </h2>
      <div className="row">
        {task.status === "open" && task.dueAt !== undefined && <Due at={task.dueAt} />}
        {task.status === "open" && <Holder task={task} />}
        {task.owner !== undefined && <span className="badge">asked by {task.owner}</span>}
        <span className="muted small">
          arrived <Moment at={task.createdAt} />
        </span>
      </div>
      {task.description !== undefined && <p className="prose">{task.description}</p>}
    </header>
  );
}

const wait = { waitSeconds: 0 } as const;

/** The form, or what has become of the task. */
function TaskWork({
  task,
  reload,
  onDone,
}: {
  task: Task;
  reload: () => Promise<void>;
  onDone: () => void;
}): ReactNode {
  const { client, queries, me, config } = useApi();
  const action = useAction();
  const [isBusy, setIsBusy] = useState(false);
  const [problems, setProblems] = useState<ReturnType<typeof failureOf>["fields"]>([]);
  const [error, setError] = useState<string>();
  const form = useRef<FormHandle>(null);
  const submit = useRef<HTMLButtonElement>(null);
  const sent = useRef(false);
  const schema = asSchema(task.form);
  const decision = decisionOf(schema);
  const may = (name: Task["allowed"][number]) => task.allowed.includes(name);
  const draftKey = `${config.apiUrl} ${me.user} ${task.id}`;

  const choose = (value: unknown) => {
    if (decision === undefined || !may("complete")) return;
    form.current?.set([decision.field], value);
    // What the choice asks for besides comes first; with nothing more to fill in, Enter sends.
    requestAnimationFrame(() => {
      const empty = [...(submit.current?.form?.elements ?? [])].find(
        (element) => element.matches(":required:invalid") && !element.matches("[type=radio]"),
      );
      const next = empty instanceof HTMLElement ? empty : submit.current;
      next?.focus();
    });
  };
  useShortcuts({
    a: () => choose(decision?.approve),
    r: () => choose(decision?.reject),
    c: () => {
      if (may("claim")) void action.run(() => client.tasks.claim(task.id), "You have the task.");
    },
  });

  const complete = async (data: unknown) => {
    setIsBusy(true);
    setError(undefined);
    setProblems([]);
    sent.current = true;
    try {
      await client.tasks.complete(task.id, data, wait);
      dropDraft(draftKey);
      toast(saidOf(task, data, decision));
      queries.refresh();
      onDone();
    } catch (failure) {
      sent.current = false;
      const { fields, status } = failureOf(failure);
      setProblems(fields);
      if (fields.length === 0) setError(messageOf(failure));
      // Somebody was faster, or it was withdrawn: the task itself says who and why.
      if (status === 409 || status === 410 || status === 404) await reload();
    } finally {
      setIsBusy(false);
    }
  };

  if (task.status !== "open") return <TaskEnded task={task} draftKey={draftKey} />;
  return (
    <div className="task-work">
      {task.proposal !== undefined && <Proposal task={task} />}
      {error !== undefined && (
        <Notice tone="failed" icon="warn" role="alert">
          {error}
        </Notice>
      )}
      {!may("complete") && (
        <Notice icon="info">
          {task.assignee !== undefined && task.assignee !== me.user
            ? `${task.assignee} has this task.`
            : "You can read this task, and may not complete it."}
        </Notice>
      )}
      <SchemaForm
        schema={schema}
        draftKey={draftKey}
        initial={isObject(task.proposal?.data) ? task.proposal.data : undefined}
        isBusy={isBusy}
        isDisabled={!may("complete")}
        serverProblems={problems}
        onSubmit={(data) => void complete(data)}
        handle={form}
      >
        {may("complete") && (
          <div className="task-submit">
            <button
              type="submit"
              ref={submit}
              className="button"
              data-look="primary"
              disabled={isBusy}
            >
              {isBusy ? "Sending…" : schema === undefined ? "Done" : "Send"}
            </button>
            {decision !== undefined && (
              <span className="help keys-hint">
                <kbd className="kbd">a</kbd> approve, <kbd className="kbd">r</kbd> reject
              </span>
            )}
          </div>
        )}
      </SchemaForm>
      <TaskActions task={task} action={action} />
    </div>
  );
}

function saidOf(task: Task, data: unknown, decision: ReturnType<typeof decisionOf>): string {
  const value = decision !== undefined && isObject(data) ? data[decision.field] : undefined;
  if (decision !== undefined && value === decision.approve) return `Approved: ${task.title}`;
  if (decision !== undefined && value === decision.reject) return `Rejected: ${task.title}`;
  return `Done: ${task.title}`;
}

/** A task that is gone says how, when and by whom; what one had typed is still there to be read. */
function TaskEnded({ task, draftKey }: { task: Task; draftKey: string }): ReactNode {
  const { me } = useApi();
  const at = task.endedAt !== undefined && <Moment at={task.endedAt} />;
  const isMine = task.endedBy !== undefined && task.endedBy === me.user;
  useEffect(() => {
    if (isMine) dropDraft(draftKey);
  }, [isMine, draftKey]);
  if (task.status === "withdrawn") {
    return (
      <Notice tone="canceled" icon="undo" role="status">
        <strong>This is no longer needed.</strong>
        <p>
          It was withdrawn {at}
          {task.reason !== undefined && `: ${task.reason}`}
          {task.reason?.endsWith(".") !== true && "."} You need not do anything.
        </p>
      </Notice>
    );
  }
  return (
    <Notice tone="done" icon="check" role="status">
      <strong>
        {isMine
          ? "You have done this."
          : task.endedBy === undefined
            ? "This is done."
            : `${task.endedBy} has already done this.`}
      </strong>
      <p>
        {isMine ? "Completed" : "Nothing is left to do here. It was completed"} {at}.
      </p>
    </Notice>
  );
}

function Proposal({ task }: { task: Task }): ReactNode {
  const { proposal } = task;
  if (proposal === undefined) return null;
  return (
    <Notice tone="running" icon="comment">
      <strong>{proposal.by} proposes this answer</strong> <Moment at={proposal.at} />
      <p>It is filled in below; you decide.</p>
    </Notice>
  );
}

/** Next to the form: what the decision is about, and what was said and done before. */
function TaskAbout({ task }: { task: Task }): ReactNode {
  const history = useQuery(
    `task-history ${task.id}`,
    (client, signal) => client.tasks.history(task.id, { limit: 200 }, { signal }),
    {
      live: { inbox: true },
      isAbout: (event) => event.type === "task" && event.instanceId === task.instanceId,
      // A comment changes no task: who may not see the instance is not told of it.
      everyMs: 5000,
    },
  );
  const decisions = useEarlierDecisions(task);
  return (
    <div className="task-about">
      {task.shown !== undefined && Object.keys(task.shown).length > 0 && (
        <section aria-label="What it is about">
          <h3>What it is about</h3>
          <JsonView data={task.shown} />
        </section>
      )}
      {decisions.length > 0 && (
        <section aria-label="Earlier decisions">
          <h3>Earlier decisions</h3>
          <HistoryList entries={decisions} />
        </section>
      )}
      <section aria-label="History">
        <h3>History</h3>
        {history.value !== undefined ? (
          <HistoryList entries={history.value.items} withSteps={false} />
        ) : history.error !== undefined ? (
          <p className="muted">{messageOf(history.error)}</p>
        ) : (
          <Skeleton lines={2} height={30} />
        )}
      </section>
    </div>
  );
}

/** What others decided in the same instance, for those who may see that. */
function useEarlierDecisions(task: Task) {
  const history = useQuery(
    `decisions ${task.instanceId}`,
    (client, signal) => client.instances.history(task.instanceId, { limit: 1000 }, { signal }),
    {
      live: { inbox: true },
      isAbout: (event) => event.type === "task" && event.instanceId === task.instanceId,
    },
  );
  const own = task.id.slice(task.id.lastIndexOf("/") + 1);
  return (history.value?.items ?? []).filter(
    ({ type, taskId }) => type === "task-completed" && taskId !== own && taskId !== task.id,
  );
}
