import type { Change } from "../store.ts";

/** What a store knows of an instance that it has started and that is still owned. */
interface Known {
  version: number;
  highestId: number;
}

/**
 * Knows which executions of a change are new, so that nothing has to be looked up for them: half of
 * what is written while steps run. It cannot be wrong about a change that is kept: whoever else
 * writes to an instance raises its version.
 */
export class KnownExecutions {
  readonly #instances = new Map<string, Known>();

  /** Executions of the change with this id or a higher one are new; infinity if it is not known. */
  firstNewId({ instanceId, expectedVersion }: Change): number {
    if (expectedVersion === 0) return 1;
    const known = this.#instances.get(instanceId);
    return known?.version === expectedVersion ? known.highestId + 1 : Number.POSITIVE_INFINITY;
  }

  kept({ instanceId, expectedVersion, owner, executions }: Change): void {
    let known = this.#instances.get(instanceId);
    if (owner === undefined) {
      if (known !== undefined) this.#instances.delete(instanceId);
      return;
    }
    if (expectedVersion === 0) {
      known = { version: 0, highestId: 0 };
      this.#instances.set(instanceId, known);
    }
    if (known === undefined || known.version !== expectedVersion) return;
    known.version++;
    for (const { id } of executions) if (id > known.highestId) known.highestId = id;
  }

  /** The change was refused, or it is not known whether it was kept. */
  forget({ instanceId }: Change): void {
    this.#instances.delete(instanceId);
  }
}
