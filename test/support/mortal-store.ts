import { type Commit, type MaybePromise, MemoryStore } from "tandem-workflows";

/**
 * A store in a process that dies: after so many commits nothing is kept and nothing is answered any
 * more. What was kept until then can be taken over by another engine.
 */
export class MortalStore extends MemoryStore {
  commits = 0;
  /** Dies instead of making this commit. */
  diesAt = Number.POSITIVE_INFINITY;

  readonly #ids = new Set<string>();

  override commit(commit: Commit): MaybePromise<readonly string[]> {
    if (this.commits >= this.diesAt) return new Promise(() => {});
    this.commits++;
    for (const { instanceId } of commit.changes) this.#ids.add(instanceId);
    return super.commit(commit);
  }

  /** The ids of the instances that have not ended. */
  async listUnfinished(): Promise<string[]> {
    const stored = await this.load([...this.#ids]);
    return stored
      .map(({ rows }) => rows.instance)
      .filter(({ endedAt }) => endedAt === undefined)
      .map(({ id }) => id);
  }
}
