import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { InvalidTokenError, StepNotActiveError } from "../errors.ts";
import { isLive } from "../machine/index.ts";
import type { MaybePromise, Store } from "../store/store.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";

/** The secret of a store's tokens: made once, and then the same for all engines on it. */
export function keptSecret(store: Store): MaybePromise<string> {
  return store.keepSetting("webhook_secret", randomBytes(32).toString("base64url"));
}

/**
 * One-time callback tokens. A token names its execution and is signed with the engine's secret, so
 * nothing about it needs to be stored; that it works once is the machine's rule.
 */
export class WebhookTokens {
  readonly #secret: string;

  constructor(secret: string) {
    this.#secret = secret;
  }

  issue(instanceId: string, executionId: number): string {
    const subject = Buffer.from(`${executionId}:${instanceId}`).toString("base64url");
    return `${subject}.${this.sign(subject)}`;
  }

  /** @throws InvalidTokenError if the token was not issued with this secret. */
  read(token: string): { instanceId: string; executionId: number } {
    const [subject = "", signature = "", ...rest] = String(token).split(".");
    const given = Buffer.from(signature, "base64url");
    const expected = this.#sign(subject);
    const isGenuine =
      rest.length === 0 && given.length === expected.length && timingSafeEqual(given, expected);
    if (!isGenuine) {
      throw new InvalidTokenError("The webhook token is not one that this engine issued.");
    }
    const text = Buffer.from(subject, "base64url").toString();
    const colon = text.indexOf(":");
    return { executionId: Number(text.slice(0, colon)), instanceId: text.slice(colon + 1) };
  }

  /** The signature of a text; what is no webhook token says in its text what it is. */
  sign(text: string): string {
    return this.#sign(text).toString("base64url");
  }

  #sign(subject: string): Buffer {
    return createHmac("sha256", this.#secret).update(subject).digest();
  }
}

/**
 * The token of the webhook step of this path.
 *
 * @throws StepNotActiveError
 */
export function tokenOf({ id, state }: InstanceRuntime, path: string, all: WebhookTokens): string {
  const execution = state.executions.findLast(
    (each) => each.path === path && isLive(each.status) && state.node(each).kind === "webhook",
  );
  if (execution !== undefined) return all.issue(id, execution.id);
  throw new StepNotActiveError(`No webhook step "${path}" of instance "${id}" waits.`);
}
