import type { WorkflowRegistry } from "../definition/registry.ts";
import type { AnyDefinition } from "../definition/workflow-definition.ts";
import { UnknownLimitError } from "../errors.ts";
import { compileDefinition } from "../graph/compile.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import type { Store } from "../store/store.ts";
import { KeptShapes } from "./kept-shapes.ts";
import type { Limiter } from "./limiter.ts";

/** The registered definitions, as an engine runs them. */
export class Definitions {
  readonly shapes: KeptShapes;
  readonly #registry: WorkflowRegistry;
  readonly #limiters: ReadonlyMap<string, Limiter>;
  readonly #checked = new WeakSet<WorkflowGraph>();

  constructor(registry: WorkflowRegistry, store: Store, limiters: ReadonlyMap<string, Limiter>) {
    this.#registry = registry;
    this.#limiters = limiters;
    this.shapes = new KeptShapes(store);
  }

  /**
   * By name, in the given version or else the latest.
   *
   * @throws UnknownWorkflowError, UnknownLimitError
   */
  readonly graphOf = (workflow: string, version: string | undefined): WorkflowGraph =>
    this.graphFor(this.#registry.getDefinition(workflow, version));

  /** @throws UnknownLimitError if it names a limit that the engine does not define. */
  graphFor(definition: AnyDefinition): WorkflowGraph {
    const graph = compileDefinition(definition);
    if (this.#checked.has(graph)) return graph;
    for (const { path, limit } of graph.nodes) {
      if (limit !== undefined && !this.#limiters.has(limit)) {
        throw new UnknownLimitError(
          `"${path}" of workflow "${definition.name}" names the limit "${limit}"; ` +
            `define it in the engine's options: limits: { ${limit}: { concurrent: 5 } }.`,
        );
      }
    }
    this.#checked.add(graph);
    return graph;
  }
}
