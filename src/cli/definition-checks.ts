import type { WorkflowRegistry } from "../definition/registry.ts";
import { KeptShapes } from "../engine/kept-shapes.ts";
import { compileDefinition } from "../graph/compile.ts";
import type { InstanceCount, Store } from "../store/store.ts";

/** A definition that is not the one that its instances were made with. */
export interface ChangedDefinition {
  readonly workflow: string;
  readonly version: string;
  /** What is different, and what to do. */
  readonly message: string;
}

/** Compares definitions that have instances with what these were made with; changes nothing. */
export async function findChangedDefinitions(
  registry: WorkflowRegistry,
  store: Store,
  counts: readonly Pick<InstanceCount, "workflow" | "version">[],
): Promise<readonly ChangedDefinition[]> {
  const shapes = new KeptShapes(store);
  const changed: ChangedDefinition[] = [];
  for (const definition of registry.listDefinitions()) {
    const { name: workflow, version } = definition;
    // Without instances there is nothing that it could differ from.
    if (!counts.some((each) => each.workflow === workflow && each.version === version)) continue;
    try {
      await shapes.check(compileDefinition(definition));
    } catch (error) {
      if (Reflect.get(Object(error), "code") !== "DEFINITION_CHANGED") throw error;
      changed.push({ workflow, version, message: (error as Error).message });
    }
  }
  return changed;
}

const openStatuses: ReadonlySet<string> = new Set(["pending", "running", "waiting", "paused"]);

/** How many instances have not ended and lack their definition, by its name and version. */
export function findMissingDefinitions(
  registry: WorkflowRegistry,
  counts: readonly InstanceCount[],
): ReadonlyMap<string, number> {
  const known = new Set(
    registry.listDefinitions().map(({ name, version }) => `${name} ${version}`),
  );
  const missing = new Map<string, number>();
  for (const { workflow, version, status, count } of counts) {
    const name = `${workflow} ${version}`;
    if (openStatuses.has(status) && !known.has(name)) {
      missing.set(name, (missing.get(name) ?? 0) + count);
    }
  }
  return missing;
}
