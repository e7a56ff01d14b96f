import { branchNamed, type GroupSpec, type Json, type NodeSpec } from "./definition-spec.ts";
import { visibleData } from "./naive-data.ts";
import { cutMembers } from "./naive-endings.ts";
import { type Execution, endOf, type Failure, isAlive, type Member } from "./naive-execution.ts";
import { contributors, judge, placesIn, resultOf, writesOf } from "./naive-groups.ts";
import type { NaiveInstance } from "./naive-instance.ts";
import { again, create, fail, skip, startIfFree, succeed, turn } from "./naive-steps.ts";

/** The life of a group: which members start, and when it ends. */

export function beginGroup(instance: NaiveInstance, group: Execution, node: GroupSpec): void {
  turn(instance, group, "waiting");
  if (!group.members) {
    const members = membersOf(instance, group, node);
    if (!Array.isArray(members))
      return fail(instance, group, members, { retryable: true, random: 0 });
    group.members = members;
    const callback = "callback" in node ? node.callback : undefined;
    group.callback = callback && memberOf(group, callback);
  }
  const open = group.closed ? [] : group.members;
  for (const member of [...open, ...(group.callback ? [group.callback] : [])]) {
    const status = member.execution?.status;
    if (status === "succeeded" || status === "skipped") continue;
    member.due = true;
    member.dueSince = instance.tick();
  }
  advance(instance, group);
}

function membersOf(instance: NaiveInstance, group: Execution, node: GroupSpec): Member[] | Failure {
  if (node.kind === "conditional") {
    const named = branchNamed(node.members, visibleData(instance, group)[node.key]);
    if (named === undefined) return [];
    const branch = node.members.find(({ name }) => name === named);
    return branch ? [memberOf(group, branch)] : { code: "UNKNOWN_BRANCH" };
  }
  if (node.kind === "map") {
    const items = visibleData(instance, group)[node.key];
    if (!Array.isArray(items)) return { code: "NOT_A_LIST" };
    return items.map((_item, index) => memberOf(group, node.members[0], index));
  }
  return node.members.map((member) => memberOf(group, member));
}

/** Judges a group anew, after its start and after the end of each member. */
export function advance(instance: NaiveInstance, group: Execution): void {
  if (group.status !== "waiting") return;
  const verdict = judge(group);
  if (verdict.is === "open") return startDueMembers(instance, group);

  cutMembers(instance, group, group.callback);
  if (verdict.is === "skipped") return skip(instance, group);
  if (verdict.is === "failed") {
    return fail(instance, group, verdict.failure, { retryable: true, random: 0 });
  }
  if (group.callback) {
    const end = endOf(group.callback);
    if (group.callback.due) return startMember(instance, group, group.callback);
    if (end === undefined) return;
    if (end === "failed") {
      const failure = { code: "GROUP_FAILED" };
      return fail(instance, group, failure, { retryable: true, random: 0 });
    }
  }
  const callback = group.callback ? [group.callback] : [];
  succeed(instance, group, resultOf(group), writesOf([...contributors(group), ...callback]));
}

/** In order, each at once: one that ends at once may decide the group before the next starts. */
function startDueMembers(instance: NaiveInstance, group: Execution): void {
  const members = group.members ?? [];
  const isBusy = ({ execution }: Member) => execution !== undefined && isAlive(execution);
  for (const member of members) {
    if (group.status !== "waiting" || judge(group).is !== "open") return;
    if (!member.due || members.filter(isBusy).length >= placesIn(group)) continue;
    startMember(instance, group, member);
  }
}

function startMember(instance: NaiveInstance, group: Execution, member: Member): void {
  member.due = false;
  if (member.execution) {
    again(instance, member.execution);
    member.execution.since = member.dueSince;
  } else {
    const { node, path } = member;
    member.execution = create(instance, { node, path, group, iteration: group.iteration });
  }
  startIfFree(instance, member.execution);
}

export function addItem(instance: NaiveInstance, map: Execution, _item: Json): void {
  const members = map.members ?? [];
  members.push(memberOf(map, (map.node as GroupSpec).members[0] as NodeSpec, members.length));
  advance(instance, map);
}

export function closeMap(instance: NaiveInstance, map: Execution): void {
  map.closed = true;
  cutMembers(instance, map);
  for (const member of map.members ?? []) member.due = false;
  advance(instance, map);
}

const memberOf = (group: Execution, node: NodeSpec, index?: number): Member => ({
  node,
  path: `${group.path}/${node.name}${index === undefined ? "" : `[${index}]`}`,
  execution: undefined,
  due: true,
  dueSince: 0,
});
