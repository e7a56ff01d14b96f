import type { GraphNode } from "tandem-workflows/client";
import { formatCount, formatSpan, humanize, listNames } from "../format.ts";
import type { IconName } from "../ui/icons.tsx";
import { lookOf } from "../ui/parts.tsx";
import { isGroup, memberCounts } from "./model.ts";

/** What a graph says in words: the same for those who see it and those who hear it. */

export const kindIcons: Readonly<Record<string, IconName>> = {
  human: "person",
  machine: "chip",
  gateway: "branch",
  timer: "clock",
  webhook: "hook",
  signal: "signal",
  subworkflow: "layers",
  sequential: "right",
  parallel: "layers",
  race: "pulse",
  quorum: "group",
  conditional: "branch",
  map: "list",
  interleaved: "retry",
  custom: "flow",
};

const kindNames: Readonly<Record<string, string>> = {
  human: "Person",
  machine: "Machine",
  gateway: "Gateway",
  timer: "Timer",
  webhook: "Webhook",
  signal: "Signal",
  subworkflow: "Subworkflow",
  sequential: "One after another",
  parallel: "All at once",
  race: "Race: the first wins",
  quorum: "Quorum",
  conditional: "One of these",
  map: "For each item",
  interleaved: "One at a time, in any order",
  custom: "Group",
};

export function kindName(node: GraphNode): string {
  const { kind, options, members } = node;
  const option = (name: string) => Reflect.get(options, name) as unknown;
  const limit = option("maxConcurrent");
  if (kind === "quorum") return `Quorum: ${option("required")} of ${members.length}`;
  if (kind === "parallel" && typeof limit === "number") return `At most ${limit} at once`;
  if (kind === "map" && typeof option("items") === "string")
    return `For each of ${option("items")}`;
  if (kind === "subworkflow") return `Workflow ${option("workflow")}`;
  if (kind === "signal") return `Signal ${option("signal") ?? ""}`;
  if (kind === "timer" && typeof option("durationMs") === "number") {
    return `Timer: ${formatSpan(option("durationMs") as number)}`;
  }
  return kindNames[kind] ?? kind;
}

export const titleOf = (node: GraphNode): string => node.title ?? humanize(node.name);

type Wait = Readonly<Record<string, unknown>>;

/** Whom or what a step waits for. */
function waitText(wait: Wait): string {
  const names = (key: string) => (Array.isArray(wait[key]) ? (wait[key] as string[]) : []);
  switch (wait.for) {
    case "person": {
      if (typeof wait.assignee === "string") return wait.assignee;
      const candidates = [...names("candidateUsers"), ...names("candidateGroups")];
      return candidates.length === 0 ? "anybody" : listNames(candidates, 2);
    }
    case "time":
      return "its time";
    case "callback":
      return "a callback";
    case "signal":
      return `signal ${wait.name}`;
    case "workflow":
      return `workflow ${wait.name}`;
    case "attempt":
      return "the next attempt";
    default:
      return "its turn";
  }
}

/** One line: what it is doing, and for whom it waits. */
export function stateText(node: GraphNode): string {
  const { state, waitingFor, attempt, winner } = node;
  if (state === undefined) return "";
  if (state === "waiting" && waitingFor !== undefined && waitingFor.length > 0) {
    return `Waits for ${listNames(waitingFor.map(waitText), 2)}`;
  }
  if (winner !== undefined) return `Won by ${humanize(winner)}`;
  const again = attempt !== undefined && attempt > 1 ? `, attempt ${attempt}` : "";
  return lookOf(state).label + again;
}

export function countsText(node: GraphNode): string {
  return [...memberCounts(node)]
    .map(([state, count]) => `${formatCount(count)} ${lookOf(state).label.toLowerCase()}`)
    .join(", ");
}

/** What a screen reader says of a node. */
export function spokenName(node: GraphNode, leadsTo: readonly string[]): string {
  const { iteration, progress, terminal, initial } = node;
  return [
    titleOf(node),
    isGroup(node) ? `group: ${kindName(node)}` : kindName(node),
    stateText(node),
    iteration !== undefined && iteration > 1 && `pass ${iteration}`,
    progress && `${progress.done} of ${progress.total} done`,
    initial && "first step",
    terminal && "last step",
    leadsTo.length > 0 && `leads to ${listNames(leadsTo, 4)}`,
  ]
    .filter(Boolean)
    .join(", ");
}
