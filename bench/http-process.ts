/**
 * A process with the HTTP API on an SQLite file: `FILE` opens it, says its port, answers `memory`
 * with how many megabytes it has, and ends when it is disconnected.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createHttpHandler, toNodeHandler } from "tandem-workflows/http";
import { engineOn, openSqlite } from "./stores.ts";
import { decision } from "./waiting.ts";

const [file = ""] = process.argv.slice(2);
process.on("SIGINT", () => {});
const engine = engineOn(await openSqlite(file), decision());
const handler = createHttpHandler(engine, {
  authenticate: () => ({ user: "root", roles: ["admin"] }),
});
const server = createServer(toNodeHandler(handler)).listen(0, "127.0.0.1");
await once(server, "listening");
process.on("message", () => {
  globalThis.gc?.();
  process.send?.(process.memoryUsage.rss() / 1e6);
});
process.send?.((server.address() as AddressInfo).port);
if (process.connected) await once(process, "disconnect");
server.closeAllConnections();
server.close();
await engine.close();
process.exit();
