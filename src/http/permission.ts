import { ForbiddenError } from "../errors.ts";
import { isAdmin, type Principal } from "./principal.ts";

/** What somebody wants to do. */
export type Action =
  | "definition.read"
  | "instance.start"
  /** See the instances of others in lists, counts and streams. */
  | "instance.list"
  | "instance.read"
  | "instance.cancel"
  | "instance.pause"
  | "instance.resume"
  | "instance.retry"
  | "instance.signal"
  /** Cancel a step, add an item to a map, or close it. */
  | "instance.change-steps"
  | "instance.upgrade"
  /** Change all instances of a filter. */
  | "instance.change-all"
  /** See the tasks of others in lists, counts and streams. */
  | "task.list"
  | "task.read"
  | "task.claim"
  | "task.release"
  | "task.reassign"
  | "task.delegate"
  | "task.comment"
  | "task.complete"
  | "schedule.read"
  | "schedule.change"
  | "statistics.read";

/** What an action is about, as far as a permission can depend on it. */
export type Resource =
  | { readonly type: "workflow"; readonly workflow: string; readonly version: string }
  | { readonly type: "instance"; readonly instance: InstanceFacts }
  | { readonly type: "task"; readonly task: TaskFacts }
  | { readonly type: "schedule"; readonly id: string; readonly workflow: string | undefined }
  /** Everything in the tenant. */
  | { readonly type: "all" };

export interface InstanceFacts {
  readonly id: string;
  readonly workflow: string;
  readonly version: string;
  readonly tenant: string | undefined;
  readonly user: string | undefined;
}

export interface TaskFacts {
  readonly id: string;
  readonly instanceId: string;
  readonly workflow: string;
  readonly path: string;
  readonly tenant: string | undefined;
  readonly assignee: string | undefined;
  readonly owner: string | undefined;
  readonly candidateUsers: readonly string[] | undefined;
  readonly candidateGroups: readonly string[] | undefined;
  readonly endedBy: string | undefined;
}

/**
 * Decides before the defaults do: true and false count, undefined leaves it to the defaults. It is
 * asked only about what belongs to the principal's tenant, and what the engine itself refuses (a
 * task of somebody else) stays refused.
 */
export type Authorize = (
  principal: Principal,
  action: Action,
  resource: Resource,
) => boolean | undefined | Promise<boolean | undefined>;

/** What one principal may see and do. */
export class Permission {
  readonly principal: Principal;
  readonly isAdmin: boolean;
  readonly #authorize: Authorize | undefined;

  constructor(principal: Principal, authorize: Authorize | undefined) {
    this.principal = principal;
    this.isAdmin = isAdmin(principal);
    this.#authorize = authorize;
  }

  /** Whether somebody decides one by one what may be seen. */
  get isCustom(): boolean {
    return this.#authorize !== undefined;
  }

  /** Whether what belongs to this tenant exists for them at all. */
  sees(tenant: string | undefined): boolean {
    const own = this.principal.tenant;
    return own === undefined ? this.isAdmin || tenant === undefined : tenant === own;
  }

  /** Answers at once where no `authorize` has to be asked. */
  may(action: Action, resource: Resource): boolean | Promise<boolean> {
    const byDefault = this.isAdmin || mayByDefault(this.principal, action, resource);
    if (this.#authorize === undefined) return byDefault;
    return this.#ask(this.#authorize, action, resource, byDefault);
  }

  async #ask(authorize: Authorize, action: Action, resource: Resource, byDefault: boolean) {
    return (await authorize(this.principal, action, resource)) ?? byDefault;
  }

  /** @throws ForbiddenError */
  async require(action: Action, resource: Resource): Promise<void> {
    if (await this.may(action, resource)) return;
    const { user } = this.principal;
    throw new ForbiddenError(`${user ?? "Who asks"} may not do this (${action}).`);
  }

  /**
   * The tenant that a list is about.
   *
   * @throws ForbiddenError if another one than their own was asked for.
   */
  tenantFor(asked: string | undefined): string | undefined {
    const own = this.principal.tenant;
    if (asked === undefined || asked === own) return own;
    if (own === undefined && this.isAdmin) return asked;
    throw new ForbiddenError(`The tenant ${JSON.stringify(asked)} is not that of who asks.`);
  }
}

/** People see definitions, start instances, and see and cancel what they started. */
function mayByDefault(principal: Principal, action: Action, resource: Resource): boolean {
  switch (action) {
    case "definition.read":
    case "instance.start":
      return true;
    case "instance.read":
    case "instance.cancel":
      return (
        resource.type === "instance" &&
        principal.user !== undefined &&
        resource.instance.user === principal.user
      );
    case "task.read":
    case "task.claim":
    case "task.release":
    case "task.reassign":
    case "task.delegate":
    case "task.comment":
    case "task.complete":
      // What else a task asks for, the engine knows.
      return resource.type === "task" && isAudience(principal, resource.task);
    default:
      return false;
  }
}

/** Whether it is theirs, was theirs, or could be. */
export function isAudience({ user, groups = [] }: Principal, task: TaskFacts): boolean {
  const { assignee, owner, candidateUsers, candidateGroups, endedBy } = task;
  if (user !== undefined && [assignee, owner, endedBy].includes(user)) return true;
  if (assignee !== undefined) return false;
  if (candidateUsers === undefined && candidateGroups === undefined) return true;
  if (user !== undefined && candidateUsers?.includes(user) === true) return true;
  return candidateGroups?.some((group) => groups.includes(group)) === true;
}
