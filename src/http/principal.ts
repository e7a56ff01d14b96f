import { InternalError, UnauthenticatedError } from "../errors.ts";

/** Who asks, as the application knows them. */
export interface Principal {
  /** Whom tasks are assigned to, and who is written into the history. */
  readonly user?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  /**
   * Nothing of other tenants is shown to them or changed by them. Without a tenant, administrators
   * see all tenants, and others only what belongs to none.
   */
  readonly tenant?: string | undefined;
  /** With "admin" among them, an administrator. */
  readonly roles?: readonly string[] | undefined;
}

/** Says who sends a request; undefined for nobody. */
export type Authenticate = (
  request: Request,
) => Principal | undefined | Promise<Principal | undefined>;

export function isAdmin({ roles }: Principal): boolean {
  return roles?.includes("admin") === true;
}

/** What is known of a request's connection. */
export interface Connection {
  readonly remoteAddress?: string | undefined;
}

/** Whoever works on the machine itself, where no application says who asks. */
export const developer: Principal = { user: "developer", roles: ["admin"] };

const forwardedHeaders = ["forwarded", "x-forwarded-for", "x-real-ip"] as const;

/**
 * Lets requests pass that come from this machine and are meant for it. The name that was asked for
 * counts too, since a foreign page can lead its own name to this machine.
 *
 * @throws UnauthenticatedError
 */
export function refuseUnlessLocal(request: Request, url: URL, connection: Connection): void {
  const { remoteAddress } = connection;
  const isFromHere = remoteAddress === undefined || isLoopback(remoteAddress);
  const isForwarded = forwardedHeaders.some((name) => request.headers.has(name));
  if (isFromHere && !isForwarded && isLoopbackName(url.hostname)) return;
  throw new UnauthenticatedError(
    "Nothing says who asks: without `authenticate`, only this machine itself is answered, " +
      "in development.",
  );
}

function isLoopback(address: string): boolean {
  return /^(?:::ffff:)?127\./.test(address) || address === "::1";
}

function isLoopbackName(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(?:\.\d+){3}$/.test(hostname);
}

/**
 * What `authenticate` gave, if it is what it should be: a text where a list belongs must not make
 * an administrator of anybody.
 *
 * @throws InternalError
 */
export function checkPrincipal(principal: Principal): Principal {
  const { user, tenant, groups, roles } = principal;
  const isText = (value: unknown) => typeof value === "string" && value !== "";
  const isList = (value: unknown) => Array.isArray(value) && value.every(isText);
  const isRight =
    (user === undefined || isText(user)) &&
    (tenant === undefined || isText(tenant)) &&
    (groups === undefined || isList(groups)) &&
    (roles === undefined || isList(roles));
  if (isRight) return principal;
  throw new InternalError(
    "authenticate gave something else than { user, groups, tenant, roles }: user and tenant are " +
      "texts that are not empty, groups and roles lists of such texts, and each may be left out.",
  );
}
