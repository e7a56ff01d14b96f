/**
 * A chord: the callback of a group runs once, after all members, and puts together what they gave. It
 * reads their results in declared order, or what they wrote.
 */
import {
  BaseMachineStep,
  ParallelGroup,
  type WorkflowContext,
  WorkflowDefinition,
} from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer } from "../support/simulated-service.ts";

interface Price {
  readonly shop: string;
  readonly price: number;
}

class FetchPrice extends BaseMachineStep {
  readonly #offer: Price;
  readonly #ms: number;

  constructor(shop: string, price: number, ms: number) {
    super();
    this.name = `fetch_${shop}`;
    this.#offer = { shop, price };
    this.#ms = ms;
  }

  async execute(context: WorkflowContext): Promise<Price> {
    const offer = await answer(this.#offer, { ms: this.#ms });
    context.set(`${offer.shop}_price`, offer.price);
    return offer;
  }
}

class Aggregate extends BaseMachineStep {
  override name = "aggregate";

  execute(context: WorkflowContext) {
    const offers = context.results as readonly Price[];
    const best = offers.reduce((a, b) => (b.price < a.price ? b : a));
    context.set("best", best);
    context.set(
      "compared",
      offers.map(({ shop }) => shop),
    );
    // The members' writes are visible here too.
    context.set(
      "prices",
      offers.map(({ shop }) => context.get(`${shop}_price`)),
    );
  }
}

export const workflow = new WorkflowDefinition({
  name: "compare_prices",
  steps: {
    fetch: new ParallelGroup(
      [
        new FetchPrice("north", 31, 90),
        new FetchPrice("south", 24, 60),
        new FetchPrice("west", 28, 30),
      ],
      { callback: new Aggregate() },
    ),
  },
  initialStep: "fetch",
  terminalSteps: ["fetch"],
});

export function main() {
  return runWorkflow(workflow);
}

if (import.meta.main) printInstance(workflow, await main());
