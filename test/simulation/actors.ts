import type { LocalExecutionEngine, WorkflowInstance } from "tandem-workflows";
import type { Call, Stored } from "./ledger.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { startable } from "./workflows.ts";
import type { World } from "./world.ts";

type Ask = (engine: LocalExecutionEngine, call: Call) => Promise<WorkflowInstance | undefined>;

interface Wish {
  readonly kind: string;
  readonly instanceId: string;
  readonly target: string;
  readonly ask: Ask;
}

/** People, other systems and operators: they do what could be done, at random and by any process. */
export class Actors {
  readonly #world: World;
  #signals = 0;
  #starts = 0;

  constructor(world: World) {
    this.#world = world;
  }

  begin(): void {
    const { trouble } = this.#world;
    for (let count = 0; count < trouble.instances; count++) {
      this.#world.after(this.#world.random.below(trouble.lengthMs / 2), () => this.#start());
    }
    this.#world.often(trouble.actEveryMs, () => this.#act());
  }

  // ----------------------------------------------------------------------------------------- asking

  /** Asked once, or by two at the same moment. */
  #wish(wish: Wish): void {
    const { random, trouble } = this.#world;
    this.#ask(wish);
    if (!random.chance(trouble.twiceShare)) return;
    const later = random.pick([0, 0, 1, 10]);
    if (later === 0) this.#ask(wish);
    else this.#world.after(later, () => this.#ask(wish));
  }

  #ask({ kind, instanceId, target, ask }: Wish): void {
    const { alive, random } = this.#world;
    if (alive.length === 0) return;
    this.askOf(random.pick(alive), { kind, instanceId, target, ask });
  }

  askOf(process: SimulatedProcess, { kind, instanceId, target, ask }: Wish): void {
    const { ledger, store } = this.#world;
    const call = ledger.ask({ kind, process: process.name, instanceId, target });
    process.run(() => {
      this.#world.note(`${call.nonce}: ${kind} ${instanceId} ${target} on ${process.name}`);
      ask(process.engine, call).then(
        (instance) => {
          ledger.told(call, instance);
          this.#world.note(`${call.nonce} is told ${call.outcome}`);
        },
        (error) => {
          ledger.refused(call, error, store);
          this.#world.note(`${call.nonce} is told ${call.outcome}`);
        },
      );
    });
  }

  // ---------------------------------------------------------------------------------------- what

  #start(): void {
    const { random } = this.#world;
    const { name } = random.pick(startable);
    const count = ++this.#starts;
    const way = random.pick(["id", "key", "plain"]);
    const options = {
      ...(way === "id" && { instanceId: `own${count}` }),
      ...(way === "key" && { idempotencyKey: `key${count}` }),
      initialData: { order: count },
    };
    const isPatient = random.chance(0.5);
    this.#wish({
      kind: "start",
      instanceId: way === "id" ? `own${count}` : "",
      target: way === "key" ? `key${count}` : "",
      ask: (engine) =>
        isPatient ? engine.startWorkflow(name, options) : engine.submitWorkflow(name, options),
    });
  }

  #act(): void {
    const { random, ledger } = this.#world;
    const instanceIds = ledger.instanceIds;
    if (instanceIds.length === 0) return;
    const instanceId = random.pick(instanceIds);
    random.weigh<() => void>([
      [8, () => this.#completeSome()],
      [5, () => this.signal(instanceId)],
      [4, () => this.#callBack()],
      [4, () => this.#look(instanceId)],
      [2, () => this.#await(instanceId)],
      [0.5, () => this.#operate("cancel", instanceId)],
      [1, () => this.#operate("pause", instanceId)],
      [3, () => this.#operate("resume", instanceId)],
      [2, () => this.#operate("retry", instanceId)],
      [1, () => this.#change(instanceId)],
    ])();
  }

  /** Somebody looks into the inbox of one process, and completes one of the tasks. */
  #completeSome(): void {
    const { alive, random } = this.#world;
    if (alive.length === 0) return;
    const process = random.pick(alive);
    process.run(() => {
      process.engine.tasks.list({ limit: 1000 }).then(
        ({ items: tasks }) => {
          if (tasks.length === 0) return;
          const { instanceId, id } = random.pick(tasks);
          this.complete(instanceId, id);
        },
        () => {},
      );
    });
  }

  complete(instanceId: string, taskId: string): void {
    this.#wish({
      kind: "complete",
      instanceId,
      target: taskId,
      ask: (engine, { nonce }) =>
        engine.completeHumanTask({ instanceId, taskId, userId: nonce, data: { nonce } }),
    });
  }

  signal(instanceId: string): void {
    const { random } = this.#world;
    const number = ++this.#signals;
    const id = random.chance(0.6) ? `s${number}` : undefined;
    this.#wish({
      kind: "signal",
      instanceId,
      target: id ?? "",
      ask: (engine, { nonce }) =>
        engine.signal({ instanceId, name: "go", data: nonce, ...(id !== undefined && { id }) }),
    });
  }

  #callBack(): void {
    const { tokens, random } = this.#world;
    if (tokens.length > 0 && random.chance(0.7)) {
      const { instanceId, token } = random.pick(tokens);
      this.callBack(instanceId, token);
      return;
    }
    const instanceId = random.pick(this.#world.ledger.instanceIds);
    this.fetchToken(instanceId, random.pick(["hook", "all/called"]));
  }

  /** Somebody asks for the token of a step that waits, and then calls back. */
  fetchToken(instanceId: string, stepName: string): void {
    this.#ask({
      kind: "token",
      instanceId,
      target: stepName,
      ask: async (engine) => {
        const token = await engine.webhookToken({ instanceId, stepName });
        this.callBack(instanceId, token);
        return undefined;
      },
    });
  }

  callBack(instanceId: string, token: string): void {
    const [subject = ""] = token.split(".");
    const target = Buffer.from(subject, "base64url").toString().split(":")[0] ?? "";
    this.#wish({
      kind: "webhook",
      instanceId,
      target,
      ask: (engine, { nonce }) => engine.completeWebhook(token, nonce),
    });
  }

  #look(instanceId: string): void {
    const ask: Ask = (engine) => engine.getInstance(instanceId);
    this.#wish({ kind: "read", instanceId, target: "", ask });
  }

  #await(instanceId: string): void {
    const ask: Ask = (engine) => engine.waitFor(instanceId);
    this.#wish({ kind: "waitFor", instanceId, target: "", ask });
  }

  #operate(kind: "cancel" | "pause" | "resume" | "retry", instanceId: string): void {
    const ask: Ask = (engine) => engine[`${kind}Workflow`](instanceId);
    this.#wish({ kind, instanceId, target: "", ask });
  }

  /** Somebody cancels one step, or adds an item to a map. */
  #change(instanceId: string): void {
    const { random, store } = this.#world;
    const [stored] = store.load([instanceId]) as readonly Stored[];
    const live = stored?.rows.executions.filter(({ status }) => status === "waiting") ?? [];
    if (live.length === 0) return;
    const { path, map } = random.pick(live);
    if (map !== undefined) {
      this.#wish({
        kind: "addItem",
        instanceId,
        target: path,
        ask: (engine, { nonce }) => engine.addItem({ instanceId, stepName: path, item: nonce }),
      });
    } else if (random.chance(0.3)) {
      const ask: Ask = (engine) => engine.cancelStep({ instanceId, stepName: path });
      this.#wish({ kind: "cancelStep", instanceId, target: path, ask });
    }
  }

  // ----------------------------------------------------------------------------------------- at last

  /** Somebody does everything that the instance waits for. */
  finish({ rows }: Stored): void {
    const { id, status } = rows.instance;
    if (status === "paused") this.#operate("resume", id);
    for (const task of rows.tasks) {
      if (task.status === "open") this.complete(id, `${id}/${task.id}`);
    }
    for (const { status: now, path } of rows.executions) {
      if (now !== "waiting") continue;
      if (path === "hook" || path === "all/called") this.fetchToken(id, path);
      if (path === "all/first" || path === "all/line/second") this.signal(id);
    }
  }
}
