/** Who a task is for, as names that a store can look up. */
export interface TaskAudience {
  readonly assignee: string | undefined;
  /** Who delegated it, and still sees it. */
  readonly owner?: string | undefined;
  readonly candidateUsers: readonly string[] | undefined;
  readonly candidateGroups: readonly string[] | undefined;
}

/** The names under which a task is found: whose it is, or its candidates, or everybody. */
export function audienceOf(task: TaskAudience): readonly string[] {
  const { assignee, owner, candidateUsers, candidateGroups } = task;
  if (assignee !== undefined) {
    return owner === undefined || owner === assignee
      ? [`user:${assignee}`]
      : [`user:${assignee}`, `user:${owner}`];
  }
  if (candidateUsers === undefined && candidateGroups === undefined) return [everybody];
  const users = new Set(candidateUsers);
  const groups = new Set(candidateGroups);
  return [...[...users].map((user) => `user:${user}`), ...[...groups].map((g) => `group:${g}`)];
}

/** The names under which somebody finds tasks. */
export function audienceNames(user: string | undefined, groups: readonly string[]): string[] {
  const names = [everybody, ...groups.map((group) => `group:${group}`)];
  if (user !== undefined) names.push(`user:${user}`);
  return [...new Set(names)];
}

const everybody = "everybody";
