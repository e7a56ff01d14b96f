import type { Me, TaskQuery } from "tandem-workflows/client";
import type { Query, Route } from "../router.tsx";

/** Which tasks a list shows; it stands in the address, so that a view can be kept and passed on. */
export interface InboxView {
  readonly name: ViewName;
  readonly workflow: string | undefined;
  readonly businessKey: string | undefined;
  readonly order: "created" | "due";
  readonly isOverdue: boolean;
  /** Of everybody, for administrators. */
  readonly isAll: boolean;
}

export type ViewName = "open" | "mine" | "group" | "done";

export const viewNames: readonly (readonly [ViewName, string])[] = [
  ["open", "Open"],
  ["mine", "Mine"],
  ["group", "Unclaimed"],
  ["done", "Done"],
];

export function viewOf({ query }: Route): InboxView {
  const name = query.get("view");
  return {
    name: viewNames.find(([known]) => known === name)?.[0] ?? "open",
    workflow: query.get("workflow") ?? undefined,
    businessKey: query.get("key") ?? undefined,
    order: query.get("order") === "due" ? "due" : "created",
    isOverdue: query.get("overdue") === "1",
    isAll: query.get("scope") === "all",
  };
}

export function queryOfView(view: InboxView): Query {
  return {
    view: view.name === "open" ? undefined : view.name,
    workflow: view.workflow,
    key: view.businessKey,
    order: view.order === "due" ? "due" : undefined,
    overdue: view.isOverdue ? "1" : undefined,
    scope: view.isAll ? "all" : undefined,
  };
}

/** @param now rounded to minutes, so that a list is not another one with each look. */
export function taskQueryOf(view: InboxView, me: Me, now: number): TaskQuery {
  const { name, workflow, businessKey, order, isOverdue, isAll } = view;
  return {
    scope: isAll ? "all" : "mine",
    workflow,
    businessKey,
    ...(name === "done"
      ? { status: "completed", endedBy: me.user, order: "ended" }
      : { status: "open", order: isOverdue ? "due" : order }),
    ...(name === "mine" && { assignee: me.user }),
    ...(name === "group" && { assigned: false }),
    ...(isOverdue && { dueBefore: new Date(now).toISOString() }),
  };
}
