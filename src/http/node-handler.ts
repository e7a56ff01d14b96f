import type { IncomingMessage, ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import type { HttpHandler } from "./http-handler.ts";

/** What frameworks on Node add to a request. */
interface FrameworkRequest extends IncomingMessage {
  /** The whole path, where the framework cuts off what it was mounted at. */
  originalUrl?: string;
  /** What a body parser has made of the body, which is gone then. */
  body?: unknown;
  rawBody?: Buffer;
}

/** A listener for `node:http`, Express and whatever else hands out Node's own objects. */
export function toNodeHandler(
  handler: HttpHandler,
): (incoming: IncomingMessage, outgoing: ServerResponse) => Promise<void> {
  const listener = getRequestListener(
    (request, { incoming }) => handler(request, { remoteAddress: incoming.socket.remoteAddress }),
    { overrideGlobalObjects: false },
  );
  return async (incoming: FrameworkRequest, outgoing) => {
    if (incoming.originalUrl !== undefined) incoming.url = incoming.originalUrl;
    const isRead = incoming.readableEnded && incoming.body !== undefined;
    if (isRead && incoming.rawBody === undefined) {
      incoming.rawBody = Buffer.from(JSON.stringify(incoming.body));
    }
    await listener(incoming, outgoing);
  };
}
