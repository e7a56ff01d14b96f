import type { Client, EventsQuery, StreamEvent } from "tandem-workflows/client";

/** `polling`: the stream is interrupted, and what is shown is read anew from time to time. */
export type LiveState = "connecting" | "live" | "polling" | "offline";

type Listener = (event: StreamEvent | { readonly type: "poll" }) => void;

interface Topic {
  readonly listeners: Set<Listener>;
  close: (() => void) | undefined;
  isOpen: boolean;
  linger: ReturnType<typeof setTimeout> | undefined;
}

const pollMs = 5000;
const lingerMs = 2000;

/**
 * The event streams of this page, one for each thing that is listened to, shared by all who listen.
 * A tab that nobody sees holds none: a browser allows only a few connections to one server.
 */
export class LiveUpdates {
  readonly #client: Client;
  readonly #topics = new Map<string, Topic>();
  readonly #stateListeners = new Set<() => void>();
  #state: LiveState = "connecting";

  constructor(client: Client) {
    this.#client = client;
    setInterval(() => this.#poll(), pollMs);
    document.addEventListener("visibilitychange", () => this.#followVisibility());
    addEventListener("online", () => this.#poll(true));
    addEventListener("offline", () => this.#setState());
  }

  get state(): LiveState {
    return this.#state;
  }

  onState(listener: () => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  listen(query: EventsQuery, listener: Listener): () => void {
    const key = JSON.stringify(query);
    let topic = this.#topics.get(key);
    if (topic === undefined) {
      topic = { listeners: new Set(), close: undefined, isOpen: false, linger: undefined };
      this.#topics.set(key, topic);
    }
    clearTimeout(topic.linger);
    topic.listeners.add(listener);
    this.#open(key, topic);
    return () => this.#leave(key, topic, listener);
  }

  #open(key: string, topic: Topic): void {
    if (topic.close !== undefined || document.visibilityState === "hidden") return;
    let wasOpen = false;
    topic.close = this.#client.stream(JSON.parse(key) as EventsQuery, {
      onOpen: () => {
        topic.isOpen = true;
        // What happened before it was open, or while it was closed, has to be looked for.
        if (wasOpen) this.#tell(topic, { type: "poll" });
        wasOpen = true;
        this.#setState();
      },
      onEvent: (event) => this.#tell(topic, event),
      onError: () => {
        topic.isOpen = false;
        this.#setState();
      },
    });
  }

  #leave(key: string, topic: Topic, listener: Listener): void {
    topic.listeners.delete(listener);
    if (topic.listeners.size > 0) return;
    topic.linger = setTimeout(() => {
      topic.close?.();
      this.#topics.delete(key);
      this.#setState();
    }, lingerMs);
  }

  #tell(topic: Topic, event: Parameters<Listener>[0]): void {
    for (const listener of topic.listeners) listener(event);
  }

  #poll(all = false): void {
    this.#setState();
    if (document.visibilityState === "hidden" || !navigator.onLine) return;
    for (const topic of this.#topics.values()) {
      if (all || !topic.isOpen) this.#tell(topic, { type: "poll" });
    }
  }

  #followVisibility(): void {
    const isHidden = document.visibilityState === "hidden";
    for (const [key, topic] of this.#topics) {
      if (isHidden) {
        topic.close?.();
        topic.close = undefined;
        topic.isOpen = false;
      } else if (topic.listeners.size > 0) {
        this.#open(key, topic);
        this.#tell(topic, { type: "poll" });
      }
    }
  }

  #setState(): void {
    const topics = [...this.#topics.values()];
    const next = !navigator.onLine
      ? "offline"
      : topics.length === 0
        ? this.#state
        : topics.every(({ isOpen }) => isOpen)
          ? "live"
          : this.#state === "connecting" && topics.some(({ isOpen }) => isOpen)
            ? "connecting"
            : "polling";
    if (next === this.#state) return;
    this.#state = next;
    for (const listener of this.#stateListeners) listener();
  }
}
