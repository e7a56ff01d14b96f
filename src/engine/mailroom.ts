import type { EpochMs } from "../machine/index.ts";
import type { Handover, Message, Reply, Store } from "../store/store.ts";
import type { Request } from "./driver.ts";
import type { Letter, Outcome } from "./letters.ts";
import { errorOfOutcome } from "./rejections.ts";

export interface MailHost {
  readonly store: Store;
  readonly workerId: string;
  now(): EpochMs;
  createId(): string;
  /** Does it as soon as nobody can have taken this worker for gone. */
  whenTrusted(work: () => void): void;
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
  #closed: unknown;

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
      await this.#post([message], []);
    } catch (error) {
      this.#awaited.delete(id);
      done(error);
    }
  }

  /** The instance of the request belongs to another worker. */
  forward({ runtime, command, message, done }: Request, owner: string): void {
    if (message !== undefined) {
      void this.handOn(message, owner);
    } else if (done !== undefined) {
      // To a worker that is not known nobody answers.
      this.#host.whenTrusted(() => {
        if (this.#closed !== undefined) done(this.#closed);
        else void this.send(runtime.id, owner, { type: "Do", command }, done);
      });
    }
    // What this process itself has to say of an instance that it does not own is out of date.
  }

  /** Tells another worker something that is about no instance. */
  async tell(to: string, letter: Letter): Promise<void> {
    const id = this.#host.createId();
    const at = this.#host.now();
    await this.#post([{ id, instanceId: "", to, from: undefined, at, command: letter }], []);
  }

  /** Writes what belongs to no change of this process. */
  async #post(sent: readonly Message[], handedOn: readonly Handover[]): Promise<void> {
    const dismissed = this.takeDismissed();
    await this.#host.store.commit({ changes: [], answers: [], sent, handedOn, dismissed });
  }

  /** Hands a message on to the worker that owns its instance. */
  async handOn(message: Message, owner: string): Promise<void> {
    try {
      await this.#post([], [{ messageId: message.id, by: message.to, to: owner }]);
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
    const { store, workerId } = this.#host;
    const { messages, answers } = await store.receive(workerId);
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

  /** Answers that were read can go. */
  async tidy(): Promise<void> {
    if (this.#dismissed.length > 0) await this.#post([], []);
  }

  takeDismissed(): readonly string[] {
    if (this.#dismissed.length === 0) return nothing;
    const dismissed = [...new Set(this.#dismissed)];
    this.#dismissed = [];
    return dismissed;
  }

  close(error: unknown): void {
    this.#closed = error;
    this.giveUp(error);
  }

  /** No answers come any more to what was asked. */
  giveUp(error: unknown): void {
    for (const done of this.#awaited.values()) done(error);
    this.#awaited.clear();
  }
}

const nothing: readonly string[] = [];
