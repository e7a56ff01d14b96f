import type { HumanTask } from "../engine/tasks.ts";
import type { Shape } from "./schemas/index.ts";
import { showMoment } from "./show.ts";

export function showTaskSummary(task: HumanTask): Shape<"TaskSummary"> {
  const { id, instanceId, workflow, workflowVersion, tenant, businessKey, path, status } = task;
  const { title, description, priority, dueAt, assignee, claimedAt, owner } = task;
  const { candidateUsers, candidateGroups, excludeUsers, createdAt, endedAt } = task;
  return {
    id,
    instanceId,
    workflow,
    workflowVersion,
    tenant,
    businessKey,
    path,
    status,
    title,
    description,
    priority,
    dueAt: showMoment(dueAt),
    assignee,
    claimedAt: showMoment(claimedAt),
    owner,
    candidateUsers,
    candidateGroups,
    excludeUsers,
    createdAt: showMoment(createdAt),
    endedAt: showMoment(endedAt),
    endedBy: task.endedBy,
    reason: task.reason,
  };
}

/** The task with its form, and what who asks may do with it. */
export function showTask(task: HumanTask, allowed: readonly Shape<"TaskAction">[]): Shape<"Task"> {
  const { shown, form, proposal } = task;
  return {
    ...showTaskSummary(task),
    shown,
    form: form as Shape<"Task">["form"],
    proposal: proposal && { ...proposal, at: showMoment(proposal.at) },
    allowed,
  };
}
