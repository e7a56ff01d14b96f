import { CrossSiteError } from "../errors.ts";

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * A browser sends cookies along with what pages of other sites make it send. Refused is therefore
 * whatever changes something and says, in headers that pages cannot set, that it comes from another
 * origin. Programs send neither header, and no cookie that somebody else's page could use.
 *
 * @throws CrossSiteError
 */
export function refuseCrossSite(
  request: Request,
  url: URL,
  allowedOrigins: ReadonlySet<string>,
): void {
  if (safeMethods.has(request.method)) return;
  const origin = request.headers.get("origin");
  if (origin !== null && allowedOrigins.has(origin)) return;
  const site = request.headers.get("sec-fetch-site");
  if (site === "same-origin" || site === "none") return;
  if (site === null && (origin === null || hostOf(origin) === url.host)) return;
  throw new CrossSiteError(
    `The request comes from ${origin ?? "another site"}; only pages of ${url.host} may send it. ` +
      "Name further origins in allowedOrigins.",
  );
}

/** Not the scheme: behind a proxy that ends TLS, the server sees another one than the browser. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
