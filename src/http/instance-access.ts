import type { WorkflowInstance } from "../engine/workflow-instance.ts";
import { ForbiddenError, UnknownInstanceError } from "../errors.ts";
import type { Surroundings } from "./call.ts";
import type { Action, Permission } from "./permission.ts";

interface Asked extends Surroundings {
  readonly permission: Permission;
  readonly params: Readonly<Record<string, string>>;
}

/**
 * The instance that the address names.
 *
 * @throws UnknownInstanceError, alike for one that does not exist and one that is not for them.
 */
export async function readInstance({ engine, permission, params }: Asked) {
  const { instanceId = "" } = params;
  const instance = await tryRead(engine, instanceId);
  if (instance !== undefined && permission.sees(instance.tenant)) {
    if (await permission.may("instance.read", { type: "instance", instance })) return instance;
  }
  throw new UnknownInstanceError(`There is no instance ${JSON.stringify(instanceId)}.`);
}

/**
 * The same, for doing something with it.
 *
 * @throws UnknownInstanceError, ForbiddenError
 */
export async function instanceFor(asked: Asked, action: Action): Promise<WorkflowInstance> {
  const instance = await readInstance(asked);
  await asked.permission.require(action, { type: "instance", instance });
  return instance;
}

async function tryRead(
  engine: Surroundings["engine"],
  instanceId: string,
): Promise<WorkflowInstance | undefined> {
  try {
    return await engine.getInstance(instanceId);
  } catch (error) {
    // An id that no instance can have is one that none has.
    const code: unknown = Reflect.get(Object(error), "code");
    if (code === "UNKNOWN_INSTANCE" || code === "INVALID_ARGUMENT") return undefined;
    throw error;
  }
}

/** @throws ForbiddenError if somebody who is no administrator acts for somebody else. */
export function actorOf(
  { permission, through }: Pick<Asked, "permission" | "through">,
  onBehalfOf?: string,
): HttpActor {
  const { principal, isAdmin } = permission;
  if (onBehalfOf !== undefined && !isAdmin) {
    throw new ForbiddenError("Only an administrator may act on behalf of somebody.");
  }
  const { user, groups = [] } = principal;
  return {
    ...(user !== undefined && { userId: user }),
    groups,
    admin: isAdmin,
    ...(onBehalfOf !== undefined && { onBehalfOf }),
    through,
  };
}

/** Who acts, as the engine's calls take it. */
export interface HttpActor {
  readonly userId?: string;
  readonly groups: readonly string[];
  readonly admin: boolean;
  readonly onBehalfOf?: string;
  readonly through: string;
}
