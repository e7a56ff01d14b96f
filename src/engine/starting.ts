import { InstanceExistsError, InvalidArgumentError } from "../errors.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import {
  type Command,
  createInstance,
  type EpochMs,
  type InstanceState,
} from "../machine/index.ts";
import type { MaybePromise } from "../store/store.ts";
import { checkTags, checkTexts } from "../text.ts";
import type { StartOptions, TracedStart } from "./engine-options.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";

/** A new instance as the options have it. */
export function newInstance(
  graph: WorkflowGraph,
  initialData: Readonly<Record<string, unknown>>,
  options: TracedStart,
  given: { readonly id: string; readonly now: EpochMs },
): InstanceState {
  return createInstance(graph, {
    ...given,
    initialData,
    user: options.user,
    tenant: options.tenant,
    idempotencyKey: options.idempotencyKey,
    businessKey: options.businessKey,
    tags: options.tags && checkTags(options.tags),
    traceparent: options.traceparent,
  });
}

/** The command that starts it; the history tells by which way it came. */
export function startBy({ through }: StartOptions): Command {
  return through === undefined ? { type: "Start" } : { type: "Start", actor: { through } };
}

/**
 * The instance that has the id or key already.
 *
 * @throws InvalidArgumentError, and InstanceExistsError if the key is that of an instance with
 *   another id.
 */
export async function findExisting(
  { instanceId, idempotencyKey }: Pick<StartOptions, "instanceId" | "idempotencyKey">,
  findKey: (key: string) => MaybePromise<string | undefined>,
  find: (instanceId: string) => Promise<InstanceRuntime | undefined>,
): Promise<InstanceRuntime | undefined> {
  for (const [option, value] of Object.entries({ instanceId, idempotencyKey })) {
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      const found = JSON.stringify(value);
      throw new InvalidArgumentError(`${option} must be a non-empty string; found ${found}.`);
    }
  }
  checkTexts({ instanceId, idempotencyKey });
  if (idempotencyKey !== undefined) {
    const known = await findKey(idempotencyKey);
    if (known !== undefined && instanceId !== undefined && known !== instanceId) {
      throw new InstanceExistsError(
        `The idempotency key "${idempotencyKey}" belongs to instance "${known}", ` +
          `not to "${instanceId}".`,
      );
    }
    if (known !== undefined) return find(known);
  }
  return instanceId === undefined ? undefined : find(instanceId);
}
