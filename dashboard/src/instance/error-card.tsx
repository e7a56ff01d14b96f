import type { ReactNode } from "react";
import type { RecordedError } from "tandem-workflows/client";
import { Notice } from "../ui/parts.tsx";

/** Why it failed: the first thing that somebody who looks for it should see. */
export function ErrorCard({
  error,
  attempts,
}: {
  error: RecordedError;
  attempts?: number;
}): ReactNode {
  return (
    <Notice tone="failed" icon="cross">
      <strong>{error.message}</strong>
      <p className="small">
        <code>{error.code}</code>
        {error.path !== undefined && (
          <>
            {" "}
            at <code>{error.path}</code>
          </>
        )}
        {attempts !== undefined && attempts > 1 && ` after ${attempts} attempts`}
      </p>
      <Causes error={error} />
    </Notice>
  );
}

function Causes({ error }: { error: RecordedError }): ReactNode {
  const inner = [...((error.errors as readonly RecordedError[] | undefined) ?? [])];
  if (error.cause !== undefined) inner.push(error.cause as RecordedError);
  if (inner.length === 0) return null;
  return (
    <details>
      <summary>{inner.length === 1 ? "Its cause" : `The ${inner.length} errors behind it`}</summary>
      <ul className="values">
        {inner.slice(0, 20).map((one, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: errors have no name of their own
          <li key={index}>
            {one.message} <code>{one.code}</code>
            {one.path !== undefined && <code> {one.path}</code>}
          </li>
        ))}
      </ul>
    </details>
  );
}
