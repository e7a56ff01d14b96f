import type { Store } from "tandem-workflows";

/**
 * What one process has of a shared store. When the process is dead its calls are never answered;
 * while it is frozen they wait.
 */
export class Connection {
  readonly store: Store;
  #isDead = false;
  #thawed: Promise<void> | undefined;
  #thaw: () => void = () => {};

  constructor(shared: Store) {
    this.store = new Proxy(shared, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name);
        if (typeof member !== "function") return member;
        return (...given: unknown[]) => this.#call(() => member.apply(target, given));
      },
    });
  }

  async #call(carryOut: () => unknown): Promise<unknown> {
    if (this.#isDead) return new Promise(() => {});
    await this.#thawed;
    return carryOut();
  }

  die(): void {
    this.#isDead = true;
  }

  freeze(): void {
    this.#thawed = new Promise((resolve) => {
      this.#thaw = resolve;
    });
  }

  thaw(): void {
    this.#thaw();
    this.#thawed = undefined;
  }
}
