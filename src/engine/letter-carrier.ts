import { WorkflowsError } from "../errors.ts";
import type { ExecutionRecord } from "../machine/index.ts";
import type { Message } from "../store/store.ts";
import { abandon, type ChildInstances } from "./children.ts";
import type { EngineCommand } from "./driver.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import { type Letter, letterOf } from "./letters.ts";
import type { Upgrades } from "./upgrades.ts";
import { answerWaiters } from "./waiters.ts";

/** What carrying out messages needs of the engine. */
export interface CarrierHost {
  readonly children: ChildInstances;
  /** The instance, if it is in memory and nobody else can have changed it. */
  known(instanceId: string): InstanceRuntime | undefined;
  find(instanceId: string): Promise<InstanceRuntime | undefined>;
  /** The same, although nobody else should have changed it. */
  refresh(instanceId: string): Promise<InstanceRuntime | undefined>;
  send(runtime: InstanceRuntime, command: EngineCommand, message: Message): void;
  /** There is nothing to do about the message any more. */
  drop(message: Message): void;
  /** The message is left in the store, to be received again. */
  putDown(message: Message): void;
  callHooks(runtime: InstanceRuntime, execution: ExecutionRecord): void;
  /** Another worker wants to hear of changes, or no longer does. */
  watched(letter: Extract<Letter, { type: "Watching" }>): void;
  readonly upgrades: Pick<Upgrades, "prepare">;
  inBackground(what: string, work: () => Promise<void>): void;
}

/** Brings messages to the instances that they are for, and does what they ask. */
export class LetterCarrier {
  readonly #host: CarrierHost;

  constructor(host: CarrierHost) {
    this.#host = host;
  }

  carryOut(message: Message): void {
    const letter = letterOf(message);
    if (letter.type === "Watching") {
      this.#host.watched(letter);
      this.#host.drop(message);
      return;
    }
    const known = letter.type === "GoOn" ? undefined : this.#host.known(message.instanceId);
    if (known !== undefined) {
      this.#open(known, message);
      return;
    }
    this.#follow(message, async () => {
      const { refresh, find } = this.#host;
      const runtime = await (letter.type === "GoOn" ? refresh : find)(message.instanceId);
      if (runtime === undefined) this.#host.drop(message);
      else this.#open(runtime, message);
    });
  }

  #open(runtime: InstanceRuntime, message: Message): void {
    const letter = letterOf(message);
    const { children } = this.#host;
    switch (letter.type) {
      case "Do":
        this.#do(runtime, letter.command, message);
        break;
      case "GoOn":
        this.#host.send(runtime, { type: "Continue" }, message);
        break;
      case "StartChild":
        this.#follow(message, () => children.start(runtime, letter, message));
        break;
      case "TellChild":
        this.#follow(message, () => children.tell(runtime, letter, message));
        break;
      case "ChildEnded":
        this.#follow(message, () => children.ended(runtime, letter, message));
        break;
      default:
    }
  }

  #do(runtime: InstanceRuntime, command: EngineCommand, message: Message): void {
    if (command.type !== "Upgrade") return this.#host.send(runtime, command, message);
    this.#follow(message, async () => {
      try {
        await this.#host.upgrades.prepare(runtime, command);
      } catch (error) {
        // What is wrong with it is said when it is decided; a store that fails is asked again.
        if (!isWrong(error)) throw error;
      }
      this.#host.send(runtime, command, message);
    });
  }

  #follow(message: Message, work: () => Promise<void>): void {
    const what = `Message "${message.id}" for instance "${message.instanceId}"`;
    this.#host.inBackground(what, async () => {
      try {
        await work();
      } catch (error) {
        this.#host.putDown(message);
        throw error;
      }
    });
  }

  carriedOut(message: Message, runtime: InstanceRuntime | undefined): void {
    const letter = letterOf(message);
    if (letter.type === "GoOn" && runtime !== undefined) {
      for (const id of letter.ended) this.#host.callHooks(runtime, runtime.state.execution(id));
    } else {
      this.#letGo(letter, runtime);
    }
  }

  /** A parent that has learnt how its child ended waits for it no longer. */
  #letGo(letter: Letter, parent: InstanceRuntime | undefined): void {
    if (letter.type !== "ChildEnded" || parent === undefined) return;
    for (const child of parent.children ?? []) if (child.id === letter.childId) abandon(child);
    answerWaiters(parent);
  }
}

function isWrong(error: unknown): boolean {
  return error instanceof WorkflowsError && error.code !== "STORE_UNAVAILABLE";
}
