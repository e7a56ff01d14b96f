/**
 * Every operation with its method and path, below the base path. The server, the OpenAPI document
 * and the client read this table; it needs nothing else, so that it is small in a browser.
 */
export const paths = {
  getMe: "GET /me",

  listDefinitions: "GET /definitions",
  getDefinition: "GET /definitions/{workflow}",
  listDefinitionVersions: "GET /definitions/{workflow}/versions",
  getDefinitionGraph: "GET /definitions/{workflow}/graph",
  getDefinitionMermaid: "GET /definitions/{workflow}/mermaid",

  startInstance: "POST /instances",
  listInstances: "GET /instances",
  countInstances: "GET /instance-counts",
  changeInstances: "POST /instance-changes",
  getInstance: "GET /instances/{instanceId}",
  listSteps: "GET /instances/{instanceId}/steps",
  getInstanceGraph: "GET /instances/{instanceId}/graph",
  getInstanceMermaid: "GET /instances/{instanceId}/mermaid",
  listInstanceHistory: "GET /instances/{instanceId}/history",
  cancelInstance: "POST /instances/{instanceId}/cancel",
  pauseInstance: "POST /instances/{instanceId}/pause",
  resumeInstance: "POST /instances/{instanceId}/resume",
  retryInstance: "POST /instances/{instanceId}/retry",
  upgradeInstance: "POST /instances/{instanceId}/upgrade",
  sendSignal: "POST /instances/{instanceId}/signals",
  cancelStep: "POST /instances/{instanceId}/cancel-step",
  addItem: "POST /instances/{instanceId}/items",
  closeMap: "POST /instances/{instanceId}/close-map",

  listTasks: "GET /tasks",
  countTasks: "GET /task-counts",
  getTask: "GET /tasks/{instanceId}/{taskId}",
  listTaskHistory: "GET /tasks/{instanceId}/{taskId}/history",
  claimTask: "POST /tasks/{instanceId}/{taskId}/claim",
  releaseTask: "POST /tasks/{instanceId}/{taskId}/release",
  reassignTask: "POST /tasks/{instanceId}/{taskId}/reassign",
  delegateTask: "POST /tasks/{instanceId}/{taskId}/delegate",
  commentOnTask: "POST /tasks/{instanceId}/{taskId}/comments",
  completeTask: "POST /tasks/{instanceId}/{taskId}/complete",

  completeWebhook: "POST /webhooks/{token}",

  listSchedules: "GET /schedules",
  getSchedule: "GET /schedules/{scheduleId}",
  saveSchedule: "PUT /schedules/{scheduleId}",
  removeSchedule: "DELETE /schedules/{scheduleId}",
  pauseSchedule: "POST /schedules/{scheduleId}/pause",
  resumeSchedule: "POST /schedules/{scheduleId}/resume",

  getStatistics: "GET /statistics",
  getHealth: "GET /health",
  streamEvents: "GET /events",
} as const;

export type OperationId = keyof typeof paths;
