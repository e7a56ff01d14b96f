import type { ReadonlyContext } from "../../src/definition/context.ts";
import { Edge, type EdgeOptions } from "../../src/definition/edge.ts";
import {
  ExclusiveGateway,
  InclusiveGateway,
  ParallelGateway,
} from "../../src/definition/gateway.ts";
import {
  ConditionalGroup,
  InterleavedGroup,
  MapGroup,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  SequentialGroup,
  type WorkflowNode,
} from "../../src/definition/group.ts";
import { humanStep } from "../../src/definition/human-step.ts";
import { machineStep, type NodeOptions } from "../../src/definition/step.ts";
import { SignalStep, TimerStep, WebhookStep } from "../../src/definition/wait-steps.ts";
import {
  type AnyDefinition,
  WorkflowDefinition,
} from "../../src/definition/workflow-definition.ts";
import type { ConditionSpec, DefinitionSpec, EdgeSpec, NodeSpec } from "./definition-spec.ts";
import { branchNamed, isGroup, isNo, isYes } from "./definition-spec.ts";

/** The definition that a user would write for this. Its steps' code is never run here. */
export function buildDefinition(spec: DefinitionSpec, version = "1.0.0"): AnyDefinition {
  return new WorkflowDefinition({
    name: "random",
    version,
    steps: Object.fromEntries(spec.nodes.map((node) => [node.name, buildNode(node)])),
    edges: spec.edges.map(buildEdge),
    initialStep: spec.initial,
    terminalSteps: spec.terminals,
    reducers: spec.reducers,
    compensate: spec.compensate ?? false,
  });
}

function buildEdge({ source, target, on, when, otherwise }: EdgeSpec): Edge {
  const options: EdgeOptions = {
    ...(on && { on }),
    ...(otherwise && { otherwise }),
    ...(when && { condition: (context: ReadonlyContext) => holds(when, context) }),
  };
  return new Edge(source, target, options);
}

function holds(condition: ConditionSpec, context: ReadonlyContext): boolean {
  if (condition === "throws") throw new RangeError("This condition always throws.");
  const found =
    "key" in condition ? context.get(condition.key) : context.result(condition.resultOf);
  return found === condition.equals;
}

const never = () => {
  throw new RangeError("The code of a step is run by the engine, not by the machine.");
};

function buildNode(spec: NodeSpec): WorkflowNode {
  const { name, canExecute, retry, timeoutMs, deadlineMs, mutex, cancels, join, cancelRest } = spec;
  const options = {
    name,
    ...(canExecute && { canExecute: never }),
    ...(retry && { retry }),
    ...(timeoutMs && { timeoutMs }),
    ...(deadlineMs && { deadlineMs }),
    ...(mutex && { mutex }),
    ...(cancels && { cancels }),
    ...(join && { join }),
    ...(cancelRest && { cancelRest }),
    ...("compensate" in spec && spec.compensate && { compensate: never }),
  };
  return isGroup(spec) ? buildGroup(spec, options) : buildStep(spec, options);
}

type Spec<Kind extends NodeSpec["kind"]> = Extract<NodeSpec, { readonly kind: Kind }>;

function buildStep(
  spec: Exclude<NodeSpec, { readonly members: unknown }>,
  options: NodeOptions & { readonly name: string },
): WorkflowNode {
  switch (spec.kind) {
    case "machine":
      return machineStep(spec.name, never, options);
    case "human":
      return humanStep(spec.name, options);
    case "timer":
      return new TimerStep({ ...options, durationMs: spec.durationMs });
    case "webhook":
      return new WebhookStep({ ...options, ...(spec.execute && { execute: never }) });
    case "signal":
      return new SignalStep({
        ...options,
        signal: spec.signal,
        ...(spec.transient && { transient: true }),
      });
    case "gateway":
      return buildGateway(spec, options);
  }
}

function buildGateway({ choice }: Spec<"gateway">, options: object): WorkflowNode {
  switch (choice) {
    case "first":
      return new ExclusiveGateway(options);
    case "holding":
      return new InclusiveGateway(options);
    case "all":
      return new ParallelGateway(options);
    case "named":
      return new InclusiveGateway(never, options);
  }
}

function buildGroup(
  spec: Extract<NodeSpec, { readonly members: unknown }>,
  options: NodeOptions & { readonly name: string },
): WorkflowNode {
  const members = spec.members.map(buildNode);
  const callback = "callback" in spec && spec.callback && { callback: buildNode(spec.callback) };
  switch (spec.kind) {
    case "sequential":
      return new SequentialGroup(members, options);
    case "interleaved":
      return new InterleavedGroup(members, options);
    case "parallel":
      return new ParallelGroup(members, { ...options, ...callback, ...limits(spec) });
    case "race":
      return new RaceGroup(members, { ...options, ...(spec.settle && { settle: spec.settle }) });
    case "quorum":
      return new QuorumGroup(members, {
        ...options,
        required: spec.required,
        ...(spec.counts && { counts: isYes }),
        ...(spec.veto && { veto: isNo }),
      });
    case "conditional": {
      const branches = Object.fromEntries(members.map((member) => [member.name, member]));
      const choose = (context: ReadonlyContext) => branchNamed(spec.members, context.get(spec.key));
      return new ConditionalGroup(branches, choose, options);
    }
    case "map":
      return new MapGroup(buildNode(spec.members[0]), {
        ...options,
        items: spec.key,
        ...callback,
        ...limits(spec),
        ...(spec.required && { required: spec.required }),
      });
  }
}

const limits = ({ maxConcurrent, failure }: Spec<"parallel"> | Spec<"map">) => ({
  ...(maxConcurrent && { maxConcurrent }),
  ...(failure && { failure }),
});
