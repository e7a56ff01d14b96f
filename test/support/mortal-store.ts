import { type Change, MemoryStore } from "tandem-workflows";

/**
 * A store in a process that dies: after so many commits nothing is kept and nothing is answered any
 * more. What was kept until then can be taken over by another engine.
 */
export class MortalStore extends MemoryStore {
  commits = 0;
  /** Dies instead of making this commit. */
  diesAt = Number.POSITIVE_INFINITY;

  override commit(changes: readonly Change[]): void | Promise<void> {
    if (this.commits >= this.diesAt) return new Promise(() => {});
    this.commits++;
    return super.commit(changes);
  }
}
