/**
 * A process with an engine: it begins when its parent says where, does what its parent asks, and
 * ends with it.
 */
import { once } from "node:events";
import { flushCompileCache } from "node:module";
import { setTimeout as delay } from "node:timers/promises";
import { type Clock, LocalExecutionEngine, type Store } from "tandem-workflows";
import { SqliteStore } from "../../src/store/sqlite/index.ts";
import { LedgerWriter } from "./ledger.ts";
import type { Answer, Asked, ChildOptions, Command, OpenTask, Ready } from "./protocol.ts";
import { workflowsOf } from "./workflows.ts";

process.on("disconnect", () => process.exit());

// Whoever is killed leaves no compiled modules to those after it, unless it does so at once.
flushCompileCache();
const [options]: [ChildOptions] = (await once(process, "message")) as [ChildOptions];
const { aheadMs = 0, pollIntervalMs, leaseMs } = options;
const ledger = new LedgerWriter(options.ledger, options.name);

const clock: Clock = {
  now: () => Date.now() + aheadMs,
  callAt(at, callback) {
    const timeout = setTimeout(callback, Math.max(0, Math.ceil(at - aheadMs - Date.now())));
    return () => clearTimeout(timeout);
  },
};

const say = (message: string, details?: object) => {
  const { error } = (details ?? {}) as { error?: unknown };
  process.stderr.write(`${message}${error === undefined ? "" : `: ${describe(error)}`}\n`);
};

const engine = new LocalExecutionEngine(workflowsOf(ledger), {
  store: await openStore(),
  logger: { debug() {}, info() {}, warn: say, error: say },
  clock,
  pollIntervalMs,
  leaseMs,
});

process.on("message", ({ number, command }: Asked) => {
  carryOut(command).then(
    (value) => send({ type: "answer", number, ok: true, value }),
    (error) => {
      const { code = "NONE", message } = error as { code?: string; message: string };
      send({
        type: "answer",
        number,
        ok: false,
        code,
        message: code === "NONE" ? describe(error) : message,
      });
    },
  );
});

await takePart();
send({ type: "ready" });

async function openStore(): Promise<Store> {
  const { store } = options;
  if (store.type === "sqlite") return new SqliteStore(store.file);
  const { PostgresStore } = await import("../../src/store/postgres/index.ts");
  const opened = new PostgresStore({ connectionString: store.url });
  // Notifications get lost: nothing is told of what others did.
  if (store.isDeaf) opened.listen = async () => () => {};
  return opened;
}

/** The database may be away at the moment. */
async function takePart(): Promise<void> {
  for (;;) {
    try {
      await engine.recover();
      return;
    } catch (error) {
      say("The engine cannot begin", { error });
      await delay(50);
    }
  }
}

async function carryOut(command: Command): Promise<unknown> {
  switch (command.type) {
    case "start": {
      const { workflow, reference, isKey, n } = command;
      const { id } = await engine.submitWorkflow(workflow, {
        initialData: { n },
        ...(isKey ? { idempotencyKey: reference } : { instanceId: reference }),
      });
      ledger.write("started", id, reference);
      return id;
    }
    case "tasks":
      return listTasks(command.instanceId);
    case "complete": {
      const { instanceId, taskId, by } = command;
      ledger.write("completing", instanceId, taskId, by);
      await engine.completeHumanTask({ instanceId, taskId, userId: by, data: { by } });
      ledger.write("completed", instanceId, taskId, by);
      return;
    }
    case "call": {
      const { instanceId, path, token, by } = command;
      ledger.write("calling", instanceId, path, by);
      await engine.completeWebhook(token, { by });
      ledger.write("called", instanceId, path, by);
      return;
    }
    case "signal": {
      const { instanceId, name, id, by } = command;
      ledger.write("signalling", instanceId, name, by);
      await engine.signal({ instanceId, name, data: { by }, ...(id === undefined ? {} : { id }) });
      ledger.write("signalled", instanceId, name, by);
      return;
    }
    case "cancel": {
      ledger.write("cancelling", command.instanceId);
      const { status } = await engine.cancelWorkflow(command.instanceId);
      ledger.write("cancelled", command.instanceId);
      return status;
    }
    case "waitFor":
      return (await engine.waitFor(command.instanceId)).status;
    case "see":
      return (await engine.getInstance(command.instanceId)).status;
    default:
      return engine.close();
  }
}

async function listTasks(instanceId: string | undefined): Promise<OpenTask[]> {
  const { items: tasks } = await engine.tasks.list({ limit: 200 });
  const wanted = tasks.filter((task) => instanceId === undefined || task.instanceId === instanceId);
  return wanted.map((task) => ({
    instanceId: task.instanceId,
    id: task.id.split("/").at(-1) ?? "",
  }));
}

function send(message: Ready | Answer): void {
  if (process.connected) process.send?.(message);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
