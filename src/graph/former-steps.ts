import type { PicturedExecution, PicturedInstance, PictureState } from "./picture-facts.ts";

/** A step that an earlier version of the instance had, and the one that it runs does not. */
export interface FormerStep {
  /** As the instance's history has it: `approve@1.0.0`. */
  readonly path: string;
  /** Its path in that version. */
  readonly was: string;
  readonly version: string;
  /** How its latest execution ended. */
  readonly state: PictureState;
}

/** In the order in which they first ran; of a group, only itself. */
export function formerSteps({ steps }: PicturedInstance): FormerStep[] {
  const found = new Map<string, FormerStep>();
  for (const { path, status, compensates } of steps) {
    const mark = path.indexOf("@");
    if (mark < 0 || path.includes("/", mark) || compensates !== 0) continue;
    const [was, version] = [path.slice(0, mark), path.slice(mark + 1)];
    found.set(path, { path, was, version, state: stateOf(status) });
  }
  return [...found.values()];
}

function stateOf(status: PicturedExecution["status"]): PictureState {
  return status === "failed" || status === "canceled" || status === "skipped" ? status : "done";
}
