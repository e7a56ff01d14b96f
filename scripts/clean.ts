/** Removes the generated folders named on the command line, so that a build starts from nothing. */
import { rmSync } from "node:fs";
import { dirname, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

for (const name of process.argv.slice(2)) {
  const folder = resolve(root, name);
  if (dirname(folder) !== root) {
    process.stderr.write(`clean: "${name}" is not a folder of the repository's root.\n`);
    process.exit(1);
  }
  rmSync(folder, { recursive: true, force: true });
}
