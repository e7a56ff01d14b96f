/**
 * Gateways decide and do no work. An exclusive one takes one edge, an inclusive one every edge that
 * fits, and the step where the paths meet again waits for those that were taken: no more, no less.
 */
import {
  Edge,
  ExclusiveGateway,
  InclusiveGateway,
  machineStep,
  WorkflowDefinition,
} from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

const note = (text: string) =>
  machineStep(text, (context) => context.set("done", text), { title: text });

export const workflow = new WorkflowDefinition({
  name: "parcel",
  reducers: { done: "append" },
  steps: {
    // Names the targets in code: the first edge whose condition holds would do as well.
    size: new ExclusiveGateway((context) =>
      Number(context.get("weight_kg")) > 30 ? "send_freight" : "send_parcel",
    ),
    send_parcel: note("send_parcel"),
    send_freight: note("send_freight"),
    // No code: every edge whose condition holds is taken, and one that has none always is.
    extras: new InclusiveGateway(),
    insure: note("insure"),
    gift_wrap: note("gift_wrap"),
    label: note("label"),
    hand_over: note("hand_over"),
  },
  edges: [
    new Edge("size", "send_parcel"),
    new Edge("size", "send_freight"),
    new Edge("send_parcel", "extras"),
    new Edge("send_freight", "extras"),
    new Edge("extras", "insure", { condition: "value > 500" }),
    new Edge("extras", "gift_wrap", { condition: "gift" }),
    new Edge("extras", "label"),
    new Edge("insure", "hand_over"),
    new Edge("gift_wrap", "hand_over"),
    new Edge("label", "hand_over"),
  ],
  initialStep: "size",
  terminalSteps: ["hand_over"],
});

export interface Parcel {
  readonly weight_kg: number;
  readonly value: number;
  readonly gift: boolean;
}

export function main(parcel: Parcel = { weight_kg: 2, value: 900, gift: true }) {
  return runWorkflow(workflow, { ...parcel });
}

if (import.meta.main) printInstance(workflow, await main());
