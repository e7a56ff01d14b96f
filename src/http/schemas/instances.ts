import {
  anyObject,
  anyValue,
  count,
  moment,
  page,
  paging,
  prose,
  ref,
  stepStatus,
  text,
  texts,
  workflowStatus,
} from "./words.ts";

const summary = {
  id: text,
  workflow: text,
  version: text,
  status: workflowStatus,
  startedAt: moment,
  endedAt: moment,
  user: { ...text, description: "Who started it." },
  tenant: text,
  businessKey: { ...text, description: "What the application knows it by." },
  tags: texts,
  error: ref("RecordedError"),
  reason: { type: "string", description: "Why it was cancelled." },
  compensating: { type: "string", enum: ["failed", "canceled"] },
  parentId: { ...text, description: "The instance whose subworkflow step waits for this one." },
} as const;

const summaryRequired = ["id", "workflow", "version", "status", "startedAt", "tags"] as const;

/** Which instances; what is left out does not matter. */
export const instanceFilter = {
  workflow: text,
  version: text,
  status: { type: "array", items: workflowStatus, description: "Any of these." },
  businessKey: text,
  user: { ...text, description: "Who started it." },
  tenant: { ...text, description: "Only for those who see more than one tenant." },
  tag: { ...texts, description: "All of these." },
  startedFrom: moment,
  startedBefore: moment,
  parentId: { ...text, description: "Only children of this instance." },
} as const;

export const instanceListing = {
  ...instanceFilter,
  order: { type: "string", enum: ["newest", "oldest"], description: "`newest` unless told." },
  ...paging,
} as const;

