import type { WorkflowNode } from "../definition/group.ts";
import type { AnyDefinition } from "../definition/workflow-definition.ts";
import { compileDefinition } from "./compile.ts";
import type { GraphEdge, GraphNode, WorkflowGraph } from "./workflow-graph.ts";

/**
 * The shape of a definition: what must stay as it is for the rows of its instances to keep their
 * meaning. That is which steps there are and of what kind, where they stand in their groups, how
 * they join, what ends them (forms, signals, votes), and the edges in their order, since rows name
 * edges by their place. Code, titles, assignment, limits, retries and lengths of time are no part of
 * it: they may change under the same version, and count from then on.
 */
export interface Shape {
  /** One fact a line, in an order that is the same however steps and keys were written. */
  readonly text: string;
  /** A hash of the text: FNV-1a with 64 bits, as 16 hexadecimal digits. */
  readonly fingerprint: string;
}

/** The shape of a definition, to compare what was deployed with what will be. */
export function definitionShape(definition: AnyDefinition): Shape {
  const text = shapeText(compileDefinition(definition));
  return { text, fingerprint: fnv1a(text) };
}

/** Another number when the same definition would give other lines: such texts do not compare. */
const format = "shape 1";

const known = new WeakMap<WorkflowGraph, string>();

/** The text of a graph's shape, made once. */
export function shapeText(graph: WorkflowGraph): string {
  let text = known.get(graph);
  if (text === undefined) {
    // As every store can keep it.
    text = linesOf(graph).join("\n").replaceAll("\0", "\\0").toWellFormed();
    known.set(graph, text);
  }
  return text;
}

/** Whether two texts can be compared at all: other versions of this package write other lines. */
export function isComparable(text: string): boolean {
  return text.startsWith(`${format}\n`);
}

function linesOf(graph: WorkflowGraph): string[] {
  const { definition, nodes, topLevel, edges, reducers } = graph;
  const lines = [format, `begins with ${nodes[graph.initial]?.path}`];
  if (definition.compensate) lines.push("compensates");
  for (const [key, reducer] of [...reducers].sort(([a], [b]) => compare(a, b))) {
    lines.push(`reducer ${key}: ${typeof reducer === "string" ? reducer : "a function"}`);
  }
  const top = nodes.slice(0, topLevel).sort((a, b) => compare(a.path, b.path));
  for (const node of top) addNode(lines, graph, node, "step");
  for (const edge of edges) lines.push(edgeLine(graph, edge));
  return lines;
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** Members stand behind their group, in their order: rows know them by their place. */
function addNode(lines: string[], graph: WorkflowGraph, node: GraphNode, role: string): void {
  const { path, kind, source, members, callback } = node;
  lines.push([`${role} ${path}: ${kind}`, ...factsOf(graph, node)].join(", "));
  const form = kind === "human" ? shapeOfForm(source) : undefined;
  if (form !== undefined) lines.push(`form of ${path}: ${form}`);
  for (const member of members) addNode(lines, graph, graph.nodes[member] as GraphNode, "member");
  if (callback >= 0) addNode(lines, graph, graph.nodes[callback] as GraphNode, "callback");
}

function factsOf(graph: WorkflowGraph, node: GraphNode): string[] {
  const { source, kind, terminal, terminate, cancels, timeoutMs, deadlineMs, mutex } = node;
  const facts: string[] = [];
  if (terminal) facts.push(terminate ? "ends everything" : "terminal");
  if (source.join !== undefined) facts.push(`join ${source.join}`);
  if (source.cancelRest) facts.push("cancels the rest");
  if (cancels.length > 0) {
    const names = cancels.map((index) => graph.nodes[index]?.path ?? "").sort(compare);
    facts.push(`cancels ${names.join(" ")}`);
  }
  if (mutex !== undefined) facts.push(`mutex ${mutex}`);
  // Their timers are rows.
  if (timeoutMs !== undefined) facts.push("has a timeout");
  if (deadlineMs !== undefined) facts.push("has a deadline");
  for (const name of ["reminders", "escalations"]) {
    if (hasAny(source, name)) facts.push(`has ${name}`);
  }
  if (kind === "gateway") {
    facts.push(node.runsCode ? "chooses by a function" : `takes ${optionOf(source, "choice")}`);
  }
  for (const name of ["signal", "workflow", "required", "failure", "settle"]) {
    const option = optionOf(source, name);
    if (option !== undefined) facts.push(`${name} ${option}`);
  }
  for (const name of ["counts", "veto"]) {
    const option = optionOf(source, name);
    if (option !== undefined) facts.push(`${name}: ${option}`);
  }
  return facts;
}

function hasAny(source: WorkflowNode, name: string): boolean {
  const option: unknown = Reflect.get(source, name);
  return Array.isArray(option) ? option.length > 0 : option !== undefined;
}

function optionOf(source: WorkflowNode, name: string): string | undefined {
  const option: unknown = Reflect.get(source, name);
  if (option === undefined) return undefined;
  return typeof option === "function" ? "a function" : String(option);
}

function edgeLine({ definition, nodes }: WorkflowGraph, edge: GraphEdge): string {
  const { index, source, target, on, otherwise } = edge;
  const condition: unknown = definition.edges[index]?.condition;
  const line = [`edge ${nodes[source]?.path} -> ${nodes[target]?.path}`];
  if (on !== "success") line.push(`on ${on}`);
  if (otherwise) line.push("otherwise");
  if (typeof condition === "string") line.push(`if ${condition}`);
  else if (condition !== undefined) line.push("if a function says so");
  return line.join(", ");
}

// ------------------------------------------------------------------------------------------- forms

/** What a form shows and does not check. */
const annotations: ReadonlySet<string> = new Set([
  "$comment",
  "default",
  "deprecated",
  "description",
  "examples",
  "title",
]);

/** Keys of a schema whose value is a table of schemas by names of their own. */
const tables: ReadonlySet<string> = new Set([
  "$defs",
  "definitions",
  "dependentSchemas",
  "patternProperties",
  "properties",
]);

/** Keys of a schema whose value is data. */
const values: ReadonlySet<string> = new Set(["const", "enum"]);

/** What the form of a human step checks; undefined if it has none. */
export function shapeOfForm(source: WorkflowNode): string | undefined {
  const form: unknown = Reflect.get(source, "formSchema");
  if (form === undefined) return undefined;
  // What a Standard Schema checks is code.
  const isData = typeof form === "object" && form !== null && !("~standard" in form);
  return isData ? JSON.stringify(checksOf(form)) : "a schema";
}

/** What a JSON Schema checks, with the keys in order. */
function checksOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(checksOf);
  if (typeof schema !== "object" || schema === null) return schema;
  return sorted(schema, (key, value) => {
    if (annotations.has(key)) return undefined;
    if (values.has(key)) return value;
    const isTable = tables.has(key) && typeof value === "object" && value !== null;
    return isTable ? sorted(value, (_, inner) => checksOf(inner)) : checksOf(value);
  });
}

function sorted(table: object, see: (key: string, value: unknown) => unknown): object {
  const entries = Object.entries(table).sort(([a], [b]) => compare(a, b));
  return Object.fromEntries(entries.map(([key, value]) => [key, see(key, value)]));
}

// -------------------------------------------------------------------------------------------- hash

const offset = 0xcbf29ce484222325n;
const prime = 0x100000001b3n;

/** Over the bytes of the UTF-8 text. */
function fnv1a(text: string): string {
  let hash = offset;
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * prime);
  }
  return hash.toString(16).padStart(16, "0");
}
