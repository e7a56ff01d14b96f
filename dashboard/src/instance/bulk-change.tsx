import { type ReactNode, useEffect, useId, useState } from "react";
import type { BulkRequest, BulkResult, InstanceFilter } from "tandem-workflows/client";
import { useApi } from "../data/api.tsx";
import { messageOf } from "../data/problems.ts";
import { formatCount } from "../format.ts";
import { instanceHref, Link } from "../router.tsx";
import { ConfirmDialog, Dialog } from "../ui/dialog.tsx";
import { Notice } from "../ui/parts.tsx";

type Action = BulkRequest["action"];

const actions: readonly (readonly [Action, string, string])[] = [
  ["pause", "Pause", "Running steps end; nothing new starts."],
  ["resume", "Resume", "What is paused goes on."],
  ["retry", "Retry", "What has failed continues where it failed."],
  ["cancel", "Cancel", "What runs is stopped, tasks are withdrawn. This cannot be undone."],
];

/** Changes every instance that fits the filter; how many these are is said before. */
export function BulkChange({
  filter,
  onClose,
}: {
  filter: InstanceFilter;
  onClose: () => void;
}): ReactNode {
  const { client, queries } = useApi();
  const id = useId();
  const [meant] = useState(filter);
  const [action, setAction] = useState<Action>("pause");
  const [reason, setReason] = useState("");
  const [matched, setMatched] = useState<number>();
  const [error, setError] = useState<unknown>();
  const [isBusy, setIsBusy] = useState(false);
  const [result, setResult] = useState<BulkResult>();
  useEffect(() => {
    const asking = new AbortController();
    setMatched(undefined);
    setError(undefined);
    const request = { action, filter: meant, dryRun: true };
    client.instances.changeAll(request, { signal: asking.signal }).then(
      (preview) => setMatched(preview.matched),
      (failure: unknown) => {
        if (!asking.signal.aborted) setError(failure);
      },
    );
    return () => asking.abort();
  }, [client, action, meant]);

  const run = async () => {
    setIsBusy(true);
    try {
      const request = { action, filter: meant, ...(reason.trim() !== "" && { reason }) };
      setResult(await client.instances.changeAll(request));
    } catch (failure) {
      setError(failure);
    } finally {
      setIsBusy(false);
      queries.refresh();
    }
  };

  if (result !== undefined) return <BulkDone result={result} onClose={onClose} />;
  const name = actions.find(([known]) => known === action)?.[1] ?? "";
  const isFiltered = Object.values(meant).some((value) => value !== undefined);
  return (
    <ConfirmDialog
      title="Change all instances that fit the filter"
      confirm={matched === undefined ? name : `${name} ${formatCount(matched)}`}
      look={action === "cancel" ? "danger" : "primary"}
      isBusy={isBusy}
      isDisabled={matched === undefined || matched === 0}
      onClose={onClose}
      onConfirm={() => void run()}
    >
      {!isFiltered && (
        <Notice tone="waiting" icon="warn">
          No filter is set: this means every instance.
        </Notice>
      )}
      <fieldset className="field">
        <legend>What to do</legend>
        {actions.map(([value, label, help]) => (
          <label className="check" key={value}>
            <input
              type="radio"
              name={`${id}action`}
              checked={action === value}
              onChange={() => setAction(value)}
            />
            <span>
              {label} <span className="help">{help}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <div className="field">
        <label htmlFor={`${id}r`}>
          Reason <span className="optional">(optional)</span>
        </label>
        <input
          id={`${id}r`}
          className="input"
          value={reason}
          onChange={(event) => setReason(event.target.value)}
        />
      </div>
      <p role="status" className="bulk-count">
        {error !== undefined
          ? messageOf(error)
          : matched === undefined
            ? "Counting…"
            : matched === 1
              ? "1 instance is meant."
              : `${formatCount(matched)} instances are meant.`}
      </p>
    </ConfirmDialog>
  );
}

function BulkDone({ result, onClose }: { result: BulkResult; onClose: () => void }): ReactNode {
  const { done, matched, refused } = result;
  return (
    <Dialog title={`${formatCount(done)} of ${formatCount(matched)} done`} onClose={onClose}>
      {refused.length > 0 && (
        <>
          <p>{formatCount(refused.length)} could not be changed:</p>
          <ul className="bulk-rows">
            {refused.slice(0, 20).map(({ instanceId, message }) => (
              <li key={instanceId}>
                <span>
                  <Link href={instanceHref(instanceId)}>{instanceId}</Link>
                  <span className="cell-sub bulk-note">{message}</span>
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      <div className="dialog-foot">
        <button type="button" className="button" data-look="primary" onClick={onClose}>
          Close
        </button>
      </div>
    </Dialog>
  );
}
