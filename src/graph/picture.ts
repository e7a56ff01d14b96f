import type { FailureMode, GroupKind, WorkflowNode } from "../definition/group.ts";
import type { Join, RetryPolicy, StepKind } from "../definition/step.ts";
import type { AnyDefinition } from "../definition/workflow-definition.ts";
import { InvalidArgumentError } from "../errors.ts";
import { compileDefinition } from "./compile.ts";
import { type FormerStep, formerSteps } from "./former-steps.ts";
import { type NodeFacts, nodeFacts, type PicturedInstance } from "./picture-facts.ts";
import type { GraphEdge, GraphNode, WorkflowGraph } from "./workflow-graph.ts";

/** A definition as it is drawn, with an instance's state if one was given: plain JSON. */
export interface Picture {
  readonly workflow: string;
  readonly version: string;
  readonly description?: string;
  /** The steps and groups at top level, in declared order; groups hold their members. */
  readonly nodes: readonly PictureNode[];
  readonly edges: readonly PictureEdge[];
  /** What ran of the instance in earlier versions and is no step of this one; if there is any. */
  readonly former?: readonly FormerStep[];
  readonly instance?: Pick<PicturedInstance, "id" | "status">;
}

/** A step or group; the fields of `NodeFacts` are there when an instance was given. */
export interface PictureNode extends Partial<NodeFacts> {
  /** Unique in the picture: `notify/send_email`; the member of a map is `notify/send[]`. */
  readonly path: string;
  readonly name: string;
  /** Only if it is a text: what a function of the context gives is not known beforehand. */
  readonly title?: string;
  readonly description?: string;
  readonly kind: StepKind | GroupKind;
  readonly initial: boolean;
  readonly terminal: boolean;
  /** Reaching its end ends the whole instance. */
  readonly terminate?: true;
  /** Its join, if it asks for another than the default. */
  readonly join?: Join;
  /** In a conditional group: the name by which its function chooses this member. */
  readonly branch?: string;
  readonly options: PictureOptions;
  /** Of a group, in declared order; of a map, the one member that runs for every item. */
  readonly members: readonly PictureNode[];
  /** What runs once after the members. */
  readonly callback?: PictureNode;
}

/** The options that were set, as the classes of steps and groups name them, without functions. */
export interface PictureOptions {
  readonly timeoutMs?: number;
  readonly deadlineMs?: number;
  readonly retry?: Omit<RetryPolicy, "retryOn">;
  readonly limit?: string;
  readonly mutex?: string;
  readonly cancels?: readonly string[];
  readonly cancelRest?: boolean;
  readonly assignee?: string;
  readonly assigneeKey?: string;
  readonly candidateUsers?: readonly string[];
  readonly candidateGroups?: readonly string[];
  readonly excludeUsers?: readonly string[];
  readonly durationMs?: number;
  /** As an ISO 8601 string if it was given as a date. */
  readonly until?: string | number;
  readonly signal?: string;
  readonly transient?: boolean;
  readonly workflow?: string;
  readonly version?: string;
  readonly choice?: "first" | "holding" | "all";
  readonly maxConcurrent?: number;
  readonly failure?: FailureMode;
  readonly settle?: "success" | "first";
  readonly required?: number;
  readonly counts?: string;
  readonly veto?: string;
  readonly items?: string;
}

export interface PictureEdge {
  readonly source: string;
  readonly target: string;
  /** Its label, or else its condition as CEL text. */
  readonly label?: string;
  /** Whether it has a condition, be it text or a function. */
  readonly conditional: boolean;
  readonly otherwise: boolean;
  readonly on: "success" | "failure" | "always" | "cancel";
  /** How often the instance has taken it. */
  readonly taken?: number;
}

/**
 * The structure of a definition as data; with an instance, also where it stands. Takes time in
 * proportion to the definition and the executions of the instance.
 *
 * @throws InvalidArgumentError if the instance is one of another workflow or version.
 */
