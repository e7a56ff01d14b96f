/** What every example does: starts its workflow on an engine of its own, which is closed at the end. */
import {
  type AnyDefinition,
  type EngineOptions,
  LocalExecutionEngine,
  type WorkflowInstance,
  WorkflowRegistry,
} from "tandem-workflows";

/**
 * @param go what happens: people answer, time passes, operators step in.
 * @param definitions those that are started by their name.
 */
export async function withEngine<Result>(
  go: (engine: LocalExecutionEngine) => Promise<Result>,
  options: EngineOptions = {},
  definitions: readonly AnyDefinition[] = [],
): Promise<Result> {
  const registry = new WorkflowRegistry();
  for (const definition of definitions) registry.registerDefinition(definition);
  const engine = new LocalExecutionEngine(registry, options);
  try {
    return await go(engine);
  } finally {
    await engine.close();
  }
}

/** Starts a workflow and gives it when it has ended, or waits for somebody or something. */
export function runWorkflow(
  workflow: AnyDefinition,
  initialData: Readonly<Record<string, unknown>> = {},
): Promise<WorkflowInstance> {
  return withEngine((engine) => engine.startWorkflow(workflow, { initialData }));
}
