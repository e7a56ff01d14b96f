import { DefinitionChangedError } from "../errors.ts";
import { isComparable, shapeText } from "../graph/fingerprint.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import type { MaybePromise, Store } from "../store/store.ts";

/**
 * Holds definitions to the shape that their instances were made with, which is kept in the store
 * for each workflow and version: a definition that has changed under its version is refused, in
 * every process.
 */
export class KeptShapes {
  readonly #store: Store;
  readonly #checked = new WeakSet<WorkflowGraph>();
  readonly #checking = new Map<WorkflowGraph, Promise<void>>();

  constructor(store: Store) {
    this.#store = store;
  }

  isChecked(graph: WorkflowGraph): boolean {
    return this.#checked.has(graph);
  }

  /**
   * Looks once whether the definition is the one that its instances were made with; with a store
   * that answers at once, so does this.
   *
   * @throws DefinitionChangedError if it is not, and there are such instances.
   */
  check(graph: WorkflowGraph): MaybePromise<void> {
    if (this.#checked.has(graph)) return undefined;
    const underWay = this.#checking.get(graph);
    if (underWay !== undefined) return underWay;
    const checked = this.#compare(graph, undefined);
    if (!(checked instanceof Promise)) return undefined;
    const checking = checked.finally(() => this.#checking.delete(graph));
    this.#checking.set(graph, checking);
    return checking;
  }

  /** `replacing` is a kept shape that nothing needs any more. */
  #compare(graph: WorkflowGraph, replacing: string | undefined): MaybePromise<void> {
    const { name, version } = graph.definition;
    const text = shapeText(graph);
    const kept = this.#store.keepSetting(`definition:${name}@${version}`, text, replacing);
    return then(kept, (present) => {
      if (present === text) {
        this.#checked.add(graph);
        return undefined;
      }
      // What another version of this package has written cannot be compared.
      if (!isComparable(present)) return this.#compare(graph, present);
      const counts = this.#store.countInstances({ workflow: name, version });
      return then(counts, (found) => {
        const count = found.reduce((sum, each) => sum + each.count, 0);
        if (count === 0) return this.#compare(graph, present);
        throw new DefinitionChangedError(changeMessage(graph, present, count));
      });
    });
  }
}

function then<Value, Next>(
  value: MaybePromise<Value>,
  next: (value: Value) => MaybePromise<Next>,
): MaybePromise<Next> {
  return value instanceof Promise ? value.then(next) : next(value);
}

// ----------------------------------------------------------------------------------- what it says

function changeMessage(graph: WorkflowGraph, before: string, count: number): string {
  const { name, version } = graph.definition;
  const instances = count === 1 ? "1 instance was" : `${count} instances were`;
  return (
    `Workflow "${name}" version ${version} has changed its shape (-: as its ${instances} made, ` +
    `+: as it is registered now):\n${difference(before, shapeText(graph))}\n` +
    "Register the old definition again, and give the changed one a new version; " +
    "engine.upgradeInstance moves instances to it."
  );
}

const longestDifference = 40;

/** The lines that differ, those of before with a minus and those of now with a plus. */
function difference(before: string, now: string): string {
  const lines = differingLines(before.split("\n"), now.split("\n"));
  const shown = lines.slice(0, longestDifference);
  const others = lines.length - shown.length;
  if (others > 0) shown.push(`… and ${others} more lines`);
  return shown.map((line) => `  ${line}`).join("\n");
}

function differingLines(before: readonly string[], now: readonly string[]): string[] {
  let start = 0;
  while (start < before.length && start < now.length && before[start] === now[start]) start++;
  let end = 0;
  const longest = Math.min(before.length, now.length) - start;
  while (end < longest && before.at(-1 - end) === now.at(-1 - end)) end++;
  const old = before.slice(start, before.length - end);
  const present = now.slice(start, now.length - end);
  const isLarge = old.length * present.length > 1_000_000;
  const common = isLarge ? [] : longestCommon(old, present);
  const lines: string[] = [];
  let at = 0;
  let to = 0;
  for (const [left, right] of [...common, [old.length, present.length] as const]) {
    while (at < left) lines.push(`- ${old[at++]}`);
    while (to < right) lines.push(`+ ${present[to++]}`);
    at++;
    to++;
  }
  return lines;
}

/** Places of the longest common subsequence in both lists. */
function longestCommon(
  left: readonly string[],
  right: readonly string[],
): (readonly [number, number])[] {
  const width = right.length + 1;
  const lengths = new Uint32Array((left.length + 1) * width);
  const lengthAt = (i: number, j: number) => lengths[i * width + j] as number;
  for (let i = left.length - 1; i >= 0; i--) {
    for (let j = right.length - 1; j >= 0; j--) {
      const longest = Math.max(lengthAt(i + 1, j), lengthAt(i, j + 1));
      lengths[i * width + j] = left[i] === right[j] ? lengthAt(i + 1, j + 1) + 1 : longest;
    }
  }
  const places: (readonly [number, number])[] = [];
  for (let i = 0, j = 0; i < left.length && j < right.length; ) {
    if (left[i] === right[j]) places.push([i++, j++]);
    else if (lengthAt(i + 1, j) >= lengthAt(i, j + 1)) i++;
    else j++;
  }
  return places;
}
