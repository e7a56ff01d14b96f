/** What was typed and not sent, kept in this browser until it is sent or a month has passed. */

const prefix = "tandem-draft:";
const longest = 30 * 24 * 60 * 60 * 1000;

export function readDraft(key: string | undefined): unknown {
  if (key === undefined) return undefined;
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(prefix + key) ?? "null");
    if (typeof kept === "object" && kept !== null && "value" in kept) return kept.value;
  } catch {
    // A browser that keeps nothing has no drafts.
  }
  return undefined;
}

export function saveDraft(key: string | undefined, value: unknown): void {
  if (key === undefined) return;
  try {
    localStorage.setItem(prefix + key, JSON.stringify({ at: Date.now(), value }));
  } catch {
    // Storage that is full or forbidden costs the draft, not the form.
  }
}

export function dropDraft(key: string | undefined): void {
  if (key === undefined) return;
  try {
    localStorage.removeItem(prefix + key);
  } catch {
    // There was none.
  }
}

/** Drafts of tasks that were never sent do not stay for ever. */
export function dropOldDrafts(now: number): void {
  try {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(prefix)) continue;
      const kept: unknown = JSON.parse(localStorage.getItem(key) ?? "null");
      const at = typeof kept === "object" && kept !== null && "at" in kept ? Number(kept.at) : 0;
      if (!(now - at < longest)) localStorage.removeItem(key);
    }
  } catch {
    // Nothing is kept here.
  }
}
