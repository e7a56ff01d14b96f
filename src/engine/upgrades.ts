import { InvalidArgumentError, WorkflowsError } from "../errors.ts";
import type { WorkflowGraph } from "../graph/workflow-graph.ts";
import type { EpochMs, Rejection, Upgrade, UpgradeCommand } from "../machine/index.ts";
import { Transition } from "../machine/transition.ts";
import { isRejection, refusalOf, upgradeIn } from "../machine/upgrade.ts";
import { checkTexts } from "../text.ts";
import type { Definitions } from "./definitions.ts";
import type { InstanceRuntime } from "./instance-runtime.ts";
import { errorOfRejection } from "./rejections.ts";

export interface UpgradeOptions {
  readonly instanceId: string;
  /** A registered version of the instance's workflow: mostly a later one, but any other will do. */
  readonly version: string;
  /** The new paths of steps, groups and members that are called otherwise there. */
  readonly steps?: Readonly<Record<string, string>>;
  /** Tells what would happen, and changes nothing. */
  readonly dryRun?: boolean;
  readonly userId?: string;
  readonly onBehalfOf?: string;
  readonly through?: string;
}

/** What an upgrade does, or in a dry run would do. */
export interface UpgradePlan extends Upgrade {
  readonly instanceId: string;
  readonly workflow: string;
  /** Whether it was done. */
  readonly isDone: boolean;
}

/** How an instance is found, read and changed. */
export interface UpgradeEngine {
  find(instanceId: string): Promise<InstanceRuntime>;
  read<Seen>(instanceId: string, see: (runtime: InstanceRuntime) => Seen): Promise<Seen>;
  act<Seen>(
    found: InstanceRuntime,
    command: UpgradeCommand,
    see: (runtime: InstanceRuntime) => Seen,
  ): Promise<Seen>;
}

/** Moves instances to other versions of their definitions. */
export class Upgrades {
  readonly #definitions: Definitions;
  readonly #now: () => EpochMs;
  /** What became of upgrades that were decided here. */
  readonly #decided = new WeakMap<UpgradeCommand, Upgrade>();

  constructor(definitions: Definitions, now: () => EpochMs) {
    this.#definitions = definitions;
    this.#now = now;
  }

  /**
   * The definition is at hand, and is the one that instances of this version were made with.
   *
   * @throws UnknownWorkflowError, DefinitionChangedError
   */
  async prepare({ state }: InstanceRuntime, { version }: UpgradeCommand): Promise<WorkflowGraph> {
    const graph = this.#definitions.graphOf(state.instance.workflow, version);
    await this.#definitions.shapes.check(graph);
    return graph;
  }

  async upgrade(engine: UpgradeEngine, options: UpgradeOptions): Promise<UpgradePlan> {
    const { instanceId } = options;
    const command = commandOf(options);
    const runtime = await engine.find(instanceId);
    const after = await this.prepare(runtime, command);
    const planned = await engine.read(instanceId, (found) => this.#plan(found, after, command));
    if (options.dryRun) return { ...planned, isDone: false };
    await engine.act(runtime, command, () => undefined);
    // If another worker has decided it, it is told as it was planned.
    return { ...planned, ...this.#decided.get(command), isDone: true };
  }

  /** What the upgrade would do if it were done now. */
  #plan({ id, graph, state }: InstanceRuntime, after: WorkflowGraph, command: UpgradeCommand) {
    const t = new Transition(this.#now()).reset(graph, state);
    const outcome = upgradeIn(t, after, command);
    if (isRejection(outcome)) throw errorOfRejection(outcome);
    return { instanceId: id, workflow: state.instance.workflow, ...outcome };
  }

  /** Decides it in a transition for the instance, for good. */
  decide(t: Transition, command: UpgradeCommand): Rejection | undefined {
    let after: WorkflowGraph;
    try {
      after = this.#definitions.graphOf(t.state.instance.workflow, command.version);
    } catch (error) {
      if (!(error instanceof WorkflowsError)) throw error;
      return { code: "UNKNOWN_WORKFLOW", message: error.message };
    }
    if (!this.#definitions.shapes.isChecked(after)) {
      const message = `Version ${command.version} is not the one that its instances were made with.`;
      return { code: "DEFINITION_CHANGED", message };
    }
    const outcome = upgradeIn(t, after, command);
    const rejection = isRejection(outcome) ? outcome : refusalOf(t.state, outcome);
    if (rejection !== undefined || isRejection(outcome)) return rejection;
    this.#decided.set(command, outcome);
    return undefined;
  }
}

/** @throws InvalidArgumentError */
export function commandOf(options: UpgradeOptions): UpgradeCommand {
  const { version, steps = {}, userId: user, onBehalfOf, through } = options;
  checkTexts({ version, userId: user, onBehalfOf, through });
  if (typeof version !== "string") {
    throw new InvalidArgumentError("version must be given: the version to move the instance to.");
  }
  const isTable = typeof steps === "object" && steps !== null && !Array.isArray(steps);
  if (!isTable || Object.values(steps).some((path) => typeof path !== "string")) {
    throw new InvalidArgumentError(
      'steps must give the new path of a step by its old one, as in { approve: "review" }.',
    );
  }
  return { type: "Upgrade", version, steps: { ...steps }, actor: { user, onBehalfOf, through } };
}
