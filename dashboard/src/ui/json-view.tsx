import type { ReactNode } from "react";
import { formatMoment, formatValue, humanize } from "../format.ts";
import { Icon } from "./icons.tsx";

/** JSON as people read it: names and values, lists as tables, addresses as links. */
export function JsonView({ data }: { data: Readonly<Record<string, unknown>> }): ReactNode {
  const entries = Object.entries(data);
  if (entries.length === 0) return <p className="muted">Nothing.</p>;
  return (
    <dl className="facts">
      {entries.map(([name, value]) => (
        <div className="fact" key={name}>
          <dt title={name}>{humanize(name)}</dt>
          <dd>
            <Value value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

export function Value({ value, depth = 0 }: { value: unknown; depth?: number }): ReactNode {
  if (value === null || value === undefined || value === "") {
    return <span className="muted">none</span>;
  }
  if (typeof value === "string") return <Text text={value} />;
  if (typeof value !== "object") return formatValue(value);
  if (depth > 3) return <pre>{JSON.stringify(value, undefined, 2)}</pre>;
  if (Array.isArray(value)) return <List items={value} depth={depth} />;
  const entries = Object.entries(value);
  if (entries.length === 0) return <span className="muted">nothing</span>;
  return (
    <dl className="facts nested">
      {entries.map(([name, inner]) => (
        <div className="fact" key={name}>
          <dt title={name}>{humanize(name)}</dt>
          <dd>
            <Value value={inner} depth={depth + 1} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

function Text({ text }: { text: string }): ReactNode {
  if (/^https?:\/\/\S+$/.test(text)) {
    return (
      <a href={text} target="_blank" rel="noreferrer">
        <Icon name="link" size={14} /> {nameOfAddress(text)}
      </a>
    );
  }
  if (instant.test(text)) {
    const at = Date.parse(text);
    if (!Number.isNaN(at)) {
      return (
        <time dateTime={text} title={text}>
          {formatMoment(at)}
        </time>
      );
    }
  }
  return <span className="prose">{text}</span>;
}

function nameOfAddress(address: string): string {
  try {
    const url = new URL(address);
    const name = decodeURIComponent(url.pathname.split("/").filter(Boolean).at(-1) ?? "");
    return name === "" ? url.host : name;
  } catch {
    return address;
  }
}

const mostShown = 50;

function List({ items, depth }: { items: readonly unknown[]; depth: number }): ReactNode {
  if (items.length === 0) return <span className="muted">empty list</span>;
  const shown = items.slice(0, mostShown);
  const more = items.length > shown.length && (
    <p className="muted">and {items.length - shown.length} more</p>
  );
  const isTable = shown.every(
    (item) => typeof item === "object" && item !== null && !Array.isArray(item),
  );
  if (!isTable) {
    return (
      <>
        <ul className="values">
          {shown.map((item, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: entries of a list that is only shown
            <li key={index}>
              <Value value={item} depth={depth + 1} />
            </li>
          ))}
        </ul>
        {more}
      </>
    );
  }
  const rows = shown as readonly Record<string, unknown>[];
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))].slice(0, 6);
  return (
    <div className="table-wrap">
      <table className="table" data-dense>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column} scope="col">
                {humanize(column)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: entries of a list that is only shown
            <tr key={index}>
              {columns.map((column) => (
                <td key={column}>
                  <Value value={row[column]} depth={depth + 2} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {more}
    </div>
  );
}
