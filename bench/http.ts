/** The HTTP API in a process of its own, on SQLite, asked by real clients on this machine. */
import { request } from "node:http";
import { join } from "node:path";
import autocannon from "autocannon";
import { createClient } from "tandem-workflows/client";
import { temporaryFolder } from "./disk.ts";
import {
  type Afterwards,
  figure,
  medianMicros,
  percentile,
  piecesPerSecond,
  type Round,
} from "./figure.ts";
import { startProcess } from "./side-process.ts";
import { engineOn, openSqlite } from "./stores.ts";
import { decision } from "./waiting.ts";

const SECONDS = 2;
const CONNECTIONS = 64;
const STREAMS = 1000;
const EVENTS = 50;

const FEW_ROUNDS = { rounds: 3, warmups: 1 } as const;

async function serverOn(afterwards: Afterwards) {
  const file = join(temporaryFolder(afterwards), "bench.db");
  const side = startProcess("http-process.ts", [file], afterwards);
  const baseUrl = `http://127.0.0.1:${await side.ask()}/api`;
  return { side, baseUrl, client: createClient({ baseUrl }) };
}

async function engineHere(afterwards: Afterwards) {
  const file = join(temporaryFolder(afterwards), "bench.db");
  const engine = engineOn(await openSqlite(file), decision());
  afterwards(() => engine.close());
  return engine;
}

/** Requests a second that all succeed. */
async function rateOf(options: Parameters<typeof autocannon>[0]): Promise<number> {
  const result = await autocannon(options);
  if (result.non2xx + result.errors > 0) throw new Error("Requests failed.");
  return result.requests.total / result.duration;
}

const started = { initialData: { group: 1 } };

figure("http.engine.read", { unit: "µs", ...FEW_ROUNDS }, async (afterwards) => {
  const engine = await engineHere(afterwards);
  const { id } = await engine.startWorkflow("decision", started);
  return () => medianMicros(500, async () => void (await engine.getInstance(id)));
});

/** The server is busy all the time, so this is what a request takes of its core. */
figure(
  "http.read",
  { unit: "µs", limit: "http.engine.read", ...FEW_ROUNDS },
  async (afterwards): Promise<Round> => {
    const { baseUrl, client } = await serverOn(afterwards);
    const { id } = await client.instances.start({ workflow: "decision", ...started });
    const url = `${baseUrl}/instances/${id}`;
    const asked = { url, connections: 16, duration: SECONDS };
    return async () => 1e6 / (await rateOf(asked));
  },
);

figure("http.engine.starts", { unit: "starts/s", ...FEW_ROUNDS }, async (afterwards) => {
  const engine = await engineHere(afterwards);
  return () =>
    piecesPerSecond(SECONDS * 1000, CONNECTIONS, async () => {
      const starts = Array.from({ length: CONNECTIONS }, () =>
        engine.submitWorkflow("decision", started),
      );
      await Promise.all(starts);
    });
});

figure(
  "http.starts",
  { unit: "starts/s", limit: "http.engine.starts", ...FEW_ROUNDS },
  async (afterwards): Promise<Round> => {
    const { baseUrl } = await serverOn(afterwards);
    return () =>
      rateOf({
        url: `${baseUrl}/instances`,
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ workflow: "decision", ...started }),
        connections: CONNECTIONS,
        duration: SECONDS,
      });
  },
);

/** Streams that are open and read; gives what each hears. */
async function openStreams(baseUrl: string, afterwards: Afterwards, onData: () => void) {
  const opened = Array.from({ length: STREAMS }, (_, index) => {
    const outgoing = request(`${baseUrl}/events`, { agent: false });
    afterwards(() => void outgoing.destroy());
    return new Promise<void>((resolve, reject) => {
      outgoing.on("error", reject);
      outgoing.on("response", (incoming) => {
        incoming.on("error", () => {});
        incoming.once("data", () => {
          resolve();
          if (index === 0) incoming.on("data", onData);
        });
        if (index !== 0) incoming.resume();
      });
      outgoing.end();
    });
  });
  await Promise.all(opened);
}

figure(
  "http.streams.memory",
  { unit: "MB", rounds: 1, warmups: 0 },
  async (afterwards): Promise<Round> => {
    const { side, baseUrl } = await serverOn(afterwards);
    const before = await side.ask("memory");
    return async () => {
      await openStreams(baseUrl, afterwards, () => {});
      return (await side.ask("memory")) - before;
    };
  },
);

/** From the call that starts an instance to the event of it, at one of the streams. */
figure(
  "http.streams.event",
  { unit: "ms", rounds: 1, warmups: 0 },
  async (afterwards): Promise<Round> => {
    const { baseUrl, client } = await serverOn(afterwards);
    let hear = () => {};
    await openStreams(baseUrl, afterwards, () => hear());
    return async () => {
      const samples: number[] = [];
      for (let event = 0; event < EVENTS; event++) {
        const heard = new Promise<void>((resolve) => {
          hear = resolve;
        });
        const start = performance.now();
        await Promise.all([client.instances.start({ workflow: "decision", ...started }), heard]);
        samples.push(performance.now() - start);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return percentile(samples, 0.5);
    };
  },
);
