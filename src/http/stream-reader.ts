import type { EventsQuery, StreamEvent, StreamListener } from "./client-types.ts";
import type { RequestSender } from "./request-sender.ts";

const firstDelayMs = 500;
const longestDelayMs = 15_000;

/**
 * Reads server-sent events with `fetch`, which, other than `EventSource`, can send headers. Gives a
 * function that ends it.
 */
export function openStream(
  sender: RequestSender,
  query: EventsQuery,
  listener: StreamListener,
): () => void {
  const ending = new AbortController();
  void keepOpen(sender, query, listener, ending.signal);
  return () => ending.abort();
}

async function keepOpen(
  sender: RequestSender,
  query: EventsQuery,
  listener: StreamListener,
  signal: AbortSignal,
): Promise<void> {
  let lastId: string | undefined;
  let delayMs = firstDelayMs;
  while (!signal.aborted) {
    try {
      const headers = {
        accept: "text/event-stream",
        ...(lastId !== undefined && { "last-event-id": lastId }),
      };
      const { body } = await sender.send("streamEvents", { query, headers, signal });
      listener.onOpen?.();
      delayMs = firstDelayMs;
      if (body !== null) {
        await readEvents(body, ({ id, data }) => {
          lastId = id ?? lastId;
          listener.onEvent(JSON.parse(data) as StreamEvent);
        });
      }
    } catch (error) {
      if (signal.aborted) return;
      listener.onError?.(error);
      if (isFinal(error)) return;
    }
    await pause(delayMs, signal);
    delayMs = Math.min(delayMs * 2, longestDelayMs);
  }
}

/** Asking again would be refused again. */
function isFinal(error: unknown): boolean {
  const status: unknown = Reflect.get(Object(error), "status");
  return typeof status === "number" && status >= 400 && status < 500 && status !== 429;
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener("abort", done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}

interface RawEvent {
  readonly id: string | undefined;
  readonly data: string;
}

async function readEvents(
  body: ReadableStream<Uint8Array>,
  onEvent: (event: RawEvent) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    rest += decoder.decode(value, { stream: true });
    for (let end = rest.indexOf("\n\n"); end >= 0; end = rest.indexOf("\n\n")) {
      const event = parseEvent(rest.slice(0, end));
      rest = rest.slice(end + 2);
      if (event !== undefined) onEvent(event);
    }
  }
}

/** Undefined for a comment, which is a sign of life. */
function parseEvent(block: string): RawEvent | undefined {
  let id: string | undefined;
  const data: string[] = [];
  for (const line of block.split("\n")) {
    if (line.startsWith("id:")) id = line.slice(3).trim();
    else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
  }
  return data.length === 0 ? undefined : { id, data: data.join("\n") };
}
