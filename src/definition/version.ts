import semver from "semver";

/** Whether a value is a semantic version as it is written in full: no `v`, no space, no range. */
export function isVersion(value: unknown): value is string {
  return typeof value === "string" && /^\d\S*$/.test(value) && semver.valid(value) !== null;
}

/** Finishes a message about a value that is none. */
export const versionRule = 'it must be a semantic version such as "1.0.0"';