export const instanceSchemas = {
  RecordedError: {
    type: "object",
    required: ["code", "message"],
    description: "Why a step, group or instance failed.",
    properties: {
      code: { type: "string" },
      message: { type: "string" },
      path: { type: "string" },
      name: { type: "string" },
      errors: { type: "array", items: ref("RecordedError") },
      cause: ref("RecordedError"),
    },
  },
  InstanceSummary: {
    type: "object",
    additionalProperties: false,
    required: summaryRequired,
    properties: summary,
  },
  Instance: {
    type: "object",
    additionalProperties: false,
    required: [...summaryRequired, "data", "stepCount", "tasks", "allowed"],
    properties: {
      ...summary,
      data: { ...anyObject, description: "The committed context." },
      stepCount: { ...count, description: "How many executions there are." },
      tasks: {
        type: "array",
        items: ref("TaskSummary"),
        description: "Its open tasks, oldest first, at most 100.",
      },
      allowed: {
        type: "array",
        items: ref("InstanceAction"),
        description: "What who asks may do with it, as far as its status allows it.",
      },
    },
  },
  InstanceAction: {
    type: "string",
    enum: ["cancel", "pause", "resume", "retry", "signal", "change-steps", "upgrade"],
  },
  InstancePage: page("InstanceSummary"),
  InstanceCount: {
    type: "object",
    additionalProperties: false,
    required: ["workflow", "version", "status", "count", "oldestStartedAt"],
    properties: {
      workflow: text,
      version: text,
      status: workflowStatus,
      count,
      oldestStartedAt: moment,
    },
  },
  InstanceCounts: {
    type: "object",
    additionalProperties: false,
    required: ["items"],
    properties: { items: { type: "array", items: ref("InstanceCount") } },
  },
  StepExecution: {
    type: "object",
    additionalProperties: false,
    required: ["id", "parent", "path", "status", "attempt", "iteration", "compensates", "order"],
    description: "One visit to a step or group.",
    properties: {
      id: { ...count, description: "Numbers the executions of an instance, from 1." },
      parent: { ...count, description: "The execution of its group; 0 for none." },
      path: { type: "string" },
      status: stepStatus,
      attempt: count,
      iteration: count,
      startedAt: moment,
      endedAt: moment,
      result: anyValue,
      writes: { ...anyObject, description: "What it wrote to the context." },
      error: ref("RecordedError"),
      compensates: { ...count, description: "The execution that it undoes; 0 for none." },
      order: { ...count, description: "Numbers what happens in an instance; see the guide." },
      itemCount: { ...count, description: "Of a map that has started: how many items it has." },
    },
  },
  StepPage: page("StepExecution"),
  HistoryEntry: {
    type: "object",
    additionalProperties: false,
    required: ["number", "type", "at"],
    description: "What a person, an operator or a task's timer did.",
    properties: {
      number: { ...count, description: "Grows with each entry of the instance." },
      type: {
        type: "string",
        description: "`started`, `canceled`, `task-claimed`, `task-completed` and so on.",
      },
      at: moment,
      user: { ...text, description: "Missing for a timer." },
      onBehalfOf: text,
      through: { ...text, description: "By which way it came in." },
      path: { type: "string", description: "The step that it concerns." },
      taskId: { ...text, description: "The task, by its id." },
      details: { ...anyObject, description: "Such as a comment's text, or a reason." },
    },
  },
  HistoryPage: page("HistoryEntry"),
  StartRequest: {
    type: "object",
    additionalProperties: false,
    required: ["workflow"],
    properties: {
      workflow: text,
      version: { ...text, description: "The latest unless told." },
      initialData: anyObject,
      businessKey: text,
      tags: texts,
    },
  },
  CancelRequest: {
    type: "object",
    additionalProperties: false,
    properties: { reason: prose },
  },
  PauseRequest: { type: "object", additionalProperties: false, properties: {} },
  ResumeRequest: { type: "object", additionalProperties: false, properties: {} },
  RetryRequest: {
    type: "object",
    additionalProperties: false,
    properties: { from: { ...text, description: "A step; what failed unless told." } },
  },
  SignalRequest: {
    type: "object",
    additionalProperties: false,
    required: ["name"],
    properties: {
      name: text,
      data: anyValue,
      id: {
        ...text,
        description: "A repeated signal with the same id counts once; else the Idempotency-Key.",
      },
    },
  },
  StepRequest: {
    type: "object",
    additionalProperties: false,
    required: ["stepName"],
    properties: { stepName: { ...text, description: "The path of a step or group." } },
  },
  ItemRequest: {
    type: "object",
    additionalProperties: false,
    required: ["stepName", "item"],
    properties: { stepName: { ...text, description: "The path of a map." }, item: anyValue },
  },
  UpgradeRequest: {
    type: "object",
    additionalProperties: false,
    required: ["version"],
    properties: {
      version: text,
      steps: {
        type: "object",
        additionalProperties: text,
        description: "For steps that are called otherwise: the new path by the old one.",
      },
      dryRun: { type: "boolean", description: "Only tells what would happen." },
    },
  },
  UpgradePlan: {
    type: "object",
    additionalProperties: false,
    required: [
      ...["instanceId", "workflow", "from", "to", "isDone"],
      ...["moves", "history", "warnings", "problems", "starts"],
    ],
    description: "What an upgrade does, or would do.",
    properties: {
      instanceId: text,
      workflow: text,
      from: { ...text, description: "The version before." },
      to: text,
      isDone: { type: "boolean" },
      moves: { type: "array", items: ref("UpgradeMove") },
      history: {
        type: "array",
        items: ref("UpgradeMove"),
        description: "What ended in steps that the new version does not have.",
      },
      warnings: { type: "array", items: ref("UpgradeNote") },
      problems: {
        type: "array",
        items: ref("UpgradeNote"),
        description: "Why it cannot be done: every reason.",
      },
      starts: {
        type: "array",
        items: { type: "string" },
        description: "Paths of what starts with it.",
      },
    },
  },
  UpgradeMove: {
    type: "object",
    additionalProperties: false,
    required: ["executionId", "status", "from", "to"],
    properties: {
      executionId: count,
      status: stepStatus,
      from: { type: "string", description: "Its path before." },
      to: { type: "string" },
    },
  },
  UpgradeNote: {
    type: "object",
    additionalProperties: false,
    required: ["message"],
    properties: {
      path: { type: "string", description: "Missing if it concerns the whole instance." },
      message: { type: "string" },
    },
  },
  BulkRequest: {
    type: "object",
    additionalProperties: false,
    required: ["action", "filter"],
    properties: {
      action: { type: "string", enum: ["cancel", "pause", "resume", "retry"] },
      filter: { type: "object", additionalProperties: false, properties: instanceFilter },
      reason: prose,
      dryRun: { type: "boolean", description: "Only tells how many instances are meant." },
    },
  },
  BulkResult: {
    type: "object",
    additionalProperties: false,
    required: ["matched", "done", "refused"],
    properties: {
      matched: count,
      done: count,
      refused: {
        type: "array",
        items: {
          type: "object",
          additionalProperties: false,
          required: ["instanceId", "code", "message"],
          properties: { instanceId: text, code: { type: "string" }, message: { type: "string" } },
        },
      },
    },
  },
} as const;
