import type { Logger } from "../definition/context.ts";
import type { Clock } from "../engine/clock.ts";
import { InvalidOptionError } from "../errors.ts";
import type { DashboardOptions } from "./dashboard-files.ts";
import type { Authorize } from "./permission.ts";
import type { Authenticate } from "./principal.ts";
import type { WebhookSignatureOptions } from "./webhook-signature.ts";

export interface HttpOptions {
  /** Says who sends a request. Without it, everything is refused. */
  readonly authenticate?: Authenticate;
  /** Decides before the defaults do who may do what. */
  readonly authorize?: Authorize;
  /**
   * Without `authenticate`, answers requests of this machine to itself, as an administrator. Never
   * where others can reach the server.
   */
  readonly development?: boolean;
  /** The whole path below which the API stands, as a browser sees it: "/api" unless told. */
  readonly basePath?: string;
  /** Origins, such as "https://example.org", whose pages may change something besides our own. */
  readonly allowedOrigins?: readonly string[];
  /** The greatest body that is read: 1 MiB unless told. */
  readonly maxBodyBytes?: number;
  /** How deep objects and lists may stand in each other in a body: 64 unless told. */
  readonly maxJsonDepth?: number;
  /** Asks for a signature on callbacks to webhook steps, besides their token. */
  readonly webhookSignature?: WebhookSignatureOptions;
  /**
   * Serves the dashboard below `basePath`/dashboard/. Its files hold nobody's data; whatever it
   * shows, it asks this handler for.
   */
  readonly dashboard?: boolean | DashboardOptions;
  /** By which way requests come in, as the history tells it: "http" unless told. */
  readonly through?: string;
  readonly logger?: Logger;
  readonly clock?: Clock;
}

/** @throws InvalidOptionError */
export function checkHttpOptions(options: HttpOptions): void {
  const { basePath = "/api", maxBodyBytes = 1, maxJsonDepth = 1 } = options;
  if (!/^(?:\/[\w.~-]+)*$/.test(basePath)) {
    throw new InvalidOptionError(
      `basePath is ${JSON.stringify(basePath)}; it is a path such as "/api", without a slash at ` +
        "its end.",
    );
  }
  for (const [name, value] of Object.entries({ maxBodyBytes, maxJsonDepth })) {
    if (Number.isInteger(value) && value >= 1) continue;
    throw new InvalidOptionError(`${name} is ${value}; it must be a whole number of at least 1.`);
  }
}
