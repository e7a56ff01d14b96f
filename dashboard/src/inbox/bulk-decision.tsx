import { type ReactNode, useEffect, useState } from "react";
import type { Task, TaskSummary } from "tandem-workflows/client";
import { useApi } from "../data/api.tsx";
import { messageOf } from "../data/problems.ts";
import { type Decision, decisionOf } from "../form/decision.ts";
import { asSchema } from "../form/json-schema.ts";
import { Dialog } from "../ui/dialog.tsx";
import { Icon } from "../ui/icons.tsx";
import { Notice, Skeleton } from "../ui/parts.tsx";

interface Row {
  readonly task: TaskSummary;
  readonly decision: Decision | undefined;
  readonly state: "ready" | "refused" | "sending" | "done" | "failed";
  readonly note: string;
}

/** Decides several tasks at once, as far as each one's form asks for nothing but the decision. */
export function BulkDecision({
  tasks,
  onClose,
}: {
  tasks: readonly TaskSummary[];
  onClose: () => void;
}): ReactNode {
  const { client, queries } = useApi();
  const [chosen] = useState(tasks);
  const [rows, setRows] = useState<readonly Row[]>();
  const [isSent, setIsSent] = useState(false);
  useEffect(() => {
    let isWanted = true;
    void Promise.all(
      chosen.map((task) =>
        client.tasks.get(task.id).then(
          (whole) => rowOf(task, whole),
          (error: unknown): Row => refused(task, messageOf(error)),
        ),
      ),
    ).then((found) => isWanted && setRows(found));
    return () => {
      isWanted = false;
    };
  }, [chosen, client]);

  const ready = rows?.filter(({ state }) => state === "ready") ?? [];
  const decide = async (choice: "approve" | "reject") => {
    setIsSent(true);
    const change = (id: string, state: Row["state"], note: string) =>
      setRows((old) => old?.map((row) => (row.task.id === id ? { ...row, state, note } : row)));
    const line = [...ready];
    const work = async () => {
      for (let row = line.shift(); row !== undefined; row = line.shift()) {
        const { task, decision } = row;
        if (decision === undefined) continue;
        change(task.id, "sending", "");
        try {
          await client.tasks.complete(task.id, { [decision.field]: decision[choice] });
          change(task.id, "done", choice === "approve" ? "Approved" : "Rejected");
        } catch (error) {
          change(task.id, "failed", messageOf(error));
        }
      }
    };
    await Promise.all([work(), work(), work(), work()]);
    queries.refresh();
  };

  return (
    <Dialog title={`Decide ${chosen.length} tasks together`} onClose={onClose}>
      {rows === undefined ? (
        <Skeleton lines={Math.min(5, chosen.length)} height={36} />
      ) : (
        <>
          {!isSent && ready.length < rows.length && (
            <Notice tone="waiting" icon="warn">
              {rows.length - ready.length} of them cannot be decided here, for the reason beside
              each. The others can.
            </Notice>
          )}
          <ul className="bulk-rows" aria-live="polite">
            {rows.map(({ task, state, note }) => (
              <li key={task.id}>
                <Icon
                  name={state === "done" ? "check" : state === "failed" ? "cross" : "minus"}
                  size={16}
                />
                <span>
                  <span className="cell-main">{task.title}</span>{" "}
                  <span className="muted">{task.businessKey}</span>
                  {state === "sending" && <span className="muted"> …</span>}
                  {note !== "" && <span className="cell-sub bulk-note">{note}</span>}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      <div className="dialog-foot">
        {isSent ? (
          <button type="button" className="button" data-look="primary" onClick={onClose}>
            Close
          </button>
        ) : (
          <>
            <button
              type="button"
              className="button"
              data-look="bad"
              disabled={ready.length === 0}
              onClick={() => void decide("reject")}
            >
              Reject {ready.length}
            </button>
            <button
              type="button"
              className="button"
              data-look="good"
              disabled={ready.length === 0}
              onClick={() => void decide("approve")}
            >
              Approve {ready.length}
            </button>
          </>
        )}
      </div>
    </Dialog>
  );
}

const refused = (task: TaskSummary, note: string): Row => ({
  task,
  decision: undefined,
  state: "refused",
  note,
});

function rowOf(task: TaskSummary, whole: Task): Row {
  const decision = decisionOf(asSchema(whole.form));
  if (whole.status !== "open") return refused(task, "It is no longer open.");
  if (!whole.allowed.includes("complete")) return refused(task, "You may not complete it.");
  if (decision === undefined) return refused(task, "Its form does not ask for yes or no.");
  if (!decision.isWhole) return refused(task, "Its form asks for more than the decision.");
  return { task, decision, state: "ready", note: "" };
}
