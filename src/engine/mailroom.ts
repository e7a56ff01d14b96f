import type { EpochMs } from "../machine/index.ts";
import type { Handover, Mail, Message, Reply } from "../store/store.ts";
import type { Letter, Outcome } from "./letters.ts";
import { errorOfOutcome } from "./rejections.ts";

export interface MailHost {
  readonly workerId: string;
  now(): EpochMs;
  createId(): string;
  /** Writes what belongs to no change of this process. */
  post(sent: readonly Message[], handedOn: readonly Handover[]): Promise<void>;
  read(): Promise<Mail>;
  carryOut(message: Message): void;
}

type Done = (error?: unknown) => void;

/** Messages to this worker are carried out once; answers reach those who wait for them. */
export class Mailroom {
  readonly #host: MailHost;
  /** Messages that are being carried out. */
  readonly #inHand = new Set<string>();
  readonly #awaited = new Map<string, Done>();
  /** Messages that are done with, and that a read which is under way may still give. */
  readonly #settled = new Set<string>();
  #reading: Promise<void> | undefined;
  #readingNext: Promise<void> | undefined;
  #dismissed: string[] = [];

  constructor(host: MailHost) {
    this.#host = host;
  }

  /** Asks the worker that owns the instance to carry a command out. */
  async send(instanceId: string, owner: string, letter: Letter, done: Done): Promise<void> {
    const { workerId } = this.#host;
    const id = this.#host.createId();
    const at = this.#host.now();
    this.#awaited.set(id, done);
    try {
      const message = { id, instanceId, to: owner, from: workerId, at, command: letter };
      await this.#host.post([message], []);
    } catch (error) {
      this.#awaited.delete(id);
      done(error);
    }
  }

  /** Hands a message on to the worker that owns its instance. */
  async handOn(message: Message, owner: string): Promise<void> {
    try {
      await this.#host.post([], [{ messageId: message.id, by: message.to, to: owner }]);
      this.settle(message);
    } catch {
      // It is still kept, and received again.
      this.putDown(message);
    }
  }

  /** Reads the mail. Whoever asks while it is being read gets what is there afterwards. */
  receive(): Promise<void> {
    if (this.#reading === undefined) {
      this.#reading = this.#receive().finally(() => {
        this.#reading = undefined;
      });
      return this.#reading;
    }
    this.#readingNext ??= this.#reading
      .catch(() => {})
      .then(() => {
        this.#readingNext = undefined;
        return this.receive();
      });
    return this.#readingNext;
  }

  async #receive(): Promise<void> {
    this.#settled.clear();
    const { messages, answers } = await this.#host.read();
    for (const message of messages) if (!this.#settled.has(message.id)) this.take(message);
    for (const answer of answers) this.#read(answer);
  }

  /** Carries a message out, unless that is under way. */
  take(message: Message): void {
    if (this.#inHand.has(message.id)) return;
    this.#inHand.add(message.id);
    this.#host.carryOut(message);
  }

  /** It was carried out, or handed on. */
  settle(message: Message): void {
    this.#inHand.delete(message.id);
    if (this.#reading !== undefined) this.#settled.add(message.id);
  }

  /** It is left in the store, to be received again. */
  putDown(message: Message): void {
    this.#inHand.delete(message.id);
  }

  #read({ messageId, outcome }: Reply): void {
    this.#dismissed.push(messageId);
    const done = this.#awaited.get(messageId);
    if (done === undefined) return;
    this.#awaited.delete(messageId);
    const { ok } = outcome as Outcome;
    done(ok ? undefined : errorOfOutcome(outcome as Extract<Outcome, { ok: false }>));
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

  /** No answers come any more to what was asked. */
  giveUp(error: unknown): void {
    for (const done of this.#awaited.values()) done(error);
    this.#awaited.clear();
  }
}

const nothing: readonly string[] = [];
