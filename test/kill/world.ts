/** Everything around the processes: people, outside services, and what kills. All drawn from a seed. */
import { setTimeout as delay } from "node:timers/promises";
import { RandomSource } from "../property/random-source.ts";
import type { Child, Outcome } from "./children.ts";
import { readDatabase } from "./database.ts";
import { type Evidence, judge } from "./judge.ts";
import type { LedgerLine } from "./ledger.ts";
import type { ChildOptions, Command, OpenTask } from "./protocol.ts";
import { Stage } from "./stage.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly store: ChildOptions["store"];
  /** How many processes work at the same time. */
  readonly processes: number;
  /** How many instances go on at the same time. */
  readonly atOnce: number;
  readonly pollIntervalMs: number;
  readonly leaseMs: number;
  /** How far the clock of each process goes before the machine's. */
  readonly aheadMs?: readonly number[];
}

export interface Verdict {
  readonly figures: Readonly<Record<string, number>>;
  readonly wrong: readonly string[];
}

const kinds = [
  "order",
  "notify",
  "approvals",
  "vote",
  "deadline",
  "flaky",
  "callback",
  "letters",
  "rounds",
  "delegate",
  "collect",
  "custom",
  "endless",
];

/** What may become of a command while processes and databases come and go. */
const unsure = new Set(["LOST", "STORE_UNAVAILABLE", "ENGINE_CLOSED", "STORE_CLOSED"]);

/** Nothing at all happens for so long: something is stuck. */
const patienceMs = 20_000;

export class World {
  readonly options: WorldOptions;
  readonly #stage = new Stage();
  readonly random: RandomSource;
  /** What must not happen, told by those to whom it happened. */
  readonly surprises: string[] = [];
  readonly #children: Child[] = [];
  #count = 0;
  #people = 0;
  #isHealing = false;
  #isOver = false;
  readonly #plays = new Set<Promise<void>>();
  readonly #inbox: Promise<void>;
  readonly #known = new Set<string>();

