import { createHash } from "node:crypto";
import type { WorkflowInstance } from "../../engine/workflow-instance.ts";
import { InvalidRequestError } from "../../errors.ts";
import type { Call, Handlers } from "../call.ts";
import { actorOf, instanceFor } from "../instance-access.ts";
import { instanceFilterOf } from "../instance-search.ts";
import type { OperationId } from "../paths.ts";
import { patienceOf, within } from "../patience.ts";
import type { Principal } from "../principal.ts";
import { showInstance } from "../show.ts";
import { findDefinition } from "./definitions.ts";

/** For how long the effects of a change are waited for, unless the request says. */
export const usualPatienceMs = 1000;

export const instanceChangeHandlers: Handlers<
  | "startInstance"
  | "changeInstances"
  | "cancelInstance"
  | "pauseInstance"
  | "resumeInstance"
  | "retryInstance"
  | "upgradeInstance"
  | "sendSignal"
  | "cancelStep"
  | "addItem"
  | "closeMap"
> = {
  async startInstance({ engine, clock, permission, through, request, body, basePath }) {
    const { workflow, version, initialData, businessKey, tags } = body;
    const { version: latest } = await findDefinition(engine, permission, workflow, version);
    const resource = { type: "workflow", workflow, version: latest } as const;
    await permission.require("instance.start", resource);
    const { user, tenant } = permission.principal;
    const started = await engine.submitWorkflow(workflow, {
      version: latest,
      ...(initialData !== undefined && { initialData }),
      ...(user !== undefined && { user }),
      ...(tenant !== undefined && { tenant }),
      ...(businessKey !== undefined && { businessKey }),
      ...(tags !== undefined && { tags }),
      through,
      ...keyOf(request, permission.principal),
    });
    const patience = patienceOf(request, 0);
    const settled =
      patience === 0
        ? undefined
        : await within(engine.waitUntilSettled(started.id), patience, clock);
    return {
      json: showInstance(settled ?? started),
      headers: { location: `${basePath}/instances/${encodeURIComponent(started.id)}` },
    };
  },

  async changeInstances({ engine, permission, through, body, request }) {
    await permission.require("instance.change-all", { type: "all" });
    const { action, filter: given, reason, dryRun = false } = body;
    const filter = instanceFilterOf(permission, given);
    const options = {
      ...actorOf({ permission, through }),
      ...(reason !== undefined && { reason }),
      dryRun,
      signal: request.signal,
    };
    const { matched, done, refused } = await engine.instances[`${action}All`](filter, options);
    return { json: { matched, done, refused } };
  },

  async cancelInstance(call) {
    const { id } = await instanceFor(call, "instance.cancel");
    const { reason } = call.body;
    const options = { ...actorOf(call), ...(reason !== undefined && { reason }) };
    return changed(call, call.engine.cancelWorkflow(id, options));
  },

  async pauseInstance(call) {
    const { id } = await instanceFor(call, "instance.pause");
    return changed(call, call.engine.pauseWorkflow(id, actorOf(call)));
  },

  async resumeInstance(call) {
    const { id } = await instanceFor(call, "instance.resume");
    return changed(call, call.engine.resumeWorkflow(id, actorOf(call)));
  },

  async retryInstance(call) {
    const { id } = await instanceFor(call, "instance.retry");
    const { from } = call.body;
    const options = { ...actorOf(call), ...(from !== undefined && { from }) };
    return changed(call, call.engine.retryWorkflow(id, options));
  },

  async upgradeInstance(call) {
    const { id } = await instanceFor(call, "instance.upgrade");
    const { version, steps, dryRun = false } = call.body;
    const plan = await call.engine.upgradeInstance({
      instanceId: id,
      version,
      ...(steps !== undefined && { steps }),
      dryRun,
      ...actorOf(call),
    });
    return { json: plan };
  },

  async sendSignal(call) {
    const { id: instanceId } = await instanceFor(call, "instance.signal");
    const { name, data = null } = call.body;
    const id = call.body.id ?? call.request.headers.get("idempotency-key") ?? undefined;
    const signal = { instanceId, name, data, ...(id !== undefined && { id }) };
    return changed(call, call.engine.signal({ ...signal, ...actorOf(call) }));
  },

  async cancelStep(call) {
    const { id: instanceId } = await instanceFor(call, "instance.change-steps");
    const { stepName } = call.body;
    const options = { instanceId, stepName, ...actorOf(call) };
    return changed(call, call.engine.cancelStep(options));
  },

  async addItem(call) {
    const { id: instanceId } = await instanceFor(call, "instance.change-steps");
    const { stepName, item } = call.body;
    const options = { instanceId, stepName, item, ...actorOf(call) };
    return changed(call, call.engine.addItem(options));
  },

  async closeMap(call) {
    const { id: instanceId } = await instanceFor(call, "instance.change-steps");
    const { stepName } = call.body;
    const options = { instanceId, stepName, ...actorOf(call) };
    return changed(call, call.engine.closeMap(options));
  },
};

/** The instance when what the change set going has ended or waits; 202 if that takes longer. */
async function changed(
  { engine, clock, request, params }: Call<OperationId>,
  change: Promise<WorkflowInstance>,
) {
  const settled = await within(change, patienceOf(request, usualPatienceMs), clock);
  if (settled !== undefined) return { json: showInstance(settled) };
  const present = await engine.getInstance(params.instanceId ?? "");
  return { json: showInstance(present), status: 202 };
}

const longestKey = 255;

/** Keys of different people and tenants are different keys. */
function keyOf(
  request: Request,
  { tenant, user }: Principal,
): { idempotencyKey: string } | undefined {
  const key = request.headers.get("idempotency-key");
  if (key === null) return undefined;
  if (key === "" || key.length > longestKey) {
    throw new InvalidRequestError(
      `The Idempotency-Key has ${key.length} characters; give it 1 to ${longestKey}.`,
      [{ field: "Idempotency-Key", message: `must have 1 to ${longestKey} characters` }],
    );
  }
  const owned = JSON.stringify([tenant ?? null, user ?? null, key]);
  return { idempotencyKey: `http:${createHash("sha256").update(owned).digest("base64url")}` };
}
