import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { InvalidArgumentError, InvalidTokenError, TokenUsedError } from "../errors.ts";
import type { Store } from "../store/store.ts";
import { checkTexts } from "../text.ts";
import type { Clock } from "./clock.ts";
import type { EngineCore } from "./engine-core.ts";

/** What a link lets somebody decide, without signing in. */
export interface DecisionLink {
  readonly taskId: string;
  /** Who decides, as if they had signed in. */
  readonly userId: string;
  /** Their groups, as they were when the link was made. */
  readonly groups: readonly string[];
  /** Until when, in milliseconds since the epoch. */
  readonly expiresAt: number;
}

interface LinkParts {
  readonly core: EngineCore;
  readonly store: Store;
  readonly clock: Clock;
}

const weekMs = 7 * 24 * 60 * 60 * 1000;

/** Names the setting that says what became of a token, which itself is kept nowhere. */
const settingOf = (token: string) =>
  `decision_link/${createHash("sha256").update(token).digest("base64url")}`;

/**
 * Tokens for links in messages to people. A token names one task and one person, works once, ends
 * at a date, and is signed. The store keeps only its hash: who reads the store cannot decide.
 */
export class DecisionLinks {
  readonly #core: EngineCore;
  readonly #store: Store;
  readonly #clock: Clock;

  constructor({ core, store, clock }: LinkParts) {
    this.#core = core;
    this.#store = store;
    this.#clock = clock;
  }

  /**
   * A new token; valid for a week unless told. Whether the person may decide is judged when they
   * do.
   *
   * @throws InvalidArgumentError
   */
  async issue(options: {
    readonly taskId: string;
    readonly userId: string;
    /** The groups of the user, as the application knows them. */
    readonly groups?: readonly string[];
    readonly validForMs?: number;
  }): Promise<string> {
    const { taskId, userId, groups = [], validForMs = weekMs } = options;
    checkTexts({ taskId, userId, ...groups });
    if (!Number.isSafeInteger(validForMs) || validForMs < 1) {
      throw new InvalidArgumentError(
        `validForMs is ${String(validForMs)}; it must be a whole number of at least 1.`,
      );
    }
    const expiresAt = this.#clock.now() + validForMs;
    const nonce = randomBytes(16).toString("base64url");
    const subject = toText([taskId, userId, groups, expiresAt, nonce]);
    const token = `${subject}.${await this.#sign(subject)}`;
    await this.#store.keepSetting(settingOf(token), "issued");
    return token;
  }

  /**
   * What a token is for. Reading it changes nothing.
   *
   * @throws InvalidTokenError if it was not issued here or is too old, TokenUsedError
   */
  async read(token: string): Promise<DecisionLink> {
    const [subject = "", signature = "", ...rest] = String(token).split(".");
    const given = Buffer.from(signature);
    const expected = Buffer.from(await this.#sign(subject));
    const isGenuine =
      rest.length === 0 && given.length === expected.length && timingSafeEqual(given, expected);
    if (!isGenuine) throw new InvalidTokenError("The link is not one that was issued here.");
    const [taskId, userId, groups, expiresAt] = fromText(subject);
    if (this.#clock.now() >= expiresAt) throw new InvalidTokenError("The link has expired.");
    // A token that nobody issued, though its signature is right, is made useless by asking.
    const state = await this.#store.keepSetting(settingOf(token), "unknown");
    if (state === "used") throw new TokenUsedError("The link was used already.");
    if (state !== "issued")
      throw new InvalidTokenError("The link is not one that was issued here.");
    return { taskId, userId, groups, expiresAt };
  }

  /**
   * Runs a decision with a token that nobody else can use meanwhile or afterwards. If the decision
   * is refused, the token can be used again.
   *
   * @throws as `read`, and what the decision throws.
   */
  async use<Result>(
    token: string,
    decide: (link: DecisionLink) => Promise<Result>,
  ): Promise<Result> {
    const link = await this.read(token);
    const mine = `using ${randomBytes(16).toString("base64url")}`;
    const kept = await this.#store.keepSetting(settingOf(token), mine, "issued");
    if (kept !== mine) throw new TokenUsedError("The link was used already.");
    try {
      const result = await decide(link);
      await this.#store.keepSetting(settingOf(token), "used", mine);
      return result;
    } catch (error) {
      await this.#store.keepSetting(settingOf(token), "issued", mine);
      throw error;
    }
  }

  /** Not the signature of anything else that is made with the same secret. */
  async #sign(subject: string): Promise<string> {
    await this.#core.start();
    return this.#core.tokens.sign(`decision:${subject}`);
  }
}

type Subject = readonly [
  taskId: string,
  userId: string,
  groups: readonly string[],
  expiresAt: number,
  nonce: string,
];

function toText(subject: Subject): string {
  return Buffer.from(JSON.stringify(subject)).toString("base64url");
}

/** Only what was signed here is read. */
function fromText(text: string): Subject {
  return JSON.parse(Buffer.from(text, "base64url").toString()) as Subject;
}
