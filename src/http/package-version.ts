import { readFileSync } from "node:fs";

let known: string | undefined;

/** The version of this package; "0.0.0" where a bundler has left its description behind. */
export function packageVersion(): string {
  known ??= read();
  return known;
}

function read(): string {
  try {
    const text = readFileSync(new URL("../../package.json", import.meta.url), "utf8");
    return (JSON.parse(text) as { version: string }).version;
  } catch {
    return "0.0.0";
  }
}
