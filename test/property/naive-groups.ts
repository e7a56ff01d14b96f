import type { GroupSpec, Json, Writes } from "./definition-spec.ts";
import { isNo, isYes } from "./definition-spec.ts";
import { type Execution, endOf, type Failure, type Member } from "./naive-execution.ts";

/** What a group makes of how its members stand, asked again after every change. */
export type Verdict =
  | { readonly is: "open" }
  | { readonly is: "succeeded" }
  | { readonly is: "skipped" }
  | { readonly is: "failed"; readonly failure: Failure };

const open: Verdict = { is: "open" };
const succeeded: Verdict = { is: "succeeded" };
const skipped: Verdict = { is: "skipped" };
const failed = (code: string, members: readonly Member[] = []): Verdict => ({
  is: "failed",
  failure: { code, errors: members.map(({ execution }) => execution?.failure ?? { code: "?" }) },
});

const order = (member: Member): number => member.execution?.ended ?? 0;
const byEnd = (members: readonly Member[]) => [...members].sort((a, b) => order(a) - order(b));

/** The table of groups, one row for each kind. */
export function judge(group: Execution): Verdict {
  const spec = group.node as GroupSpec;
  const members = group.members ?? [];
  const undecided = members.filter((member) => endOf(member) === undefined);
  const successes = members.filter((member) => endOf(member) === "succeeded");
  const failures = members.filter((member) => endOf(member) === "failed");
  const allEnded = undecided.length === 0;
  const noneDid = successes.length === 0 && failures.length === 0;

  if (spec.kind === "map" && members.length === 0 && spec.required === undefined) return succeeded;
  if (allEnded && noneDid && (members.length > 0 || spec.kind !== "map")) return skipped;

  switch (spec.kind) {
    case "sequential":
    case "interleaved":
    case "conditional":
      if (failures.length > 0) return failed("GROUP_FAILED", failures);
      return allEnded ? succeeded : open;

    case "parallel":
      return judgeParallel(spec.failure, failures, allEnded);

    case "race": {
      const [first] = byEnd(spec.settle === "first" ? [...successes, ...failures] : successes);
      if (first && endOf(first) === "succeeded") return succeeded;
      if (first) return failed("RACE_LOST", failures);
      return allEnded ? failed("RACE_LOST", failures) : open;
    }

    case "quorum": {
      const resultOf = (member: Member) => member.execution?.result;
      if (spec.veto && successes.some((member) => isNo(resultOf(member)))) {
        return failed("QUORUM_VETOED");
      }
      const counted = successes.filter((member) => !spec.counts || isYes(resultOf(member)));
      return judgeNumber(counted.length, undecided.length, spec.required);
    }

    case "map":
      if (group.closed) return succeeded;
      if (spec.required !== undefined) {
        return judgeNumber(successes.length, undecided.length, spec.required);
      }
      return judgeParallel(spec.failure, failures, allEnded);
  }
}

function judgeParallel(
  mode = "fail-fast",
  failures: readonly Member[],
  allEnded: boolean,
): Verdict {
  const fails = failures.length > 0 && mode !== "collect";
  if (fails && (allEnded || mode === "fail-fast")) return failed("GROUP_FAILED", failures);
  return allEnded ? succeeded : open;
}

function judgeNumber(counted: number, undecided: number, required: number): Verdict {
  if (counted >= required) return succeeded;
  return counted + undecided < required ? failed("QUORUM_NOT_REACHED") : open;
}

/** How many members may be at work at the same time. */
export function placesIn(group: Execution): number {
  const spec = group.node as GroupSpec;
  if (spec.kind === "sequential") return 1;
  if (spec.kind !== "parallel" && spec.kind !== "map") return Number.POSITIVE_INFINITY;
  return spec.maxConcurrent ?? Number.POSITIVE_INFINITY;
}

/** Members whose writes the group's success makes visible, in the order in which they count. */
export function contributors(group: Execution): Member[] {
  const { kind } = group.node;
  const successes = (group.members ?? []).filter((member) => endOf(member) === "succeeded");
  if (kind === "interleaved") return byEnd(successes);
  if (kind === "race") return byEnd(successes).slice(0, 1);
  return successes;
}

export const writesOf = (members: readonly Member[]): Writes =>
  members.flatMap(
    (member) => (endOf(member) === "succeeded" ? member.execution?.writes : []) ?? [],
  );

/** What `context.result` gives for a group that succeeded. */
export function resultOf(group: Execution): Json | undefined {
  const spec = group.node as GroupSpec;
  const members = group.members ?? [];
  const given = (member: Member) =>
    endOf(member) === "succeeded" ? (member.execution?.result ?? null) : null;

  if (spec.kind === "conditional") return members.map(given)[0] ?? null;
  if (spec.kind === "race") {
    const winner = contributors(group)[0] as Member;
    return { winner: winner.node.name, result: given(winner) };
  }
  if ("failure" in spec && spec.failure === "collect") return members.map(outcomeOf);
  return members.map(given);
}

function outcomeOf(member: Member): Json {
  const status = endOf(member) ?? "canceled";
  if (status === "succeeded") return { status, result: member.execution?.result ?? null };
  if (status === "failed") return { status, error: member.execution?.failure?.code ?? "?" };
  return { status };
}
