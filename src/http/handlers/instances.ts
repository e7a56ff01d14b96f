import type { AnyDefinition } from "../../definition/workflow-definition.ts";
import type { HistoryEntry } from "../../engine/instance-directory.ts";
import type { StepExecution, WorkflowInstance } from "../../engine/workflow-instance.ts";
import { toMermaid } from "../../graph/mermaid.ts";
import { pictureOf } from "../../graph/picture.ts";
import type { Call, Handlers } from "../call.ts";
import { readInstance } from "../instance-access.ts";
import { countInstances, listFilterOf, readableInstances, readNumber } from "../instance-search.ts";
import type { Permission } from "../permission.ts";
import type { Shape } from "../schemas/index.ts";
import { showGraph, showInstance, showMoment } from "../show.ts";
import { showTaskSummary } from "../show-task.ts";

/** How many open tasks are shown with their instance. */
const mostTasks = 100;

export const instanceHandlers: Handlers<
  | "listInstances"
  | "countInstances"
  | "getInstance"
  | "listSteps"
  | "getInstanceGraph"
  | "getInstanceMermaid"
  | "listInstanceHistory"
> = {
  async listInstances({ engine, permission, query }) {
    const { order, limit, cursor, ...given } = query;
    const filter = await listFilterOf(permission, given);
    if (filter === undefined) return { json: { items: [] } };
    const page = await engine.instances.list({
      ...filter,
      ...(order !== undefined && { order }),
      ...paged({ limit, cursor }),
    });
    const visible = await readableInstances(permission, page.items);
    return { json: { items: visible.map(showInstance), next: page.next } };
  },

  async countInstances({ engine, permission, query }) {
    const filter = await listFilterOf(permission, query);
    if (filter === undefined) return { json: { items: [] } };
    const counts = await countInstances(engine, permission, filter);
    const items = counts.map(({ oldestStartedAt, ...count }) => ({
      ...count,
      oldestStartedAt: showMoment(oldestStartedAt),
    }));
    return { json: { items } };
  },

  async getInstance(call) {
    const instance = await readInstance(call);
    return {
      json: {
        ...showInstance(instance),
        data: instance.data,
        stepCount: instance.steps.length,
        tasks: instance.tasks.slice(0, mostTasks).map(showTaskSummary),
        allowed: await allowedActions(call.permission, instance),
      },
    };
  },

  async listSteps(call) {
    const { steps } = await readInstance(call);
    const { limit = 50, cursor = "0" } = call.query;
    // Executions are numbered from 1 without gaps, in the order in which they were made.
    const after = readNumber(cursor);
    const items = steps.slice(after, after + limit).map(showStep);
    const next = after + limit < steps.length ? String(after + limit) : undefined;
    return { json: { items, next } };
  },

  async getInstanceGraph(call) {
    const { definition, instance } = await drawn(call);
    return { json: showGraph(pictureOf(definition, instance)) };
  },

  async getInstanceMermaid(call) {
    const { definition, instance } = await drawn(call);
    const { direction = "TB" } = call.query;
    return { text: toMermaid(definition, instance, { direction }) };
  },

  async listInstanceHistory(call) {
    const { id } = await readInstance(call);
    const page = await call.engine.instances.history(id, paged(call.query));
    return { json: { items: page.items.map((entry) => showEntry(id, entry)), next: page.next } };
  },
};

export function paged({
  limit,
  cursor,
}: {
  limit?: number | undefined;
  cursor?: string | undefined;
}) {
  return { ...(limit !== undefined && { limit }), ...(cursor !== undefined && { cursor }) };
}

async function drawn(
  call: Call,
): Promise<{ definition: AnyDefinition; instance: WorkflowInstance }> {
  const instance = await readInstance(call);
  const definition = call.engine.registry.getDefinition(instance.workflow, instance.version);
  return { definition, instance };
}

function showStep(step: StepExecution): Shape<"StepExecution"> {
  const { startedAt, endedAt, ...same } = step;
  return { ...same, startedAt: showMoment(startedAt), endedAt: showMoment(endedAt) };
}

/** Tasks stand in the history by their number in the instance; the API knows them by their id. */
export function showEntry(
  instanceId: string,
  { at, taskId, ...same }: HistoryEntry,
): Shape<"HistoryEntry"> {
  return {
    ...same,
    at: showMoment(at),
    taskId: taskId === undefined ? undefined : `${instanceId}/${taskId}`,
  };
}

const openStatuses: readonly string[] = ["pending", "running", "waiting", "paused"];

/** In which states each action makes sense. */
const sensible: readonly (readonly [Shape<"InstanceAction">, readonly string[]])[] = [
  ["cancel", openStatuses],
  ["pause", ["pending", "running", "waiting"]],
  ["resume", ["paused"]],
  ["retry", ["failed"]],
  ["signal", openStatuses],
  ["change-steps", openStatuses],
  ["upgrade", ["waiting", "paused"]],
];

async function allowedActions(
  permission: Permission,
  instance: WorkflowInstance,
): Promise<Shape<"InstanceAction">[]> {
  const possible = sensible.filter(([, statuses]) => statuses.includes(instance.status));
  const actions = possible.map(([action]) => action);
  const resource = { type: "instance", instance } as const;
  const answers = await Promise.all(
    actions.map((action) => permission.may(`instance.${action}`, resource)),
  );
  return actions.filter((_action, index) => answers[index]);
}
