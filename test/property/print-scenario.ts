import type { EdgeSpec, NodeSpec } from "./definition-spec.ts";
import { isGroup } from "./definition-spec.ts";
import type { Finding, Scenario } from "./lockstep.ts";
import type { Action } from "./naive-actions.ts";

/** Everything that somebody needs who has to understand a failed run. */
export function printScenario(scenario: Scenario, finding: Finding): string {
  const { spec } = scenario;
  const { nodes, edges, ...rest } = spec;
  const steps = finding.actions.map((action, index) => {
    const isLast = index === finding.actions.length - 1;
    return `  ${String(index + 1).padStart(3)}. ${printAction(action)}${isLast ? "   <-- here" : ""}`;
  });
  return [
    "flowchart TD",
    ...nodes.flatMap((node) => printNode(node, "  ")),
    ...edges.map((edge) => `  ${printEdge(edge)}`),
    `  ${JSON.stringify(rest)}`,
    "",
    `actions (restarts: ${scenario.restarts}, upgrades: ${scenario.upgrades}):`,
    ...steps,
    "",
    finding.what,
    "",
    `scenario: ${JSON.stringify({ ...scenario, actions: finding.actions })}`,
  ].join("\n");
}

function printNode(node: NodeSpec, indent: string): string[] {
  const { name, kind, ...options } = node;
  const { members: _members, callback: _callback, ...shown } = options as Record<string, unknown>;
  const details = Object.entries(shown).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const head = `${indent}${name}[${kind}${details.join("")}]`;
  if (!isGroup(node)) return [head];
  const callback = "callback" in node && node.callback ? [node.callback] : [];
  return [
    head,
    ...node.members.flatMap((member) => printNode(member, `${indent}    `)),
    ...callback.flatMap((member) => printNode(member, `${indent}  ↳ `)),
  ];
}

function printEdge({ source, target, on, when, otherwise }: EdgeSpec): string {
  const labels = [on && `on ${on}`, when && printCondition(when), otherwise && "otherwise"];
  const label = labels.filter(Boolean).join(", ");
  return label === "" ? `${source} --> ${target}` : `${source} -- ${label} --> ${target}`;
}

function printCondition(when: NonNullable<EdgeSpec["when"]>): string {
  if (when === "throws") return "throws";
  const subject = "key" in when ? when.key : `result(${when.resultOf})`;
  return `${subject} = ${JSON.stringify(when.equals)}`;
}

function printAction(action: Action): string {
  const { do: verb, ...details } = action;
  const subject = "at" in action ? action.at : "path" in action ? action.path : "";
  const rest = Object.entries(details)
    .filter(([key, value]) => key !== "at" && key !== "path" && value !== undefined)
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`);
  return [verb, subject, ...rest].filter(Boolean).join(" ");
}
