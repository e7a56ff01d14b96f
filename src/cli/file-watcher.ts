import { existsSync, type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";

/** Editors write a file in several steps. */
const settledAfterMs = 100;

/**
 * Calls back when one of some files has changed. Their folders are watched, as many editors replace
 * a file by another.
 */
export class FileWatcher {
  readonly #changed: () => void;
  readonly #folders = new Map<string, FSWatcher>();
  #files: ReadonlySet<string> = new Set();
  #timer: NodeJS.Timeout | undefined;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  watch(files: readonly string[]): void {
    this.#files = new Set(files);
    const folders = new Set(files.map((file) => dirname(file)));
    for (const [folder, watcher] of this.#folders) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#folders.delete(folder);
    }
    for (const folder of folders) if (!this.#folders.has(folder)) this.#open(folder);
  }

  #open(folder: string): void {
    if (!existsSync(folder)) return;
    const watcher = watch(folder, (_event, name) => {
      const isMeant = [...this.#files].some(
        (file) => dirname(file) === folder && (name === null || basename(file) === name),
      );
      if (isMeant) this.#changedSoon();
    });
    // A folder that is gone tells nothing any more.
    watcher.on("error", () => watcher.close());
    this.#folders.set(folder, watcher);
  }

  #changedSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#changed, settledAfterMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const watcher of this.#folders.values()) watcher.close();
    this.#folders.clear();
  }
}
