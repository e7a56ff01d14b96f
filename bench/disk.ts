/** Temporary folders whose files are on a disk: in memory a sync costs nothing, and says nothing. */
import { mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Afterwards } from "./figure.ts";

/** What Linux says of file systems in memory: tmpfs and ramfs. */
const IN_MEMORY: ReadonlySet<number> = new Set([0x01021994, 0x858458f6]);

/** The first of the usual places that is on a disk. */
export function folderOnDisk(): string {
  const places = [tmpdir(), "/var/tmp", import.meta.dirname];
  return places.find(isOnDisk) ?? import.meta.dirname;
}

/** A new folder, removed afterwards. */
export function temporaryFolder(afterwards: Afterwards): string {
  const folder = mkdtempSync(join(tmpdir(), "tandem-bench-"));
  afterwards(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function isOnDisk(folder: string): boolean {
  try {
    return !IN_MEMORY.has(statfsSync(folder).type);
  } catch {
    return false;
  }
}
