import type { AnyDefinition } from "../definition/workflow-definition.ts";
import type { WorkflowInstance } from "../engine/workflow-instance.ts";
import { compileDefinition } from "../graph/compile.ts";
import { pictureOf } from "../graph/picture.ts";

/** Which steps and edges of a definition the tests took. */
export class PathCoverage {
  readonly #definition: AnyDefinition;
  /** The names of steps, groups' members by their path, and whether a test ran them. */
  readonly #steps = new Map<string, boolean>();
  readonly #edges: { readonly text: string; isTaken: boolean }[];

  constructor(definition: AnyDefinition) {
    this.#definition = definition;
    for (const { path } of compileDefinition(definition).nodes) this.#steps.set(path, false);
    this.#edges = pictureOf(definition).edges.map(({ source, target, label }) => ({
      text: label === undefined ? `${source} -> ${target}` : `${source} -> ${target} (${label})`,
      isTaken: false,
    }));
  }

  /** Steps and members that no test ran, by their path. */
  get missingSteps(): readonly string[] {
    return [...this.#steps].filter(([, isRun]) => !isRun).map(([path]) => path);
  }

  /** Edges that no test took, as `source -> target`, with their condition. */
  get missingEdges(): readonly string[] {
    return this.#edges.filter(({ isTaken }) => !isTaken).map(({ text }) => text);
  }

  get isComplete(): boolean {
    return this.missingSteps.length + this.missingEdges.length === 0;
  }

  /** Takes in what an instance did. Instances of other workflows do not count. */
  see(instance: WorkflowInstance): void {
    const { name, version } = this.#definition;
    if (instance.workflow !== name || instance.version !== version) return;
    for (const { path, status } of instance.steps) {
      // Members of maps have the number of their item in their path, repeated calls theirs.
      const names = [path, path.replace(/\[\d+\]/g, "[]"), path.replace(/\[\d+\]$/, "")];
      const known = names.find((name) => this.#steps.has(name));
      if (status !== "skipped" && known !== undefined) this.#steps.set(known, true);
    }
    for (const [index, { taken }] of instance.edges.entries()) {
      const edge = this.#edges[index];
      if (edge !== undefined && taken > 0) edge.isTaken = true;
    }
  }

  /** What was taken and what was not, as text. */
  report(): string {
    const { name, version } = this.#definition;
    const { missingSteps, missingEdges } = this;
    const share = (all: number, missing: number) => `${all - missing} of ${all}`;
    return [
      `${name} ${version}: ${share(this.#steps.size, missingSteps.length)} steps, ` +
        `${share(this.#edges.length, missingEdges.length)} edges taken`,
      ...missingSteps.map((step) => `  step never run:   ${step}`),
      ...missingEdges.map((edge) => `  edge never taken: ${edge}`),
    ].join("\n");
  }
}
