import {
  DuplicateMemberError,
  EmptyGroupError,
  InvalidNameError,
  InvalidOptionError,
  InvalidStepError,
} from "../errors.ts";
import type { Group, Step, WorkflowNode } from "./group.ts";
import { checkName, isClass, type Report, show } from "./validate-options.ts";

/** Where a step or group stands in a definition. */
export interface Place {
  /** `notify/send_email`. */
  readonly path: string;
  readonly name: string;
  readonly node: WorkflowNode;
  /** The group around it; undefined at top level. */
  readonly parent: Place | undefined;
  /** A member of a map, at any depth: it may run many times side by side. */
  readonly insideMap: boolean;
}

const stepKinds: ReadonlySet<unknown> = new Set<Step["kind"]>([
  "machine",
  "human",
  "gateway",
  "timer",
  "webhook",
  "signal",
  "subworkflow",
]);

const groupKinds: ReadonlySet<unknown> = new Set<Group["kind"]>([
  "sequential",
  "parallel",
  "race",
  "quorum",
  "conditional",
  "map",
  "interleaved",
  "custom",
]);

export const isGroup = (node: WorkflowNode): boolean => groupKinds.has(node.kind);

/** How messages name the node at a place. */
export const label = ({ node, path }: Place): string =>
  `${isGroup(node) ? "Group" : "Step"} "${path}"`;

/**
 * Every node of a definition, groups before their members; reports what is no node or has no
 * name.
 */
export function collectPlaces(steps: object, report: Report): Place[] {
  const places: Place[] = [];
  for (const [name, node] of Object.entries(steps)) {
    checkName("The step name", name, report);
    if (!checkNode(`steps["${name}"]`, node, report)) continue;
    visit({ path: name, name, node, parent: undefined, insideMap: false }, places, report);
  }
  return places;
}

function visit(place: Place, places: Place[], report: Report): void {
  for (let above = place.parent; above !== undefined; above = above.parent) {
    if (above.node === place.node) {
      report(new InvalidOptionError(`Group "${above.path}" contains itself as "${place.path}".`));
      return;
    }
  }
  places.push(place);
  const names = new Map<string, number>();
  for (const child of childrenOf(place, report)) {
    if (!checkNode(`Group "${place.path}", ${child.role}`, child.node, report)) continue;
    const name = child.name ?? child.node.name;
    if (!checkMemberName(place, child.role, name, report)) continue;
    const count = (names.get(name) ?? 0) + 1;
    names.set(name, count);
    if (count === 2) {
      report(
        new DuplicateMemberError(
          `Group "${place.path}" has two members with the name "${name}" ` +
            "(its callback included), so a path could mean either; rename one.",
        ),
      );
    }
    const path = `${place.path}/${name}`;
    const insideMap = place.insideMap || child.repeated;
    visit({ path, name, node: child.node, parent: place, insideMap }, places, report);
  }
}

function checkMemberName(place: Place, role: string, name: unknown, report: Report): boolean {
  if ((name !== "" && name !== undefined) || place.node.kind === "conditional") {
    return checkName(`Group "${place.path}": the name of ${role},`, name, report);
  }
  report(
    new InvalidNameError(
      `Group "${place.path}": ${role} has no name, and members are known by theirs; ` +
        "set `name` in its class or its options.",
    ),
  );
  return false;
}

function checkNode(where: string, node: unknown, report: Report): node is WorkflowNode {
  const isObject = typeof node === "object" && node !== null;
  const kind: unknown = isObject ? Reflect.get(node, "kind") : undefined;
  if (stepKinds.has(kind) || groupKinds.has(kind)) return true;
  const advice = isClass(node)
    ? `did you forget "new"? Write new ${node.name}()`
    : "use an instance of one of the step or group classes";
  report(new InvalidStepError(`${where} is ${show(node)}, not a step or group; ${advice}.`));
  return false;
}

interface Child {
  /** How messages name it within its group. */
  readonly role: string;
  readonly node: unknown;
  /** Given for branches, whose key is their name. */
  readonly name?: string;
  readonly repeated: boolean;
}

function childrenOf(place: Place, report: Report): Child[] {
  if (!isGroup(place.node)) return [];
  const group: object = place.node;
  const children = membersOf(place, group, report);
  const callback: unknown = Reflect.get(group, "callback");
  if (callback !== undefined) {
    children.push({ role: "its callback", node: callback, repeated: false });
  }
  return children;
}

function membersOf(place: Place, group: object, report: Report): Child[] {
  switch (place.node.kind) {
    case "map":
      return [{ role: "its member", node: Reflect.get(group, "member"), repeated: true }];
    case "conditional":
      return branchesOf(place, Reflect.get(group, "branches"), report);
    default:
      return listedMembers(place, Reflect.get(group, "members"), report);
  }
}

function branchesOf(place: Place, branches: unknown, report: Report): Child[] {
  if (typeof branches !== "object" || branches === null || Array.isArray(branches)) {
    report(
      new InvalidOptionError(
        `Group "${place.path}": its branches are ${show(branches)}; ` +
          "they must be an object of branch name to step.",
      ),
    );
    return [];
  }
  const children = Object.entries(branches).map(([name, node]) => ({
    role: `branch "${name}"`,
    node,
    name,
    repeated: false,
  }));
  if (children.length === 0) reportEmpty(place, "branch", report);
  return children;
}

function listedMembers(place: Place, members: unknown, report: Report): Child[] {
  if (members === undefined && place.node.kind === "custom") return [];
  if (!Array.isArray(members)) {
    report(
      new InvalidOptionError(
        `Group "${place.path}": its members are ${show(members)}; ` +
          "they must be a list, as in new ParallelGroup([first, second]).",
      ),
    );
    return [];
  }
  if (members.length === 0 && place.node.kind !== "custom") reportEmpty(place, "member", report);
  return Array.from(members, (node: unknown, index) => ({
    role: `member ${index + 1}`,
    node,
    repeated: false,
  }));
}

function reportEmpty(place: Place, part: string, report: Report): void {
  report(
    new EmptyGroupError(
      `Group "${place.path}" has no ${part}; give it one, or leave the group out.`,
    ),
  );
}
