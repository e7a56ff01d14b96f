import type { InstanceQuery, InstanceSummary } from "../../http/client-types.ts";
import { statusStyle } from "../instance-lines.ts";
import { relative } from "../moments.ts";
import type { CommonOptions } from "../options.ts";
import { withSession } from "../session.ts";
import { Progress, print, printJson, table } from "../terminal.ts";

export interface ListOptions extends CommonOptions {
  readonly workflow?: string;
  readonly workflowVersion?: string;
  readonly status?: readonly InstanceSummary["status"][];
  readonly businessKey?: string;
  readonly tag?: readonly string[];
  readonly startedBy?: string;
  readonly since?: string;
  readonly before?: string;
  readonly oldest?: true;
  readonly limit?: number;
  readonly cursor?: string;
  readonly all?: true;
}

const usualLimit = 20;
const pageSize = 1000;

export async function list(options: ListOptions): Promise<void> {
  await withSession(options, { definitions: "none" }, async ({ client }) => {
    const { all = false, limit = usualLimit } = options;
    const most = all ? Number.POSITIVE_INFINITY : limit;
    const items: InstanceSummary[] = [];
    const progress = new Progress();
    let { cursor } = options;
    do {
      const query = { ...queryOf(options), limit: Math.min(pageSize, most - items.length), cursor };
      const page = await client.instances.list(query);
      items.push(...page.items);
      cursor = page.next;
      progress.show(`${items.length} instances …`);
    } while (cursor !== undefined && items.length < most);
    progress.end();
    if (options.json === true) printJson({ items, ...(cursor !== undefined && { next: cursor }) });
    else print(describe(items, cursor));
  });
}

function queryOf(options: ListOptions): InstanceQuery {
  const { workflow, workflowVersion, status, businessKey, tag, startedBy, since, before } = options;
  return {
    workflow,
    version: workflowVersion,
    status,
    businessKey,
    tag,
    user: startedBy,
    startedFrom: since,
    startedBefore: before,
    order: options.oldest === true ? "oldest" : "newest",
  };
}

function describe(items: readonly InstanceSummary[], cursor: string | undefined): string {
  if (items.length === 0) return "No instances.";
  const now = Date.now();
  const hasKeys = items.some(({ businessKey }) => businessKey !== undefined);
  const layout = [
    { title: "ID" },
    { title: "STATUS", style: statusStyle },
    { title: "STARTED" },
    ...(hasKeys ? [{ title: "KEY", isElastic: true }] : []),
    { title: "WORKFLOW", isElastic: true },
  ];
  const rows = items.map(({ id, status, startedAt, businessKey = "", workflow, version }) => [
    id,
    status,
    relative(startedAt, now),
    ...(hasKeys ? [businessKey] : []),
    `${workflow} ${version}`,
  ]);
  const lines = [table(layout, rows)];
  if (cursor !== undefined) lines.push("", `There are more: add --all, or --cursor ${cursor}`);
  return lines.join("\n");
}
