import type { LocalExecutionEngine } from "../engine/local-execution-engine.ts";
import type { HumanTask } from "../engine/tasks.ts";
import { AmbiguousTaskError, UnknownTaskError } from "../errors.ts";
import type { TestInstance } from "./test-instance.ts";

export interface PersonOptions {
  readonly groups?: readonly string[];
  /** Acts as an administrator. */
  readonly admin?: boolean;
}

/** Which task is meant, where several instances have one of the same step. */
export interface OnInstance {
  readonly on?: TestInstance;
}

interface Place {
  readonly engine: LocalExecutionEngine;
  act<Result>(call: Promise<Result>): Promise<Result | undefined>;
  instances(): readonly TestInstance[];
}

/**
 * Somebody who acts in a test. Steps are named by their path, or by their name where only one has
 * it. A call rejects with the engine's error when the engine refuses it.
 */
export class Person {
  readonly id: string;
  readonly #options: PersonOptions;
  readonly #place: Place;

  constructor(id: string, options: PersonOptions, place: Place) {
    this.id = id;
    this.#options = options;
    this.#place = place;
  }

  /** The open tasks that this person may complete, oldest first. */
  async sees(): Promise<readonly HumanTask[]> {
    const { groups = [], admin } = this.#options;
    const { tasks } = this.#place.engine;
    const query = admin ? {} : { userId: this.id, groups };
    return (await tasks.list({ ...query, limit: 1000 })).items;
  }

  /** Completes a task with the data of its form. */
  async completes(stepName: string, data: unknown = {}, where: OnInstance = {}): Promise<void> {
    const { engine } = this.#place;
    await this.#act(engine.completeHumanTask({ ...this.#task(stepName, where), data }));
  }

  async claims(stepName: string, where: OnInstance = {}): Promise<void> {
    await this.#act(this.#place.engine.tasks.claim(this.#task(stepName, where)));
  }

  async releases(stepName: string, where: OnInstance = {}): Promise<void> {
    await this.#act(this.#place.engine.tasks.release(this.#task(stepName, where)));
  }

  async reassigns(stepName: string, to: Person | string, where: OnInstance = {}): Promise<void> {
    const task = { ...this.#task(stepName, where), to: idOf(to) };
    await this.#act(this.#place.engine.tasks.reassign(task));
  }

  async delegates(stepName: string, to: Person | string, where: OnInstance = {}): Promise<void> {
    const task = { ...this.#task(stepName, where), to: idOf(to) };
    await this.#act(this.#place.engine.tasks.delegate(task));
  }

  async comments(stepName: string, text: string, where: OnInstance = {}): Promise<void> {
    await this.#act(this.#place.engine.tasks.comment({ ...this.#task(stepName, where), text }));
  }

  async cancels(instance: TestInstance, reason?: string): Promise<void> {
    const options = { userId: this.id, ...(reason === undefined ? {} : { reason }) };
    await this.#act(this.#place.engine.cancelWorkflow(instance.id, options));
  }

  #act(call: Promise<unknown>): Promise<unknown> {
    return this.#place.act(call);
  }

  #task(stepName: string, { on }: OnInstance) {
    const instances = on === undefined ? this.#place.instances() : [on];
    const isNamed = ({ path }: HumanTask) => path === stepName || path.endsWith(`/${stepName}`);
    const open = instances.filter(({ now }) => now.tasks.some(isNamed));
    const [meant, ...others] = open.length > 0 ? open : instances.slice(-1);
    if (meant === undefined) {
      throw new UnknownTaskError(`No instance was started that could have a task "${stepName}".`);
    }
    if (others.length > 0) {
      throw new AmbiguousTaskError(
        `${open.length} instances have an open task "${stepName}"; say which is meant: { on }.`,
      );
    }
    const { groups = [], admin = false } = this.#options;
    return { instanceId: meant.id, stepName, userId: this.id, groups, admin };
  }
}

function idOf(person: Person | string): string {
  return typeof person === "string" ? person : person.id;
}
