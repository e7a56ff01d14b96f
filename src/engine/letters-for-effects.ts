import type { Command, Effect } from "../machine/index.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import type { Letter } from "./letters.ts";

const none: readonly never[] = [];

/** A child is cancelled, paused and resumed with its parent. */
const byParent = { through: "parent" };

export function lettersFor(
  { state }: InstanceRuntime,
  effect: Effect,
  isRetry: boolean,
): readonly Letter[] {
  switch (effect.type) {
    case "StartChild": {
      const { id: executionId, attempt } = effect.execution;
      return [{ type: "StartChild", executionId, attempt, input: effect.input, isRetry }];
    }
    case "CancelChild": {
      const { executionId, attempt, reason } = effect;
      const command: Command = { type: "Cancel", reason, actor: byParent };
      return [{ type: "TellChild", executionId, attempt, command }];
    }
    case "PauseChildren":
    case "ResumeChildren": {
      const command: Command = {
        type: effect.type === "PauseChildren" ? "Pause" : "Resume",
        actor: byParent,
      };
      return state.executions
        .filter((each) => each.status === "waiting" && state.node(each).kind === "subworkflow")
        .map(({ id, attempt }) => ({ type: "TellChild", executionId: id, attempt, command }));
    }
    default:
      return none;
  }
}