  constructor(options: WorldOptions) {
    this.options = options;
    this.random = new RandomSource(options.seed);
    for (let place = 0; place < options.processes; place++) this.#begin(place);
    for (let count = 0; count < options.atOnce; count++) this.#track(this.#playOn());
    this.#inbox = this.#workOffTasks();
    void this.#stage.next((line) => {
      if (line.what === "token") this.#receive(line);
      return this.#isOver;
    });
  }

  get lines(): readonly LedgerLine[] {
    return this.#stage.lines;
  }

  get children(): readonly Child[] {
    return this.#children;
  }

  // ------------------------------------------------------------------------------------ processes

  #begin(place: number): Child {
    const { store, pollIntervalMs, leaseMs, aheadMs } = this.options;
    const child = this.#stage.begin({
      ...{ store, pollIntervalMs, leaseMs },
      aheadMs: aheadMs?.[place] ?? 0,
    });
    this.#children[place] = child;
    void child.ended.then(() => {
      if (child.isWanted) this.surprises.push(`${child.name} ended by itself:\n${child.said}`);
    });
    return child;
  }

  /**
   * A moment at random: mostly when the process of this place, or all together, have done something,
   * sometimes while the process begins.
   */
  async someMoment(place: number): Promise<void> {
    if (this.random.chance(0.85)) {
      await this.#at(place).begun;
      const isQuiet = delay(2_000, undefined, { ref: false });
      await Promise.race([this.progress(this.random.between(0, 120)), isQuiet]);
    }
    await delay(this.random.between(0, 20));
  }

  /** So many lines more in the ledger. */
  async progress(count: number): Promise<void> {
    const goal = this.lines.length + count;
    if (count > 0) await this.#stage.next(() => this.lines.length >= goal);
  }

  /** Ends a process in the middle of what it does; another one takes its place. */
  async kill(place: number): Promise<Child> {
    const child = this.#at(place);
    await child.kill();
    this.#stage.note("killed", child.name);
    return this.#begin(place);
  }

  /** Ends a process in good order; another one takes its place. */
  async replace(place: number): Promise<Child> {
    const child = this.#at(place);
    await child.close();
    this.#stage.note("closed", child.name);
    return this.#begin(place);
  }

  /** A process does nothing for a while, and does not know. */
  async freeze(place: number, ms: number): Promise<void> {
    const child = this.#at(place);
    child.freeze();
    this.#stage.note("froze", child.name);
    await delay(ms);
    this.#stage.note("thawed", child.name);
    child.thaw();
  }

  #at(place: number): Child {
    const child = this.#children[place];
    if (child === undefined) throw new RangeError(`There is no process ${place}.`);
    return child;
  }

  note(what: string): void {
    this.#stage.note(what);
  }

  // ------------------------------------------------------------------------------------- commands

  /** Asks any process that takes part, once there is one. */
  async ask(command: Command): Promise<Outcome> {
    for (;;) {
      const able = this.#children.filter(({ isReady, isFrozen }) => isReady && !isFrozen);
      if (able.length > 0) return this.random.pick(able).ask(command);
      await Promise.race(this.#children.map(({ begun }) => begun));
      await delay(5);
    }
  }

  /** Asks until somebody knows the answer; it may be one of the codes. */
  async insist(command: () => Command, expected: readonly string[] = []): Promise<Outcome> {
    for (;;) {
      const asked = command();
      const outcome = await this.ask(asked);
      if (outcome.ok || expected.includes(outcome.code) || this.#isOver) return outcome;
      this.#checkRefusal(asked, outcome);
      await delay(this.random.between(5, 30));
    }
  }

  #checkRefusal(command: Command, outcome: Extract<Outcome, { ok: false }>): void {
    if (unsure.has(outcome.code)) return;
    const { code, message } = outcome;
    const place = this.lines.length;
    const id = "instanceId" in command ? command.instanceId : undefined;
    const about = this.lines.filter(({ words }) => words[0] === id || words[0] === "-");
    this.surprises.push(
      [
        `Seed ${this.options.seed}: ${JSON.stringify(command)} was refused with ${code}: ${message}`,
        ...about.map(({ text }) => `  ${text}`),
        `  (line ${place} of the ledger)`,
      ].join("\n"),
    );
  }

  // ------------------------------------------------------------------------- what the world wants

  #track(play: Promise<void>): void {
    const tracked = play.catch((error: unknown) => {
      this.surprises.push(String((error as Error).stack));
    });
    this.#plays.add(tracked);
    void tracked.finally(() => this.#plays.delete(tracked));
  }

  /** One instance after another. */
  async #playOn(): Promise<void> {
    while (!this.#isHealing) await this.#play(this.random.pick(kinds));
  }

  async #play(workflow: string): Promise<void> {
    const number = ++this.#count;
    const reference = `${workflow}-${number}`;
    const isKey = this.random.chance(0.3);
    const start: Command = { type: "start", workflow, reference, isKey, n: number };
    const started = this.insist(() => start);
    // Somebody else starts the same at the same time.
    if (this.random.chance(0.1)) await this.insist(() => start);
    const outcome = await started;
    if (!outcome.ok) return;
    const instanceId = String(outcome.value);
    if (workflow === "letters") this.#track(this.#writeLetters(instanceId));
    if (workflow === "endless") this.#track(this.#cancel(instanceId));
    await this.insist(() => ({ type: "waitFor", instanceId }));
  }

  async #cancel(instanceId: string): Promise<void> {
    await delay(this.random.between(0, 400));
    await this.insist(() => ({ type: "cancel", instanceId }), ["INSTANCE_ENDED"]);
  }

  /** Signals that are repeated until they are acknowledged, and some that are sent once. */
  async #writeLetters(instanceId: string): Promise<void> {
    for (const id of ["a", "b", "c"]) {
      const by = `${id}${++this.#people}`;
      const send = () =>
        this.insist(
          () => ({ type: "signal", instanceId, name: "note", id, by }),
          ["INSTANCE_ENDED"],
        );
      if (this.random.chance(0.3)) this.#track(send().then(() => {}));
      await send();
      if (this.random.chance(0.5)) {
        const extra: Command = {
          type: "signal",
          instanceId,
          name: "extra",
          by: `x${++this.#people}`,
        };
        const outcome = await this.ask(extra);
        if (!outcome.ok && outcome.code !== "INSTANCE_ENDED") this.#checkRefusal(extra, outcome);
      }
    }
  }

  /** People look into the inbox, and do what they find there; sometimes two do the same. */
  async #workOffTasks(): Promise<void> {
    while (!this.#isOver) {
      const outcome = await this.ask({ type: "tasks" });
      if (outcome.ok) {
        for (const task of outcome.value as OpenTask[]) {
          if (!this.random.chance(0.3)) continue;
          this.#track(this.#complete(task));
          if (this.random.chance(0.2)) this.#track(this.#complete(task));
        }
      } else {
        this.#checkRefusal({ type: "tasks" }, outcome);
      }
      await delay(this.random.between(5, 30));
    }
  }

  async #complete({ instanceId, id: taskId }: OpenTask): Promise<void> {
    const by = `h${++this.#people}`;
    const command: Command = { type: "complete", instanceId, taskId, by };
    const outcome = await this.ask(command);
    if (outcome.ok || ["TASK_GONE", "INSTANCE_ENDED"].includes(outcome.code)) return;
    this.#checkRefusal(command, outcome);
  }

  /** An outside service got a token: it calls back, again until it knows; sometimes two call. */
  async #callBack(instanceId: string, path: string, token: string): Promise<void> {
    await delay(this.random.between(0, 50));
    const command = (): Command => {
      return { type: "call", instanceId, path, token, by: `w${++this.#people}` };
    };
    const expected = ["TOKEN_USED", "INSTANCE_ENDED"];
    if (this.random.chance(0.2)) this.#track(this.insist(command, expected).then(() => {}));
    await this.insist(command, expected);
  }

  #receive({ words }: LedgerLine): void {
    const [instanceId = "", path = "", , token = ""] = words;
    if (this.#known.has(token)) return;
    this.#known.add(token);
    this.#track(this.#callBack(instanceId, path, token));
  }

  // --------------------------------------------------------------------------------------- ending

  /** Heals, and gives what was found: the figures, and in words what is wrong. */
  async judge(options: Pick<Evidence, "mayOverlap" | "clocksDiffer">): Promise<Verdict> {
    await this.#heal();
    const { seed, store } = this.options;
    const database = await readDatabase(store);
    const { violations, ...figures } = judge({ seed, lines: this.lines, database, ...options });
    const of = (what: string) => this.lines.filter((line) => line.what === what).length;
    const trouble = {
      ...{ kills: of("killed"), stops: of("closed"), freezes: of("froze") },
      serverKills: of("server-killed"),
    };
    return { figures: { ...trouble, ...figures }, wrong: [...this.surprises, ...violations] };
  }

  /** Nothing breaks any more: all instances come to their end. */
  async #heal(): Promise<void> {
    this.#isHealing = true;
    while (this.#plays.size > 0) {
      const before = this.lines.length;
      const waiting = new AbortController();
      const isQuiet = await Promise.race([
        Promise.all(this.#plays).then(() => false),
        delay(patienceMs, true, { signal: waiting.signal }),
      ]);
      waiting.abort();
      if (isQuiet && this.lines.length === before) {
        const { size } = this.#plays;
        const said = this.#children.map((child) => `${child.name} said:\n${child.said}`);
        this.surprises.push(
          `${size} instances, or those who act on them, are stuck. ${said.join()}`,
        );
        break;
      }
    }
    this.#isOver = true;
    await Promise.race([this.#inbox, delay(1000)]);
    for (const child of this.#children) {
      if (!child.isReady) continue;
      const outcome = await child.close();
      if (!outcome.ok) this.surprises.push(`${child.name} did not close: ${outcome.message}`);
    }
    this.#stage.look();
  }

  /** Whatever happened: no process and no file is left. */
  async remove(): Promise<void> {
    this.#isOver = true;
    await this.#stage.remove();
  }
}
