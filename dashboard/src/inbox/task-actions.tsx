import { type ReactNode, useId, useState } from "react";
import type { Task } from "tandem-workflows/client";
import { type useAction, useApi } from "../data/api.tsx";
import { ConfirmDialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icons.tsx";

type Asking = "reassign" | "delegate" | "comment";

/** What else can be done with a task, as far as who looks may do it. */
export function TaskActions({
  task,
  action,
}: {
  task: Task;
  action: ReturnType<typeof useAction>;
}): ReactNode {
  const { client } = useApi();
  const [asking, setAsking] = useState<Asking>();
  const may = (name: Task["allowed"][number]) => task.allowed.includes(name);
  const { isBusy, run } = action;
  return (
    <div className="row task-actions">
      {may("claim") && (
        <button
          type="button"
          className="button"
          disabled={isBusy}
          onClick={() => void run(() => client.tasks.claim(task.id), "You have the task.")}
        >
          <Icon name="person" size={16} /> Claim
        </button>
      )}
      {may("release") && (
        <button
          type="button"
          className="button"
          disabled={isBusy}
          onClick={() => void run(() => client.tasks.release(task.id), "Others can take it now.")}
        >
          <Icon name="undo" size={16} /> Give back
        </button>
      )}
      {may("reassign") && (
        <button type="button" className="button" onClick={() => setAsking("reassign")}>
          <Icon name="right" size={16} /> Give to…
        </button>
      )}
      {may("delegate") && (
        <button type="button" className="button" onClick={() => setAsking("delegate")}>
          <Icon name="group" size={16} /> Ask somebody…
        </button>
      )}
      {may("comment") && (
        <button type="button" className="button" onClick={() => setAsking("comment")}>
          <Icon name="comment" size={16} /> Comment
        </button>
      )}
      {asking !== undefined && (
        <AskDialog
          asking={asking}
          isBusy={isBusy}
          onClose={() => setAsking(undefined)}
          onGiven={async (text) => {
            const isDone = await run(() => {
              if (asking === "comment") return client.tasks.comment(task.id, text);
              return client.tasks[asking](task.id, text);
            }, doneTexts[asking](text));
            if (isDone) setAsking(undefined);
          }}
        />
      )}
    </div>
  );
}

const doneTexts: Readonly<Record<Asking, (text: string) => string>> = {
  reassign: (to) => `${to} has the task now.`,
  delegate: (to) => `${to} was asked; the answer comes back to you.`,
  comment: () => "Your comment is in the history.",
};

const texts: Readonly<
  Record<Asking, { title: string; label: string; help: string; confirm: string }>
> = {
  reassign: {
    title: "Give the task to somebody else",
    label: "Who gets it",
    help: "The person's user name. The task is theirs from then on.",
    confirm: "Give it",
  },
  delegate: {
    title: "Ask somebody for an answer",
    label: "Who is asked",
    help: "The person's user name. Their answer comes back to you, and you decide.",
    confirm: "Ask",
  },
  comment: {
    title: "Comment",
    label: "Comment",
    help: "Everybody who sees the task sees it.",
    confirm: "Comment",
  },
};

function AskDialog({
  asking,
  isBusy,
  onClose,
  onGiven,
}: {
  asking: Asking;
  isBusy: boolean;
  onClose: () => void;
  onGiven: (text: string) => Promise<void>;
}): ReactNode {
  const id = useId();
  const [text, setText] = useState("");
  const { title, label, help, confirm } = texts[asking];
  const input = {
    id,
    value: text,
    "aria-describedby": `${id}h`,
    onChange: (event: { target: { value: string } }) => setText(event.target.value),
  };
  return (
    <ConfirmDialog
      title={title}
      confirm={confirm}
      isBusy={isBusy}
      isDisabled={text.trim() === ""}
      onClose={onClose}
      onConfirm={() => void onGiven(text.trim())}
    >
      <div className="field">
        <label htmlFor={id}>{label}</label>
        <p className="help" id={`${id}h`}>
          {help}
        </p>
        {asking === "comment" ? (
          <textarea className="textarea" {...input} />
        ) : (
          <input className="input" autoComplete="off" {...input} />
        )}
      </div>
    </ConfirmDialog>
  );
}
