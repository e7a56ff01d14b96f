import { formatDuration } from "./mermaid-text.ts";
import type { PictureEdge, PictureNode, PictureOptions } from "./picture.ts";
import type { PictureState, PictureWait } from "./picture-facts.ts";

/** What is written in a step, line by line: its title, what it does, and where it stands. */
export function nodeLines(node: PictureNode): string[] {
  const title = `${markOf(node.state)}${node.title ?? node.name}`;
  return [title, kindText(node), optionsText(node), stateText(node)].filter((line) => line !== "");
}

/** What is written above a group, in one line. */
export function groupTitle(node: PictureNode): string {
  const title = `${markOf(node.state)}${node.title ?? node.name}`;
  const parts = [title, groupText(node), optionsText(node), stateText(node)];
  return parts.filter((part) => part !== "").join(" · ");
}

/** What is written beside an edge. */
export function edgeText({ label, conditional, otherwise, on, taken = 0 }: PictureEdge): string {
  const text = label ?? (conditional ? "condition" : otherwise ? "otherwise" : "");
  const when = { success: "", failure: "on failure", always: "always", cancel: "on cancel" }[on];
  const parts = [when, text].filter((part) => part !== "").join(": ");
  return taken > 1 ? `${parts} ${taken}×`.trim() : parts;
}

// ------------------------------------------------------------------------------------ what it does

function kindText({ kind, options, waitingFor = [] }: PictureNode): string {
  switch (kind) {
    case "human":
      return waitingFor.length === 0 ? personText(options) : "";
    case "timer":
      return timerText(options);
    case "webhook":
      return "callback";
    case "signal":
      return `signal: ${options.signal}`;
    case "subworkflow":
      return `workflow: ${[options.workflow, options.version].join(" ").trim()}`;
    default:
      return "";
  }
}

function personText({ assignee, candidateUsers, candidateGroups }: PictureOptions): string {
  if (assignee !== undefined) return `for ${assignee}`;
  const candidates = [...(candidateUsers ?? []), ...(candidateGroups ?? [])];
  return candidates.length === 0 ? "" : `for ${candidates.join(", ")}`;
}

function timerText({ durationMs, until }: PictureOptions): string {
  if (durationMs !== undefined) return `wait ${formatDuration(durationMs)}`;
  return until === undefined ? "wait" : `until ${dateText(until)}`;
}

const dateText = (until: string | number): string =>
  typeof until === "number" ? new Date(until).toISOString() : until;

function groupText({ kind, members, options }: PictureNode): string {
  const { required, maxConcurrent, failure } = options;
  const more = [
    maxConcurrent === undefined ? "" : `${maxConcurrent} at a time`,
    failure === "collect" ? "failures collected" : failure === "wait-all" ? "waits for all" : "",
  ];
  const main = {
    race: options.settle === "first" ? "first to end decides" : "first success wins",
    quorum: `${required} of ${members.length}`,
    map: mapText(options),
    interleaved: "one at a time, any order",
  };
  const text = kind in main ? main[kind as keyof typeof main] : "";
  return [text, ...more].filter((part) => part !== "").join(" · ");
}

function mapText({ items, required }: PictureOptions): string {
  const each = items === undefined ? "for each item" : `for each of ${items}`;
  return required === undefined ? each : `${each}, ${required} needed`;
}

function optionsText({ join, options }: PictureNode): string {
  const { cancelRest, retry, timeoutMs, deadlineMs, limit, mutex, cancels = [] } = options;
  return [
    join === undefined ? "" : `join: ${join}`,
    cancelRest ? "cancels the rest" : "",
    retry === undefined ? "" : `${retry.maxAttempts} attempts`,
    timeoutMs === undefined ? "" : `at most ${formatDuration(timeoutMs)}`,
    deadlineMs === undefined ? "" : `within ${formatDuration(deadlineMs)}`,
    limit === undefined ? "" : `limit: ${limit}`,
    mutex === undefined ? "" : `mutex: ${mutex}`,
    cancels.length === 0 ? "" : `cancels ${cancels.join(", ")}`,
  ]
    .filter((part) => part !== "")
    .join(" · ");
}

// --------------------------------------------------------------------------------- where it stands

const marks: Readonly<Record<PictureState, string>> = {
  done: "✓ ",
  running: "▶ ",
  waiting: "◷ ",
  pending: "… ",
  failed: "✗ ",
  canceled: "⊘ ",
  skipped: "– ",
  idle: "",
};

const markOf = (state: PictureState | undefined): string => (state ? marks[state] : "");

function stateText(node: PictureNode): string {
  const { waitingFor = [], iteration = 1, attempt = 1, progress, winner, undone } = node;
  const isLive = node.state === "waiting" || node.state === "running";
  return [
    progress === undefined ? "" : progressText(progress),
    waitText(waitingFor),
    isLive && attempt > 1 ? `attempt ${attempt}` : "",
    iteration > 1 ? `pass ${iteration}` : "",
    winner === undefined ? "" : `${winner} won`,
    undone ? "undone" : "",
  ]
    .filter((part) => part !== "")
    .join(" · ");
}

function progressText({ done, failed, total }: NonNullable<PictureNode["progress"]>): string {
  return `${done} of ${total} done${failed > 0 ? `, ${failed} failed` : ""}`;
}

/** What the step does not say already by what it does. */
function waitText(waits: readonly PictureWait[]): string {
  const texts = waits.flatMap((wait) => {
    if (wait.for === "person") return wait.assignee ?? candidatesText(wait);
    if (wait.for === "attempt") return "the next attempt";
    return wait.for === "turn" ? "its turn" : [];
  });
  return texts.length === 0 ? "" : `waits for ${texts.join(", ")}`;
}

function candidatesText(wait: Extract<PictureWait, { for: "person" }>): string {
  const candidates = [...(wait.candidateUsers ?? []), ...(wait.candidateGroups ?? [])];
  return candidates.length === 0 ? "anybody" : candidates.join(" or ");
}
