import type { ReadonlyContext } from "../definition/context.ts";
import type { Edge } from "../definition/edge.ts";
import { compileExpression } from "../definition/expression.ts";
import { Group, type ResultPredicate, type WorkflowNode } from "../definition/group.ts";
import type { AnyDefinition } from "../definition/workflow-definition.ts";
import { InternalError } from "../errors.ts";
import { condense } from "./components.ts";
import type {
  GraphEdge,
  GraphNode,
  JoinRule,
  PureFunction,
  WorkflowGraph,
} from "./workflow-graph.ts";

const compiled = new WeakMap<AnyDefinition, WorkflowGraph>();

/** Resolves a definition once; later calls give the same graph. */
export function compileDefinition(definition: AnyDefinition): WorkflowGraph {
  let graph = compiled.get(definition);
  if (graph === undefined) {
    graph = compile(definition);
    compiled.set(definition, graph);
  }
  return graph;
}

type MutableNode = { -readonly [Key in keyof GraphNode]: GraphNode[Key] };

function compile(definition: AnyDefinition): WorkflowGraph {
  const nodes: MutableNode[] = [];
  const names = Object.keys(definition.steps);
  for (const name of names) {
    const source = definition.steps[name] as WorkflowNode;
    nodes.push(newNode(nodes.length, name, name, source, -1, true));
  }
  const indexOf = new Map(names.map((name, index) => [name, index]));
  const edges = definition.edges.map((edge, index) => compileEdge(edge, index, indexOf));
  connect(nodes, edges);
  for (const { step, terminate } of definition.terminalSteps) {
    const node = nodes[indexOf.get(step) as number] as MutableNode;
    node.terminal = true;
    node.terminate ||= terminate;
  }
  for (const node of nodes) {
    node.join = joinRule(node);
    node.cancels = (node.source.cancels ?? []).map((other) => indexOf.get(other) as number);
    node.always = unconditionalEdges(node, edges);
  }
  for (const node of nodes.slice()) addMembers(nodes, node);

  return {
    definition,
    nodes,
    topLevel: names.length,
    edges,
    initial: indexOf.get(definition.initialStep) as number,
    nodeByPath: new Map(nodes.map((node) => [node.path, node.index])),
    reducers: new Map(Object.entries(definition.reducers)),
    components: nodes.some(({ join }) => join.kind !== "each")
      ? condense({
          size: names.length,
          outgoing: nodes.slice(0, names.length).map(({ outgoing }) => outgoing),
          targetOf: (edge) => (edges[edge] as GraphEdge).target,
        })
      : undefined,
  };
}

/**
 * Compiles a step that a user's own group calls and the definition does not declare, as if it had
 * been declared: the graph of this one node, whose indexes start at `firstIndex`.
 */
export function compileMember(
  source: WorkflowNode,
  path: string,
  parent: GraphNode,
  firstIndex: number,
): GraphNode[] {
  const nodes: MutableNode[] = [];
  const root = newNode(
    firstIndex,
    path,
    source.name,
    source,
    parent.index,
    !parent.path.includes("[]"),
  );
  nodes.push(root);
  addMembers(nodes, root, firstIndex);
  return nodes;
}

function newNode(
  index: number,
  path: string,
  name: string,
  source: WorkflowNode,
  parent: number,
  writesData: boolean,
): MutableNode {
  const has = (hook: string) => hook in source && source[hook as keyof typeof source] !== undefined;
  const runsCode =
    source.kind === "machine" ||
    source.kind === "custom" ||
    (source.kind === "gateway" && has("evaluate"));
  const preparation = has("canExecute") || (source.kind === "webhook" && has("execute"));
  return {
    index,
    path,
    name,
    kind: source.kind,
    source,
    parent,
    members: none,
    callback: -1,
    writesData: writesData && !(source instanceof Group),
    runsCode,
    prepares: preparation && !runsCode,
    isGuarded: has("canExecute"),
    isObserved: has("onSuccess") || has("onFailure"),
    retry: source.retry,
    timeoutMs: source.timeoutMs,
    deadlineMs: source.deadlineMs,
    limit: "limit" in source ? source.limit : undefined,
    mutex: source.mutex,
    counts: undefined,
    veto: undefined,
    incoming: none,
    outgoing: none,
    always: none,
    join: { kind: "each" },
    terminal: false,
    terminate: false,
    cancels: none,
  };
}

/**
 * Stands in for a step that a user's own group called and did not declare, from when the rows of
 * its execution are loaded until the group's body calls it again.
 */
export const unboundStep = Object.freeze({ kind: "machine", name: "" }) as unknown as WorkflowNode;

// Lists are shared and never changed, and not frozen: V8 goes through frozen ones the slow way.
const none: readonly number[] = [];

