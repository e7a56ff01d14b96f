import type { WorkflowInstance } from "../engine/workflow-instance.ts";
import type { Picture } from "../graph/picture.ts";
import type { InstanceSummary } from "../store/store.ts";
import type { Shape } from "./schemas/index.ts";

/** A moment as the API writes it. */
export function showMoment(at: number): string;
export function showMoment(at: number | undefined): string | undefined;
export function showMoment(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}

/** Milliseconds since the epoch of a moment that a schema has checked. */
export function readMoment(moment: string | undefined): number | undefined {
  return moment === undefined ? undefined : Date.parse(moment);
}

/** A picture is plain JSON and has what the schema says; tests check that. */
export function showGraph(picture: Picture): Shape<"Graph"> {
  return picture as unknown as Shape<"Graph">;
}

type ShownInstance = Pick<
  WorkflowInstance,
  | "id"
  | "workflow"
  | "version"
  | "status"
  | "startedAt"
  | "endedAt"
  | "user"
  | "tenant"
  | "error"
  | "reason"
> &
  Pick<InstanceSummary, "businessKey" | "tags" | "compensating" | "parent">;

export function showInstance(instance: ShownInstance): Shape<"InstanceSummary"> {
  const { id, workflow, version, status, user, tenant, businessKey, tags } = instance;
  const { startedAt, endedAt, error, reason, compensating, parent } = instance;
  return {
    id,
    workflow,
    version,
    status,
    startedAt: showMoment(startedAt),
    endedAt: showMoment(endedAt),
    user,
    tenant,
    businessKey,
    tags,
    error,
    reason,
    compensating,
    parentId: parent?.instanceId,
  };
}