export function pictureOf(definition: AnyDefinition, instance?: PicturedInstance): Picture {
  const graph = compileDefinition(definition);
  if (instance !== undefined) checkInstance(definition, instance);
  const facts = instance === undefined ? [] : nodeFacts(graph, instance);
  const uses = instance?.edges;
  const former = instance === undefined ? [] : formerSteps(instance);
  const { name, version, description } = definition;
  return {
    workflow: name,
    version,
    ...(description !== undefined && { description }),
    nodes: graph.nodes.slice(0, graph.topLevel).map((node) => drawNode(graph, node, facts)),
    edges: graph.edges.map((edge) => drawEdge(graph, edge, uses)),
    ...(former.length > 0 && { former }),
    ...(instance !== undefined && { instance: { id: instance.id, status: instance.status } }),
  };
}

function checkInstance(definition: AnyDefinition, instance: PicturedInstance): void {
  const { name, version } = definition;
  if (instance.workflow === name && instance.version === version) return;
  throw new InvalidArgumentError(
    `Instance "${instance.id}" is one of workflow "${instance.workflow}" ${instance.version}, ` +
      `not of "${name}" ${version}; draw it with the definition that it runs.`,
  );
}

function drawNode(graph: WorkflowGraph, node: GraphNode, facts: readonly NodeFacts[]): PictureNode {
  const { index, path, name, kind, source, terminal } = node;
  const isBranch = graph.nodes[node.parent]?.kind === "conditional";
  const draw = (member: number) => drawNode(graph, graph.nodes[member] as GraphNode, facts);
  return {
    path,
    name,
    ...textsOf(source, isBranch ? name : undefined),
    kind,
    initial: index === graph.initial,
    terminal,
    ...(node.terminate && { terminate: true }),
    ...(source.join !== undefined && { join: source.join }),
    ...(isBranch && { branch: name }),
    options: optionsOf(source),
    members: node.members.map(draw),
    ...(node.callback >= 0 && { callback: draw(node.callback) }),
    ...facts[index],
  };
}

/** A branch is known by its key; what its step is called is worth showing too. */
function textsOf(source: WorkflowNode, branch: string | undefined) {
  const ownName = branch !== undefined && source.name !== branch ? source.name : "";
  const title = typeof source.title === "string" ? source.title : ownName;
  return {
    ...(/[^\s\p{Cc}]/u.test(title) && { title }),
    ...(typeof source.description === "string" && { description: source.description }),
  };
}

const plainOptions = [
  "timeoutMs",
  "deadlineMs",
  "limit",
  "mutex",
  "cancels",
  "cancelRest",
  "assignee",
  "assigneeKey",
  "candidateUsers",
  "candidateGroups",
  "excludeUsers",
  "durationMs",
  "until",
  "signal",
  "transient",
  "workflow",
  "version",
  "choice",
  "maxConcurrent",
  "failure",
  "settle",
  "required",
  "counts",
  "veto",
  "items",
] as const satisfies readonly (keyof PictureOptions)[];

function optionsOf(source: WorkflowNode): PictureOptions {
  const options: Record<string, unknown> = {};
  for (const name of plainOptions) {
    const value: unknown = Reflect.get(source, name);
    if (value instanceof Date) options[name] = value.toISOString();
    else if (Array.isArray(value)) options[name] = [...value];
    else if (value !== undefined && typeof value !== "function") options[name] = value;
  }
  if (source.retry !== undefined) {
    const { retryOn: _code, ...retry } = source.retry;
    options.retry = retry;
  }
  return options;
}

function drawEdge(
  graph: WorkflowGraph,
  edge: GraphEdge,
  uses: PicturedInstance["edges"] | undefined,
): PictureEdge {
  const { source, target, label, condition, otherwise, on, index } = edge;
  return {
    source: (graph.nodes[source] as GraphNode).path,
    target: (graph.nodes[target] as GraphNode).path,
    ...(label !== undefined && { label }),
    conditional: condition !== undefined,
    otherwise,
    on,
    ...(uses !== undefined && { taken: uses[index]?.taken ?? 0 }),
  };
}