function addMembers(nodes: MutableNode[], node: MutableNode, firstIndex = 0): void {
  const { source } = node;
  if (!(source instanceof Group)) return;
  const insideMap = node.path.includes("[]");
  const add = (member: WorkflowNode, name: string, isItem: boolean): number => {
    const index = firstIndex + nodes.length;
    const path = `${node.path}/${name}${isItem ? "[]" : ""}`;
    const child = newNode(index, path, name, member, node.index, !insideMap && !isItem);
    nodes.push(child);
    addMembers(nodes, child, firstIndex);
    return index;
  };
  const isMap = source.kind === "map";
  const { members, callback } = membersOf(source);
  node.members = members.map(([name, member]) => add(member, name, isMap));
  if (callback !== undefined) node.callback = add(callback, callback.name, false);
  if (source.kind === "quorum") {
    const { counts, veto } = source as Group & {
      counts?: ResultPredicate<unknown>;
      veto?: ResultPredicate<unknown>;
    };
    node.counts = compilePredicate(counts);
    node.veto = compilePredicate(veto);
  }
}

interface MemberFields {
  readonly members?: readonly WorkflowNode[];
  readonly member?: WorkflowNode;
  readonly branches?: Readonly<Record<string, WorkflowNode>>;
  readonly callback?: WorkflowNode;
}

/** The members of any kind of group with their names, and its callback. */
function membersOf(group: Group): {
  members: (readonly [name: string, member: WorkflowNode])[];
  callback: WorkflowNode | undefined;
} {
  const { members, member, branches, callback } = group as Group & MemberFields;
  if (branches !== undefined) return { members: Object.entries(branches), callback };
  const list = member === undefined ? (members ?? []) : [member];
  return { members: list.map((each) => [each.name, each] as const), callback };
}

function compilePredicate(predicate: ResultPredicate<unknown> | undefined) {
  if (typeof predicate !== "string") return predicate;
  const expression = compileExpression(predicate);
  return (result: unknown) => expression.evaluate({ result });
}

function compileEdge(edge: Edge, index: number, indexOf: ReadonlyMap<string, number>): GraphEdge {
  const source = indexOf.get(edge.source);
  const target = indexOf.get(edge.target);
  if (source === undefined || target === undefined) {
    throw new InternalError(`The edge ${edge.source} -> ${edge.target} was not validated.`);
  }
  const on = edge.on ?? "success";
  return {
    index,
    id: `${edge.source} -> ${edge.target}${on === "success" ? "" : ` (on ${on})`}`,
    source,
    target,
    on,
    condition: compileCondition(edge.condition),
    otherwise: edge.otherwise ?? false,
    alone: [index],
    label: edge.label ?? (typeof edge.condition === "string" ? edge.condition : undefined),
  };
}

function compileCondition(condition: Edge["condition"]): PureFunction | undefined {
  if (typeof condition !== "string") return condition;
  const expression = compileExpression(condition);
  return (context: ReadonlyContext) => {
    const variables: Record<string, unknown> = {};
    for (const name of expression.variables) {
      const value = context.get(name);
      if (value !== undefined) variables[name] = value;
    }
    return expression.evaluate(variables);
  };
}

function connect(nodes: MutableNode[], edges: readonly GraphEdge[]): void {
  const incoming = nodes.map((): number[] => []);
  const outgoing = nodes.map((): number[] => []);
  for (const edge of edges) {
    outgoing[edge.source]?.push(edge.index);
    incoming[edge.target]?.push(edge.index);
  }
  nodes.forEach((node, index) => {
    node.incoming = incoming[index] ?? none;
    node.outgoing = outgoing[index] ?? none;
  });
}

function joinRule({ source, incoming }: GraphNode): JoinRule {
  const { join, cancelRest = false } = source;
  if (incoming.length < 2 && !(typeof join === "number" && join > 1)) return { kind: "each" };
  if (join === undefined) return { kind: "all" };
  if (join === "each") return { kind: "each" };
  if (join === "and") return { kind: "and" };
  return { kind: "count", count: join === "any" ? 1 : join, cancelRest };
}

/** What a success takes when no condition, `otherwise` or choice has a say in it. */
function unconditionalEdges(
  node: GraphNode,
  edges: readonly GraphEdge[],
): readonly number[] | undefined {
  // What a step cancels goes before its own edges are taken.
  if (node.kind === "gateway" || node.cancels.length > 0) return undefined;
  const meant = node.outgoing.filter((index) => {
    const { on } = edges[index] as GraphEdge;
    return on === "success" || on === "always";
  });
  const depends = meant.some((index) => {
    const edge = edges[index] as GraphEdge;
    return edge.condition !== undefined || edge.otherwise;
  });
  return depends ? undefined : meant;
}
