import type { Client, TaskQuery, TaskSummary } from "../../http/client.ts";
import { forWhom } from "../instance-lines.ts";
import { relative } from "../moments.ts";
import type { CommonOptions } from "../options.ts";
import { withSession } from "../session.ts";
import { Progress, print, printJson, table } from "../terminal.ts";

export interface TasksOptions extends CommonOptions {
  readonly user?: string;
  readonly group?: readonly string[];
  readonly assignee?: string;
  readonly workflow?: string;
  readonly instance?: string;
  readonly overdue?: true;
  readonly status?: TaskSummary["status"];
  readonly limit?: number;
  readonly cursor?: string;
}

const usualLimit = 20;
const pageSize = 1000;

export async function tasks(options: TasksOptions): Promise<void> {
  await withSession(options, { definitions: "none" }, async ({ client }) => {
    const { items, next } = await find(client, options);
    if (options.json === true) printJson({ items, ...(next !== undefined && { next }) });
    else print(describe(items, next));
  });
}

/** The API shows inboxes to their owners; what somebody else's is, is chosen here. */
async function find(client: Client, options: TasksOptions) {
  const { user, group, limit = usualLimit } = options;
  const isChosen = user !== undefined || group !== undefined;
  const { isAdmin } = await client.me();
  const found: TaskSummary[] = [];
  const progress = new Progress();
  let { cursor } = options;
  do {
    const query: TaskQuery = {
      scope: isAdmin ? "all" : "mine",
      status: options.status,
      assignee: options.assignee,
      workflow: options.workflow,
      instanceId: options.instance,
      ...(options.overdue === true && { dueBefore: new Date().toISOString(), order: "due" }),
      limit: isChosen ? pageSize : Math.min(pageSize, limit - found.length),
      cursor,
    };
    const page = await client.tasks.list(query);
    for (const task of page.items) {
      if (!isChosen || isFor(task, user, group ?? [])) found.push(task);
    }
    cursor = page.next;
    progress.show(`${found.length} tasks …`);
  } while (cursor !== undefined && found.length < limit);
  progress.end();
  const items = found.slice(0, limit);
  return { items, next: isChosen ? undefined : cursor };
}

/** Whether somebody may do it: it is theirs, or nobody's yet and open to them. */
function isFor(task: TaskSummary, user: string | undefined, groups: readonly string[]): boolean {
  const { assignee, candidateUsers, candidateGroups, excludeUsers } = task;
  if (user !== undefined && excludeUsers?.includes(user) === true) return false;
  if (assignee !== undefined) return assignee === user;
  if (candidateUsers === undefined && candidateGroups === undefined) return true;
  if (user !== undefined && candidateUsers?.includes(user) === true) return true;
  return candidateGroups?.some((group) => groups.includes(group)) === true;
}

function describe(items: readonly TaskSummary[], cursor: string | undefined): string {
  if (items.length === 0) return "No tasks.";
  const now = Date.now();
  const hasDue = items.some(({ dueAt }) => dueAt !== undefined);
  const isOverdue = (due: string) => (due.endsWith(" ago") ? ("red" as const) : undefined);
  const layout = [
    { title: "TASK" },
    { title: "TITLE", isElastic: true },
    { title: "FOR", isElastic: true },
    ...(hasDue ? [{ title: "DUE", style: isOverdue }] : []),
  ];
  const rows = items.map((task) => [
    task.id,
    task.title,
    task.status === "open" ? forWhom(task) : `${task.status} ${task.endedBy ?? ""}`.trim(),
    ...(hasDue ? [relative(task.dueAt, now)] : []),
  ]);
  const lines = [table(layout, rows)];
  if (cursor !== undefined) lines.push("", `There are more: add --limit, or --cursor ${cursor}`);
  return lines.join("\n");
}
