import { BodyTooLargeError, InvalidRequestError, UnsupportedMediaTypeError } from "../errors.ts";

export interface BodyLimits {
  readonly maxBodyBytes: number;
  readonly maxJsonDepth: number;
}

/** The text of a body, read no further than the limit; undefined if there is none. */
export async function readText(request: Request, maxBytes: number): Promise<string | undefined> {
  refuseEncoding(request);
  const announced = Number(request.headers.get("content-length") ?? 0);
  if (announced > maxBytes) throw tooLarge(maxBytes);
  const bytes = await readBytes(request, maxBytes);
  if (bytes.byteLength === 0) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(bytes);
  } catch {
    throw new InvalidRequestError("The body is not UTF-8; send JSON in UTF-8.", []);
  }
}

/**
 * The JSON value of a body; undefined if there is none. A key `__proto__` is a key like others.
 *
 * @throws UnsupportedMediaTypeError, BodyTooLargeError, InvalidRequestError
 */
export async function readJson(
  request: Request,
  { maxBodyBytes, maxJsonDepth }: BodyLimits,
): Promise<unknown> {
  const text = await readText(request, maxBodyBytes);
  if (text === undefined || text.trim() === "") return undefined;
  refuseMediaType(request);
  return parseJson(text, maxJsonDepth);
}

export function parseJson(text: string, maxDepth: number): unknown {
  // Looked at before it is parsed: what works on the value may recurse.
  if (depthOf(text) > maxDepth) {
    throw new InvalidRequestError(
      `The body has more than ${maxDepth} levels of objects and lists; flatten it.`,
      [],
    );
  }
  try {
    return JSON.parse(text);
  } catch {
    throw new InvalidRequestError("The body is not JSON.", []);
  }
}

async function readBytes(request: Request, maxBytes: number): Promise<Uint8Array> {
  if (request.body === null) return new Uint8Array();
  // What announces its length is cut off by the server at this length.
  if (request.headers.has("content-length")) {
    const all = new Uint8Array(await request.arrayBuffer());
    if (all.byteLength > maxBytes) throw tooLarge(maxBytes);
    return all;
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = request.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > maxBytes) {
      await reader.cancel();
      throw tooLarge(maxBytes);
    }
    chunks.push(value);
  }
  return Buffer.concat(chunks, size);
}

function tooLarge(maxBytes: number): BodyTooLargeError {
  return new BodyTooLargeError(`The body is larger than ${maxBytes} bytes, which is the limit.`);
}

function refuseEncoding(request: Request): void {
  const encoding = request.headers.get("content-encoding");
  if (encoding === null || encoding.toLowerCase() === "identity") return;
  throw new UnsupportedMediaTypeError(
    `The body is encoded as ${JSON.stringify(encoding)}; send it without content-encoding.`,
  );
}

function refuseMediaType(request: Request): void {
  const given = request.headers.get("content-type") ?? "";
  const [type = "", ...parameters] = given.toLowerCase().split(";");
  const isJson = /^application\/(?:json|[\w.-]+\+json)$/.test(type.trim());
  const charset = parameters.find((each) => each.trim().startsWith("charset="));
  const isUtf8 = charset === undefined || /^charset="?utf-?8"?$/.test(charset.trim());
  if (isJson && isUtf8) return;
  throw new UnsupportedMediaTypeError(
    `The body's content-type is ${JSON.stringify(given)}; send application/json in UTF-8.`,
  );
}

/** How deep objects and lists stand in each other, without parsing. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isString = false;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (isString) {
      if (char === 0x5c) index++;
      else if (char === 0x22) isString = false;
    } else if (char === 0x22) {
      isString = true;
    } else if (char === 0x7b || char === 0x5b) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (char === 0x7d || char === 0x5d) {
      depth--;
    }
  }
  return deepest;
}
