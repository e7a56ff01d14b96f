import type { ReactNode } from "react";
import type { InstanceSummary } from "tandem-workflows/client";
import { formatSpan, humanize } from "../format.ts";
import { hrefOf, instanceHref, Link } from "../router.tsx";
import { Moment, StatusBadge, useNow } from "../ui/parts.tsx";

export function InstanceTable({ items }: { items: readonly InstanceSummary[] }): ReactNode {
  const now = useNow();
  return (
    <div className="table-wrap">
      <table className="table" data-cards>
        <thead>
          <tr>
            <th scope="col">Instance</th>
            <th scope="col">Status</th>
            <th scope="col">Started</th>
            <th scope="col">Took</th>
            <th scope="col">Tags</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.id}>
              <th scope="row">
                <Link className="cell-main" href={instanceHref(item.id)}>
                  {item.businessKey ?? item.id}
                </Link>
                <div className="cell-sub">
                  {humanize(item.workflow)} {item.version}
                  {item.user !== undefined && ` · ${item.user}`}
                </div>
                {item.error !== undefined && (
                  <div className="cell-sub table-error">{item.error.message}</div>
                )}
              </th>
              <td>
                <StatusBadge status={item.status} />
              </td>
              <td>
                <Moment at={item.startedAt} />
              </td>
              <td>
                {formatSpan(
                  (item.endedAt === undefined ? now : Date.parse(item.endedAt)) -
                    Date.parse(item.startedAt),
                )}
              </td>
              <td>
                <span className="row">
                  {item.tags.map((tag) => (
                    <Link key={tag} className="badge" href={hrefOf(["instances"], { tag })}>
                      {tag}
                    </Link>
                  ))}
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
