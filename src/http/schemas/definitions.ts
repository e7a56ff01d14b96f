import { anyObject, count, ref, text, texts, workflowStatus } from "./words.ts";

const summary = {
  workflow: text,
  version: text,
  description: { type: "string" },
  isLatest: { type: "boolean", description: "Whether a start without a version gives this one." },
} as const;

export const definitionSchemas = {
  DefinitionSummary: {
    type: "object",
    additionalProperties: false,
    required: ["workflow", "version", "isLatest"],
    properties: summary,
  },
  DefinitionList: {
    type: "object",
    additionalProperties: false,
    required: ["items"],
    properties: { items: { type: "array", items: ref("DefinitionSummary") } },
  },
  Definition: {
    type: "object",
    additionalProperties: false,
    required: ["workflow", "version", "isLatest", "versions", "compensate"],
    properties: {
      ...summary,
      versions: { ...texts, description: "Every registered version, oldest first." },
      inputSchema: {
        ...anyObject,
        description: "JSON Schema of the initial data, to draw a form that starts an instance.",
      },
      compensate: {
        type: "boolean",
        description: "Whether what succeeded is undone when an instance fails or is cancelled.",
      },
    },
  },
  Graph: {
    type: "object",
    required: ["workflow", "version", "nodes", "edges"],
    description: "A definition as it is drawn; of an instance, with where it stands.",
    properties: {
      workflow: text,
      version: text,
      description: { type: "string" },
      nodes: { type: "array", items: ref("GraphNode") },
      edges: { type: "array", items: ref("GraphEdge") },
      instance: {
        type: "object",
        additionalProperties: false,
        required: ["id", "status"],
        properties: { id: text, status: workflowStatus },
      },
    },
  },
  GraphNode: {
    type: "object",
    required: ["path", "name", "kind", "initial", "terminal", "options", "members"],
    properties: {
      path: { type: "string", description: "Unique in the graph; a map's member is `map/name[]`." },
      name: { type: "string" },
      title: { type: "string" },
      description: { type: "string" },
      kind: { type: "string", description: "Of step (human, machine, …) or group (parallel, …)." },
      initial: { type: "boolean" },
      terminal: { type: "boolean" },
      terminate: { type: "boolean" },
      join: { description: "Its join, if it asks for another than the default." },
      branch: { type: "string" },
      options: { ...anyObject, description: "The options that were set, without functions." },
      members: { type: "array", items: ref("GraphNode") },
      callback: ref("GraphNode"),
      state: {
        type: "string",
        enum: ["done", "running", "waiting", "pending", "skipped", "failed", "canceled", "idle"],
      },
      waitingFor: { type: "array", items: anyObject },
      iteration: count,
      attempt: count,
      progress: {
        type: "object",
        additionalProperties: false,
        required: ["done", "failed", "running", "total"],
        properties: { done: count, failed: count, running: count, total: count },
      },
      winner: { type: "string" },
      undone: { type: "boolean" },
    },
  },
  GraphEdge: {
    type: "object",
    required: ["source", "target", "conditional", "otherwise", "on"],
    properties: {
      source: { type: "string" },
      target: { type: "string" },
      label: { type: "string" },
      conditional: { type: "boolean" },
      otherwise: { type: "boolean" },
      on: { type: "string", enum: ["success", "failure", "always", "cancel"] },
      taken: { ...count, description: "How often the instance has taken it." },
    },
  },
} as const;
