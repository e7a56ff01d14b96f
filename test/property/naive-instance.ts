import type { WorkflowStatus } from "../../src/machine/state.ts";
import type { Data, DefinitionSpec, EdgeSpec, Json, NodeSpec } from "./definition-spec.ts";
import type { ExecutionName } from "./naive-actions.ts";
import { type Execution, type Failure, isAlive, nameOf } from "./naive-execution.ts";

interface StoredSignal {
  readonly name: string;
  readonly data: Json;
}

/** Where an instance stands, by the naive model: all that its rules look at and change. */
export class NaiveInstance {
  readonly spec: DefinitionSpec;
  status: WorkflowStatus = "pending";
  failure: Failure | undefined;
  data: Data;
  /** Every visit, oldest first. */
  readonly executions: Execution[] = [];
  /** Taken edges whose token no execution has used, oldest first. */
  tokens: EdgeSpec[] = [];
  /** Joins that have fired and still take arrivals in, with the edges that counted. */
  readonly openRounds = new Map<string, Set<EdgeSpec>>();
  signals: StoredSignal[] = [];
  readonly signalIds = new Set<string>();
  /** How the instance ends when its compensation is done. */
  compensating: "failed" | "canceled" | undefined;
  now = 0;
  #ticks = 0;

  constructor(spec: DefinitionSpec) {
    this.spec = spec;
    this.data = spec.initialData;
  }

  get hasEnded(): boolean {
    return ["completed", "failed", "canceled"].includes(this.status);
  }

  get alive(): Execution[] {
    return this.executions.filter(isAlive);
  }

  /** The execution of this name that is alive, or else its latest. */
  find(name: ExecutionName): Execution {
    const found = this.executions.filter((execution) => nameOf(execution) === name).at(-1);
    if (!found) throw new RangeError(`There is no execution ${name}.`);
    return found;
  }

  /** Nothing has ended it, and nothing undoes it. */
  get isGoing(): boolean {
    return !this.hasEnded && !this.compensating;
  }

  useTokens(edges: readonly EdgeSpec[]): void {
    for (const edge of edges) this.tokens.splice(this.tokens.indexOf(edge), 1);
  }

  /** Numbers whatever has an order. */
  tick(): number {
    this.#ticks += 1;
    return this.#ticks;
  }

  aliveAt(path: string): Execution[] {
    return this.alive.filter((execution) => execution.path === path && !execution.undoes);
  }

  nodeOf(name: string): NodeSpec {
    const node = this.spec.nodes.find((candidate) => candidate.name === name);
    if (!node) throw new RangeError(`There is no node ${name}.`);
    return node;
  }
}
