import type { EpochMs } from "../machine/index.ts";
import type { Answer, Mail, Message } from "../store/store.ts";
import type { Letter, Outcome } from "./letters.ts";
import { errorOfOutcome } from "./rejections.ts";

export interface MailHost {
  readonly workerId: string;
  now(): EpochMs;
  createId(): string;
  /** Writes messages that belong to no change of this process. */
  post(messages: readonly Message[]): Promise<void>;
  carryOut(message: Message): void;
}

type Done = (error?: unknown) => void;

/** Messages to this worker are carried out once; answers to its own reach those who wait for them. */
export class Mailroom {
  readonly #host: MailHost;
  /** Messages that are being carried out. */
  readonly #inHand = new Set<string>();
  readonly #awaited = new Map<string, Done>();
  #dismissed: string[] = [];

  constructor(host: MailHost) {
    this.#host = host;
  }

  /** Hands a command over to the worker that owns its instance. */
  async forward(
    instanceId: string,
    owner: string,
    letter: Letter,
    message: Message | undefined,
    done: Done | undefined,
  ): Promise<void> {
    const { workerId } = this.#host;
    const handedOn: Message = {
      id: message?.id ?? this.#host.createId(),
      instanceId,
      to: owner,
      from: message === undefined && done !== undefined ? workerId : message?.from,
      at: message?.at ?? this.#host.now(),
      command: message?.command ?? letter,
    };
    if (message === undefined && done !== undefined) this.#awaited.set(handedOn.id, done);
    try {
      await this.#host.post([handedOn]);
      if (message !== undefined) this.#inHand.delete(message.id);
    } catch (error) {
      this.#awaited.delete(handedOn.id);
      // A message that could not be handed on is still kept, and received again.
      if (message !== undefined) this.#inHand.delete(message.id);
      done?.(error);
    }
  }

  deliver({ messages, answers }: Mail): void {
    for (const message of messages) this.take(message);
    for (const answer of answers) this.#read(answer);
  }

  /** Carries a message out, unless that is under way. */
  take(message: Message): void {
    if (this.#inHand.has(message.id)) return;
    this.#inHand.add(message.id);
    this.#host.carryOut(message);
  }

  /** It was carried out, or is left in the store to be received again. */
  putDown(message: Message): void {
    this.#inHand.delete(message.id);
  }

  #read({ messageId, outcome }: Answer): void {
    this.#dismissed.push(messageId);
    const done = this.#awaited.get(messageId);
    if (done === undefined) return;
    this.#awaited.delete(messageId);
    const { ok } = outcome as Outcome;
    done(ok ? undefined : errorOfOutcome(outcome as Extract<Outcome, { ok: false }>));
  }

  /** Whether somebody here waits for an answer. */
  get isAwaiting(): boolean {
    return this.#awaited.size > 0;
  }

  get hasDismissed(): boolean {
    return this.#dismissed.length > 0;
  }

  takeDismissed(): readonly string[] {
    if (this.#dismissed.length === 0) return nothing;
    const dismissed = [...new Set(this.#dismissed)];
    this.#dismissed = [];
    return dismissed;
  }

  close(error: unknown): void {
    for (const done of this.#awaited.values()) done(error);
    this.#awaited.clear();
  }
}

const nothing: readonly string[] = [];
