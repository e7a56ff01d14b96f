import {
  anyObject,
  anyValue,
  count,
  moment,
  page,
  paging,
  prose,
  ref,
  text,
  texts,
} from "./words.ts";

const summary = {
  id: { ...text, description: "`instanceId/number`: what stands in the task's address." },
  instanceId: text,
  workflow: text,
  workflowVersion: text,
  tenant: text,
  businessKey: text,
  path: { type: "string", description: "The path of its step." },
  status: { type: "string", enum: ["open", "completed", "withdrawn"] },
  title: { type: "string" },
  description: { type: "string" },
  priority: { type: "integer", minimum: 0, maximum: 100 },
  dueAt: moment,
  assignee: { ...text, description: "Whose it is." },
  claimedAt: { ...moment, description: "Missing if it was not claimed, and so is not released." },
  owner: { ...text, description: "Who delegated it to the assignee, and gets the answer." },
  candidateUsers: texts,
  candidateGroups: texts,
  excludeUsers: texts,
  createdAt: moment,
  endedAt: moment,
  endedBy: text,
  reason: { type: "string", description: "Why it was withdrawn." },
} as const;

const summaryRequired = [
  "id",
  "instanceId",
  "workflow",
  "workflowVersion",
  "path",
  "status",
  "title",
  "priority",
  "createdAt",
] as const;

/** Which tasks; what is left out does not matter. */
export const taskFilter = {
  scope: {
    type: "string",
    enum: ["mine", "all"],
    description: "`mine`, unless told: those that who asks may see; `all` is for administrators.",
  },
  status: { type: "string", enum: ["open", "completed", "withdrawn"] },
  assignee: text,
  assigned: { type: "boolean", description: "Whether it belongs to somebody." },
  endedBy: text,
  instanceId: text,
  workflow: text,
  stepName: { ...text, description: "The path of the step." },
  tenant: { ...text, description: "Only for those who see more than one tenant." },
  businessKey: text,
  dueFrom: moment,
  dueBefore: moment,
} as const;

export const taskListing = {
  ...taskFilter,
  order: {
    type: "string",
    enum: ["created", "due", "ended"],
    description:
      "By which moment, `created` unless told: `created` and `due` begin with the earliest, " +
      "`ended` with the latest. Tasks without the moment are left out.",
  },
  ...paging,
} as const;

const actor = {
  onBehalfOf: { ...text, description: "For whom an administrator acts." },
} as const;

const assignment = {
  type: "object",
  additionalProperties: false,
  required: ["to"],
  properties: { ...actor, to: text },
} as const;

export const taskSchemas = {
  TaskSummary: {
    type: "object",
    additionalProperties: false,
    required: summaryRequired,
    properties: summary,
  },
  Task: {
    type: "object",
    additionalProperties: false,
    required: [...summaryRequired, "allowed"],
    properties: {
      ...summary,
      shown: { ...anyObject, description: "What the decision is about, as it was then." },
      proposal: ref("TaskProposal"),
      form: { ...anyObject, description: "JSON Schema of the data that completes it." },
      allowed: {
        type: "array",
        items: ref("TaskAction"),
        description: "What who asks may do with it now.",
      },
    },
  },
  TaskAction: {
    type: "string",
    enum: ["claim", "release", "reassign", "delegate", "comment", "complete"],
  },
  TaskProposal: {
    type: "object",
    additionalProperties: false,
    required: ["by", "at", "data"],
    description: "What a delegate answered, for the assignee to decide.",
    properties: { by: text, at: moment, data: anyValue },
  },
  TaskPage: page("TaskSummary"),
  TaskCounts: {
    type: "object",
    additionalProperties: false,
    required: ["open", "assigned", "available", "overdue", "atMost"],
    description: "Of open tasks. No number is counted further than `atMost`.",
    properties: {
      open: { ...count, description: "All that fit the filter." },
      assigned: { ...count, description: "Those that belong to who asks." },
      available: { ...count, description: "Those that belong to nobody yet." },
      overdue: { ...count, description: "Those whose due date has passed." },
      atMost: count,
    },
  },
  TaskRequest: { type: "object", additionalProperties: false, properties: actor },
  ReassignRequest: assignment,
  DelegateRequest: assignment,
  CommentRequest: {
    type: "object",
    additionalProperties: false,
    required: ["text"],
    properties: { ...actor, text: prose },
  },
  CompleteRequest: {
    type: "object",
    additionalProperties: false,
    required: ["data"],
    properties: { ...actor, data: { ...anyValue, description: "What the task's form asks for." } },
  },
} as const;
