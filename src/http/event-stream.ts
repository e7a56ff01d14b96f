import type { Shape } from "./schemas/index.ts";

/** A slow reader is told the latest of so many things; of more, to read everything anew. */
const mostPending = 256;

/** So many heartbeats may be left unread before the connection counts as dead. */
const mostSilentBeats = 2;

type StreamEvent = Shape<"StreamEvent">;

/**
 * The events of one reader, as the body of a response. What a slow reader has not taken is kept
 * once for each thing that it is about, so that its memory has a bound.
 */
export class EventStream {
  readonly body: ReadableStream<Uint8Array>;
  readonly #pending = new Map<string, string>();
  readonly #onClose: (stream: EventStream) => void;
  #text = "";
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #wake: (() => void) | undefined;
  #silentBeats = 0;
  #isClosed = false;

  constructor(onClose: (stream: EventStream) => void) {
    this.#onClose = onClose;
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#controller = controller;
        },
        pull: () => this.#pull(),
        cancel: () => this.close(),
      },
      { highWaterMark: 1 },
    );
  }

  /** Without data, it only tells where the stream stands. */
  greet(id: string): void {
    this.#text = `retry: 2000\nid: ${id}\n\n`;
    this.#wake?.();
  }

  push(id: string, key: string, event: StreamEvent): void {
    if (this.#isClosed) return;
    // Deleted first, so that the order is that of the latest news.
    this.#pending.delete(key);
    // Who has yet to read everything anew will see this too.
    if (this.#pending.has("reset") || this.#pending.size >= mostPending) {
      this.reset(id);
      return;
    }
    this.#pending.set(key, frame(id, event));
    this.#wake?.();
  }

  /** Something was missed, or will be. */
  reset(id: string): void {
    if (this.#isClosed) return;
    this.#pending.clear();
    this.#pending.set("reset", frame(id, { type: "reset" }));
    this.#wake?.();
  }

  /** Shows proxies and readers that it is alive; ends it if nobody has read for long. */
  beat(): void {
    const isIdle = this.#wake !== undefined;
    if (isIdle) {
      this.#silentBeats = 0;
      this.#text += ": \n\n";
      this.#wake?.();
    } else if (++this.#silentBeats > mostSilentBeats) {
      this.close();
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#pending.clear();
    this.#text = "";
    this.#wake?.();
    try {
      this.#controller?.close();
    } catch {
      // Its reader has gone already.
    }
    this.#onClose(this);
  }

  async #pull(): Promise<void> {
    if (!this.#isClosed && this.#text === "" && this.#pending.size === 0) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#wake = undefined;
    }
    if (this.#isClosed) return;
    const text = this.#text + [...this.#pending.values()].join("");
    this.#text = "";
    this.#pending.clear();
    this.#controller?.enqueue(new TextEncoder().encode(text));
  }
}

function frame(id: string, event: StreamEvent): string {
  return `id: ${id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}
