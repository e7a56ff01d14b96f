/**
 * A group of one's own: its body decides which steps run and when, by calling `engine.executeStep`.
 * This one limits how many run at a time with a semaphore, and starts the steps that cost most first:
 * something that no built-in group does.
 */
import {
  BaseMachineStep,
  type GroupEngine,
  StepGroup,
  type WorkflowContext,
  WorkflowDefinition,
} from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer } from "../support/simulated-service.ts";

/** At most so many holders at a time; the others wait in a row. */
class Semaphore {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(places: number) {
    this.#free = places;
  }

  async run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    }
  }
}

class Convert extends BaseMachineStep {
  readonly megabytes: number;

  constructor(name: string, megabytes: number) {
    super();
    this.name = name;
    this.megabytes = megabytes;
  }

  async execute(context: WorkflowContext) {
    await answer("converted", { ms: this.megabytes, signal: context.signal });
    context.set("converted", this.name);
    return this.megabytes;
  }
}

class LargestFirst extends StepGroup {
  override readonly members: readonly Convert[];
  readonly #maxConcurrent: number;

  constructor(members: readonly Convert[], maxConcurrent: number) {
    super();
    this.members = members;
    this.#maxConcurrent = maxConcurrent;
  }

  async execute(context: WorkflowContext, engine: GroupEngine) {
    // One for each run of the body: a group object is shared by all instances.
    const semaphore = new Semaphore(this.#maxConcurrent);
    const largestFirst = this.members.toSorted((a, b) => b.megabytes - a.megabytes);
    const sizes = await Promise.all(
      largestFirst.map((step) => semaphore.run(() => engine.executeStep(step, context))),
    );
    const total = (sizes as number[]).reduce((sum, size) => sum + size, 0);
    context.set("megabytes", total);
    return largestFirst.map(({ name }) => name);
  }
}

export const workflow = new WorkflowDefinition({
  name: "convert_videos",
  reducers: { converted: "append" },
  steps: {
    convert: new LargestFirst(
      [
        new Convert("teaser", 20),
        new Convert("film", 90),
        new Convert("interview", 60),
        new Convert("credits", 40),
      ],
      2,
    ),
  },
  initialStep: "convert",
  terminalSteps: ["convert"],
});

export function main() {
  return runWorkflow(workflow);
}

if (import.meta.main) printInstance(workflow, await main());
