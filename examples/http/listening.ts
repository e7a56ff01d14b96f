import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { LocalExecutionEngine } from "tandem-workflows";
import type { RunningServer } from "./approvals.ts";

/** Waits until a server of Node listens, and knows how to end it together with its engine. */
export async function listening(
  server: Server,
  engine: LocalExecutionEngine,
): Promise<RunningServer> {
  if (!server.listening) await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await engine.close();
    },
  };
}
