import type { Request } from "./driver.ts";

/**
 * Instances that transactions of the application have changed and not ended. What else is asked of
 * them here waits, so that no commit has to wait for the application in the database.
 */
export class OpenTransactions {
  readonly #byInstance = new Map<string, { count: number; waiting: Request[] }>();

  has(instanceId: string): boolean {
    return this.#byInstance.size > 0 && this.#byInstance.has(instanceId);
  }

  begin(instanceId: string): void {
    const known = this.#byInstance.get(instanceId);
    if (known === undefined) this.#byInstance.set(instanceId, { count: 1, waiting: [] });
    else known.count++;
  }

  /** Gives what has waited, if no other transaction has changed the instance. */
  end(instanceId: string): readonly Request[] {
    const known = this.#byInstance.get(instanceId);
    if (known === undefined || --known.count > 0) return [];
    this.#byInstance.delete(instanceId);
    return known.waiting;
  }

  /** Whether the request has to wait; it is given back at the end of the transaction. */
  holds(request: Request): boolean {
    if (this.#byInstance.size === 0) return false;
    const known = this.#byInstance.get(request.runtime.id);
    // The database itself decides who was first to start an instance.
    if (known === undefined || !request.runtime.isStored) return false;
    known.waiting.push(request);
    return true;
  }

  /** Gives everything that waits. */
  clear(): readonly Request[] {
    const waiting = [...this.#byInstance.values()].flatMap((each) => each.waiting);
    this.#byInstance.clear();
    return waiting;
  }
}
