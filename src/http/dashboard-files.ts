import { existsSync, readdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { InvalidOptionError } from "../errors.ts";
import { etagOfText, listsTag } from "./etag.ts";

/** How the dashboard looks, and where its people sign in. */
export interface DashboardOptions {
  /** Its name: "Tandem" unless told. */
  readonly title?: string;
  /** The address of an image on this server, such as "/logo.svg". */
  readonly logoUrl?: string;
  /** A page to sign in at; it is given the address to come back to as `returnTo`. */
  readonly signInUrl?: string;
  /** Custom properties that replace the dashboard's own, such as `accent: "#0a6b5c"`. */
  readonly theme?: Readonly<Record<string, string>>;
}

/**
 * Nothing runs and nothing is loaded that this server did not send as a file: no inline scripts or
 * styles, no `eval`, nothing from other hosts.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join("; ");

const mediaTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".md": "text/markdown; charset=utf-8",
  ".svg": "image/svg+xml",
};

interface File {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly zipped: Uint8Array<ArrayBuffer>;
  readonly etag: string;
}

const zip = promisify(gzip);

/** The built files of the dashboard, below `basePath`/dashboard/. They hold nobody's data. */
export class DashboardFiles {
  readonly #folder: URL;
  readonly #prefix: string;
  readonly #config: string;
  /** What may be asked for; whatever else stands in the folder or above it is out of reach. */
  readonly #names: ReadonlySet<string>;
  readonly #files = new Map<string, Promise<File>>();

  /** @throws InvalidOptionError if there are no built files, or an option is not right. */
  constructor(basePath: string, options: DashboardOptions) {
    checkDashboardOptions(options);
    this.#folder = findFolder();
    this.#prefix = `${basePath}/dashboard`;
    this.#config = JSON.stringify({ ...options, apiUrl: ".." });
    const assets = readdirSync(new URL("assets/", this.#folder)).map((name) => `assets/${name}`);
    const names = [...readdirSync(this.#folder), ...assets];
    this.#names = new Set(names.filter((name) => extname(name) in mediaTypes));
  }

  /** Undefined for what is not the dashboard's. */
  async answer(request: Request, url: URL): Promise<Response | undefined> {
    const { pathname } = url;
    if (request.method !== "GET" && request.method !== "HEAD") return undefined;
    if (pathname === this.#prefix) {
      // Relative, as behind a proxy nobody here knows the whole path.
      const name = pathname.slice(pathname.lastIndexOf("/") + 1);
      return new Response(null, { status: 308, headers: { location: `./${name}/` } });
    }
    if (!pathname.startsWith(`${this.#prefix}/`)) return undefined;
    const name = pathname.slice(this.#prefix.length + 1) || "index.html";
    if (!this.#names.has(name)) return undefined;
    return respond(request, name, await this.#file(name));
  }

  #file(name: string): Promise<File> {
    let file = this.#files.get(name);
    if (file === undefined) {
      file = this.#read(name);
      this.#files.set(name, file);
      // What could not be read once may be there the next time.
      file.catch(() => this.#files.delete(name));
    }
    return file;
  }

  async #read(name: string): Promise<File> {
    let bytes = new Uint8Array(await readFile(new URL(name, this.#folder)));
    if (name === "index.html") {
      const page = new TextDecoder().decode(bytes);
      const content = escapeAttribute(this.#config);
      const told = page.replace('content="{}"', () => `content="${content}"`);
      bytes = new TextEncoder().encode(told);
    }
    const zipped = new Uint8Array(await zip(bytes));
    const etag = etagOfText(new TextDecoder("latin1").decode(bytes));
    return { bytes, zipped, etag };
  }
}

function respond(request: Request, name: string, { bytes, zipped, etag }: File): Response {
  const isAsset = name.startsWith("assets/");
  const headers: Record<string, string> = {
    "content-type": mediaTypes[extname(name)] ?? "application/octet-stream",
    // Assets have their content's hash in their names.
    "cache-control": isAsset ? "public, max-age=31536000, immutable" : "no-cache",
    "content-security-policy": policy,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    vary: "accept-encoding",
    etag,
  };
  const known = request.headers.get("if-none-match");
  if (known !== null && listsTag(known, etag)) return new Response(null, { status: 304, headers });
  const takesZipped = /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");
  if (!takesZipped) return new Response(bytes, { headers });
  return new Response(zipped, { headers: { ...headers, "content-encoding": "gzip" } });
}

/** Beside this file in the built package; in `dist/` where the sources themselves are run. */
function findFolder(): URL {
  const folders = ["../dashboard/", "../../dist/dashboard/"].map(
    (path) => new URL(path, import.meta.url),
  );
  const folder = folders.find((each) => existsSync(new URL("index.html", each)));
  if (folder !== undefined) return folder;
  throw new InvalidOptionError(
    "dashboard is set, and its built files are missing; `npm run build` makes them.",
  );
}

function checkDashboardOptions({ title, logoUrl, signInUrl, theme }: DashboardOptions): void {
  for (const [name, value] of Object.entries({ title, logoUrl, signInUrl })) {
    if (value === undefined || (typeof value === "string" && value !== "")) continue;
    throw new InvalidOptionError(`dashboard.${name} must be a text that is not empty.`);
  }
  if (logoUrl !== undefined && !/^\.{0,2}\/(?!\/)/.test(logoUrl)) {
    throw new InvalidOptionError(
      `dashboard.logoUrl is ${JSON.stringify(logoUrl)}; it must be an address on this server, ` +
        'such as "/logo.svg", since the page loads nothing from others.',
    );
  }
  for (const [name, value] of Object.entries(theme ?? {})) {
    if (/^[a-z][a-z0-9-]*$/.test(name) && typeof value === "string") continue;
    throw new InvalidOptionError(
      `dashboard.theme has ${JSON.stringify(name)}: names are those of custom properties without ` +
        'the dashes before them, such as "accent", and values are texts.',
    );
  }
}

function escapeAttribute(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
}
