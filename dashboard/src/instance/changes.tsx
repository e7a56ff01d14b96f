import { type ReactNode, useState } from "react";
import type { StepExecution } from "tandem-workflows/client";
import { JsonView, Value } from "../ui/json-view.tsx";
import { Card, Moment } from "../ui/parts.tsx";

/** The context as it is, and which step wrote what, the latest first. */
export function Changes({
  data,
  steps,
}: {
  data: Readonly<Record<string, unknown>>;
  steps: readonly StepExecution[];
}): ReactNode {
  const [limit, setLimit] = useState(30);
  const writers = steps
    .filter(({ writes, endedAt }) => endedAt !== undefined && hasKeys(writes))
    .sort((a, b) => Date.parse(b.endedAt ?? "") - Date.parse(a.endedAt ?? "") || b.id - a.id);
  return (
    <div className="columns">
      <Card title="Now">
        <JsonView data={data} />
      </Card>
      <Card title="What each step changed" isFlush>
        {writers.length === 0 ? (
          <p className="card-body muted">No step has written anything.</p>
        ) : (
          <ol className="changes">
            {writers.slice(0, limit).map((step) => (
              <li key={step.id}>
                <p className="row" data-spread>
                  <code>
                    {step.path}
                    {step.iteration > 1 && ` ↺${step.iteration}`}
                  </code>
                  {step.endedAt !== undefined && (
                    <span className="muted small">
                      <Moment at={step.endedAt} />
                    </span>
                  )}
                </p>
                <dl className="facts">
                  {Object.entries(step.writes ?? {}).map(([key, value]) => (
                    <div className="fact" key={key}>
                      <dt>{key}</dt>
                      <dd>
                        <Value value={value} />
                      </dd>
                    </div>
                  ))}
                </dl>
              </li>
            ))}
          </ol>
        )}
        {writers.length > limit && (
          <div className="list-foot">
            <button type="button" className="button" onClick={() => setLimit(limit + 100)}>
              Show more
            </button>
          </div>
        )}
      </Card>
    </div>
  );
}

const hasKeys = (writes: StepExecution["writes"]) =>
  writes !== undefined && Object.keys(writes).length > 0;
