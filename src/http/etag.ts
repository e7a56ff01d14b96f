import { createHash } from "node:crypto";
import { PreconditionFailedError } from "../errors.ts";

/** A strong ETag of what is answered: the same text, the same tag. */
export function etagOfText(text: string): string {
  return `"${createHash("sha256").update(text).digest("base64url").slice(0, 27)}"`;
}

/** Whether a header lists this tag; `W/` is passed over, as RFC 9110 says. */
export function listsTag(header: string, etag: string): boolean {
  if (header.trim() === "*") return true;
  return header.split(",").some((each) => each.trim().replace(/^W\//, "") === etag);
}

/** @throws PreconditionFailedError */
export function refuseUnlessMatching(header: string, etag: string): void {
  const isMatching = !/^\s*W\//.test(header) && listsTag(header, etag);
  if (isMatching) return;
  throw new PreconditionFailedError(
    "It has changed since it was read; read it again and decide anew.",
  );
}
