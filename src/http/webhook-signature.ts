import { createHmac, timingSafeEqual } from "node:crypto";
import { InvalidOptionError, InvalidSignatureError } from "../errors.ts";

/** How callbacks are signed: as "Standard Webhooks" has it, with HMAC-SHA256. */
export interface WebhookSignatureOptions {
  /**
   * Secrets that senders may use, in base64, with `whsec_` before them or not. Several, while one
   * takes the place of another.
   */
  readonly secrets: readonly string[];
  /** How old or early a signature may be: 300 unless told. */
  readonly toleranceSeconds?: number;
}

const shortestSecretBytes = 16;

/** Checks the headers `webhook-id`, `webhook-timestamp` and `webhook-signature`. */
export class WebhookSignatures {
  readonly #keys: readonly Buffer[];
  readonly #toleranceSeconds: number;

  /** @throws InvalidOptionError */
  constructor({ secrets, toleranceSeconds = 300 }: WebhookSignatureOptions) {
    this.#keys = secrets.map((secret) => Buffer.from(secret.replace(/^whsec_/, ""), "base64"));
    this.#toleranceSeconds = toleranceSeconds;
    if (this.#keys.length > 0 && this.#keys.every((key) => key.length >= shortestSecretBytes))
      return;
    throw new InvalidOptionError(
      `webhookSignature needs secrets of at least ${shortestSecretBytes} bytes, in base64.`,
    );
  }

  /** @throws InvalidSignatureError */
  check(headers: Headers, body: string, now: number): void {
    const id = headers.get("webhook-id");
    const timestamp = headers.get("webhook-timestamp");
    const given = headers.get("webhook-signature");
    if (id === null || timestamp === null || given === null) {
      throw new InvalidSignatureError(
        "The callback is not signed: it needs webhook-id, webhook-timestamp and webhook-signature.",
      );
    }
    const isMoment = /^\d{1,12}$/.test(timestamp);
    const seconds = Math.abs(Number(timestamp) - now / 1000);
    if (!isMoment || seconds > this.#toleranceSeconds) {
      throw new InvalidSignatureError(
        `The callback was not signed within ${this.#toleranceSeconds} seconds of now.`,
      );
    }
    if (this.#isSigned(`${id}.${timestamp}.${body}`, given)) return;
    throw new InvalidSignatureError(
      "No signature of the callback was made with a secret known here.",
    );
  }

  #isSigned(content: string, header: string): boolean {
    const given = header
      .split(" ", 10)
      .filter((each) => each.startsWith("v1,"))
      .map((each) => Buffer.from(each.slice(3), "base64"));
    return this.#keys.some((key) => {
      const expected = createHmac("sha256", key).update(content).digest();
      return given.some(
        (each) => each.length === expected.length && timingSafeEqual(each, expected),
      );
    });
  }
}
