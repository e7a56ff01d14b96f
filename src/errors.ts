/**
 * Every error that Tandem raises. Errors are recognised by `code`, never by `instanceof`: two
 * copies of a package do not share classes. `docs/errors.md` describes each code; a test keeps
 * both equal.
 */

/** The base of every error of this package. */
export abstract class WorkflowsError extends Error {
  /** Stable: a code never changes its meaning, and a new meaning gets a new code. */
  abstract readonly code: string;

  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

// --------------------------------------------------------------- a definition that cannot be right

/** A definition breaks one or more rules; `problems` holds every one of them. */
export class InvalidDefinitionError extends WorkflowsError {
  readonly code = "INVALID_DEFINITION";
  readonly problems: readonly WorkflowsError[];

  constructor(workflow: string, problems: readonly WorkflowsError[]) {
    const list = problems.map((problem) => `  - ${problem.message} [${problem.code}]`).join("\n");
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    super(`The definition "${workflow}" has ${count}:\n${list}`);
    this.problems = problems;
  }
}

/** An edge, `initialStep`, `terminalSteps` or `cancels` names a step that does not exist. */
export class UnknownStepError extends WorkflowsError {
  readonly code = "UNKNOWN_STEP";
}

/** No path leads from the initial step to this step. */
export class UnreachableStepError extends WorkflowsError {
  readonly code = "UNREACHABLE_STEP";
}

/** No terminal step is declared, or none can be reached. */
export class NoTerminalStepError extends WorkflowsError {
  readonly code = "NO_TERMINAL_STEP";
}

/** Two members of one group have the same name, so a path could mean either. */
export class DuplicateMemberError extends WorkflowsError {
  readonly code = "DUPLICATE_MEMBER";
}

/** A group has no member. */
export class EmptyGroupError extends WorkflowsError {
  readonly code = "EMPTY_GROUP";
}

/** The same edge is given twice. */
export class DuplicateEdgeError extends WorkflowsError {
  readonly code = "DUPLICATE_EDGE";
}

/** A quorum asks for more successes than its group has members. */
export class QuorumTooLargeError extends WorkflowsError {
  readonly code = "QUORUM_TOO_LARGE";
}

/** A join counts more arrivals than the step has incoming edges. */
export class JoinTooLargeError extends WorkflowsError {
  readonly code = "JOIN_TOO_LARGE";
}

/** A name has characters that a path cannot carry, or is empty. */
export class InvalidNameError extends WorkflowsError {
  readonly code = "INVALID_NAME";
}

/** Two steps would write their data under the same name. */
export class ConflictingNamesError extends WorkflowsError {
  readonly code = "CONFLICTING_NAMES";
}

/** What stands where a step belongs is no step, or lacks what its kind needs. */
export class InvalidStepError extends WorkflowsError {
  readonly code = "INVALID_STEP";
}

/** A condition is no valid expression, or contradicts the rest of its edge. */
export class InvalidConditionError extends WorkflowsError {
  readonly code = "INVALID_CONDITION";
}

/**
 * A CEL expression could not be evaluated: it read what is not there, or mixed types that do not
 * fit.
 */
export class ExpressionError extends WorkflowsError {
  readonly code = "EXPRESSION_FAILED";
}

/**
 * An option has a value that is not allowed: a negative limit, a timeout of zero, an unknown
 * word.
 */
export class InvalidOptionError extends WorkflowsError {
  readonly code = "INVALID_OPTION";
}

/** Steps with mutexes are nested so that they could wait for each other for ever. */
export class MutexCycleError extends WorkflowsError {
  readonly code = "MUTEX_CYCLE";
}

/** A form is neither a JSON Schema that compiles nor a Standard Schema. */
export class InvalidFormError extends WorkflowsError {
  readonly code = "INVALID_FORM";
}

// --------------------------------------------------------------------- the registry and the engine

/** The same name and version is registered already, with another definition. */
export class DuplicateWorkflowError extends WorkflowsError {
  readonly code = "DUPLICATE_WORKFLOW";
}

/** No workflow with this name, or not in this version, is registered. */
export class UnknownWorkflowError extends WorkflowsError {
  readonly code = "UNKNOWN_WORKFLOW";
}

/** A step names a limit that the engine does not define. */
export class UnknownLimitError extends WorkflowsError {
  readonly code = "UNKNOWN_LIMIT";
}

/** No instance has this id. */
export class UnknownInstanceError extends WorkflowsError {
  readonly code = "UNKNOWN_INSTANCE";
}

/**
 * The instance id or idempotency key belongs to an instance of another workflow or with other
 * data.
 */
export class InstanceExistsError extends WorkflowsError {
  readonly code = "INSTANCE_EXISTS";
}

/** The instance has ended and accepts nothing more. */
export class InstanceEndedError extends WorkflowsError {
  readonly code = "INSTANCE_ENDED";
}

/** Only a failed instance can be retried. */
export class InstanceNotFailedError extends WorkflowsError {
  readonly code = "INSTANCE_NOT_FAILED";
}

/** The step of this path is not running or waiting in the instance. */
export class StepNotActiveError extends WorkflowsError {
  readonly code = "STEP_NOT_ACTIVE";
}

/** No task of this id or under this step exists in the instance. */
export class UnknownTaskError extends WorkflowsError {
  readonly code = "UNKNOWN_TASK";
}

/** Several open tasks have this step name; name the one meant by its path or task id. */
export class AmbiguousTaskError extends WorkflowsError {
  readonly code = "AMBIGUOUS_TASK";
}

/** The task is gone: the message says whether it was completed or withdrawn, when, and by whom. */
export class TaskGoneError extends WorkflowsError {
  readonly code = "TASK_GONE";
}

/** Somebody else has claimed the task: the message says who, and when. */
export class TaskClaimedError extends WorkflowsError {
  readonly code = "TASK_CLAIMED";
}

/** Nobody has claimed the task, so it cannot be released. */
export class TaskNotClaimedError extends WorkflowsError {
  readonly code = "TASK_NOT_CLAIMED";
}

/** This person may not act on the task. */
export class NotAllowedError extends WorkflowsError {
  readonly code = "NOT_ALLOWED";
}

/** One field that a form refused. */
export interface FieldProblem {
  /** Dotted path of the field; empty for the data as a whole. */
  readonly field: string;
  readonly message: string;
}

/** The data does not fit the form; `fields` names each field and what is wrong with it. */
export class InvalidFormDataError extends WorkflowsError {
  readonly code = "INVALID_FORM_DATA";
  readonly fields: readonly FieldProblem[];

  constructor(message: string, fields: readonly FieldProblem[]) {
    super(message);
    this.fields = fields;
  }
}

/** The initial data does not fit the definition's input schema; `fields` names each field. */
export class InvalidInputError extends WorkflowsError {
  readonly code = "INVALID_INPUT";
  readonly fields: readonly FieldProblem[];

  constructor(message: string, fields: readonly FieldProblem[]) {
    super(message);
    this.fields = fields;
  }
}

/** The value is not JSON; the message names the key and the path inside the value. */
export class NotJsonError extends WorkflowsError {
  readonly code = "NOT_JSON";
}

/** An argument of an engine call is of the wrong type or out of range. */
export class InvalidArgumentError extends WorkflowsError {
  readonly code = "INVALID_ARGUMENT";
}

/** A schedule's cron pattern cannot be read. */
export class InvalidCronError extends WorkflowsError {
  readonly code = "INVALID_CRON";
}

/** A schedule's time zone is none that the platform knows. */
export class InvalidTimezoneError extends WorkflowsError {
  readonly code = "INVALID_TIMEZONE";
}

/** No schedule has this id. */
export class UnknownScheduleError extends WorkflowsError {
  readonly code = "UNKNOWN_SCHEDULE";
}

/** The webhook token is malformed, forged, or of no instance that exists. */
export class InvalidTokenError extends WorkflowsError {
  readonly code = "INVALID_TOKEN";
}

/** The webhook token was used already, or what waited for it is gone. */
export class TokenUsedError extends WorkflowsError {
  readonly code = "TOKEN_USED";
}

/** The map or its instance has ended, or the group was closed: no item can be added. */
export class MapClosedError extends WorkflowsError {
  readonly code = "MAP_CLOSED";
}

/** The context can no longer be written: its step has ended, or it is shown for reading only. */
export class ContextClosedError extends WorkflowsError {
  readonly code = "CONTEXT_CLOSED";
}

/** The engine was closed. */
export class EngineClosedError extends WorkflowsError {
  readonly code = "ENGINE_CLOSED";
}

/**
 * The stored rows of an instance do not fit the definition that is registered under its version.
 */
export class DefinitionChangedError extends WorkflowsError {
  readonly code = "DEFINITION_CHANGED";
}

/** What is to happen in the application's transaction has no such transaction. */
export class NoTransactionError extends WorkflowsError {
  readonly code = "NO_TRANSACTION";
}

/** Another transaction was in the way of the application's own, which has to be repeated. */
export class TransactionConflictError extends WorkflowsError {
  readonly code = "TRANSACTION_CONFLICT";
}

/** It cannot be done in a transaction of the application: its store or its step is not for it. */
export class TransactionUnsupportedError extends WorkflowsError {
  readonly code = "TRANSACTION_UNSUPPORTED";
}

/**
 * The instance cannot be moved to that version of its definition as it stands: the message has
 * every reason.
 */
export class UpgradeRefusedError extends WorkflowsError {
  readonly code = "UPGRADE_REFUSED";
}

/** A rule of the engine itself is broken: a defect in this package, please report it. */
export class InternalError extends WorkflowsError {
  readonly code = "INTERNAL";
}

// -------------------------------------------------------------------------------------- the stores

/**
 * The database cannot be reached, is busy, or has no room: `cause` is what it said. What was being
 * written was not kept, and may be tried again.
 */
export class StoreUnavailableError extends WorkflowsError {
  readonly code = "STORE_UNAVAILABLE";
}

/** A newer version of this package has changed the tables in a way that this one does not know. */
export class StoreTooNewError extends WorkflowsError {
  readonly code = "STORE_TOO_NEW";
}

/** The database may be read and not written. */
export class StoreReadOnlyError extends WorkflowsError {
  readonly code = "STORE_READ_ONLY";
}

/** What should be a database is something else, or is damaged. */
export class StoreInvalidError extends WorkflowsError {
  readonly code = "STORE_INVALID";
}

/** The store was closed. */
export class StoreClosedError extends WorkflowsError {
  readonly code = "STORE_CLOSED";
}

// --------------------------------------------------------------------------------------- over HTTP

/** Nobody is signed in, or nothing says who is. */
export class UnauthenticatedError extends WorkflowsError {
  readonly code = "UNAUTHENTICATED";
}

/** Who asks may not do this. */
export class ForbiddenError extends WorkflowsError {
  readonly code = "FORBIDDEN";
}

/** A page of another site sent the request. */
export class CrossSiteError extends WorkflowsError {
  readonly code = "CROSS_SITE";
}

/** The API has no such address. */
export class UnknownAddressError extends WorkflowsError {
  readonly code = "UNKNOWN_ADDRESS";
}

/** What has this address does not know the request's method. */
export class MethodNotAllowedError extends WorkflowsError {
  readonly code = "METHOD_NOT_ALLOWED";
  readonly allowed: readonly string[];

  constructor(message: string, allowed: readonly string[]) {
    super(message);
    this.allowed = allowed;
  }
}

/** A parameter, a header or the body of a request is not what the API's document says. */
export class InvalidRequestError extends WorkflowsError {
  readonly code = "INVALID_REQUEST";
  readonly fields: readonly FieldProblem[];

  constructor(message: string, fields: readonly FieldProblem[]) {
    super(message);
    this.fields = fields;
  }
}

/** The body of a request is larger than the API takes. */
export class BodyTooLargeError extends WorkflowsError {
  readonly code = "BODY_TOO_LARGE";
}

/** The body of a request is in another format or encoding than the API takes. */
export class UnsupportedMediaTypeError extends WorkflowsError {
  readonly code = "UNSUPPORTED_MEDIA_TYPE";
}

/** What was to be changed is no longer what `If-Match` says. */
export class PreconditionFailedError extends WorkflowsError {
  readonly code = "PRECONDITION_FAILED";
}

/** A webhook's signature is missing, wrong, or too old. */
export class InvalidSignatureError extends WorkflowsError {
  readonly code = "INVALID_SIGNATURE";
}

/**
 * What a client's request was refused with: `code` is the server's, or `REQUEST_FAILED` if what
 * answered was not this API.
 */
export class RequestFailedError extends WorkflowsError {
  readonly code: string;
  readonly status: number;
  /** What is wrong with each field, where the server says so. */
  readonly fields: readonly FieldProblem[];

  constructor(
    message: string,
    refusal: { status?: number; code?: string; fields?: readonly FieldProblem[] | undefined },
  ) {
    super(message);
    this.code = refusal.code ?? "REQUEST_FAILED";
    this.status = refusal.status ?? 0;
    this.fields = refusal.fields ?? [];
  }
}

// --------------------------------------------------------------------------------- at the terminal

/** A command was given words or options that it does not take. */
export class UsageError extends WorkflowsError {
  readonly code = "USAGE";
}

/** A command found no definitions, or the file with them cannot be loaded. */
export class DefinitionsUnusableError extends WorkflowsError {
  readonly code = "DEFINITIONS_UNUSABLE";
}

/** A command could not do what it was asked to: the message says why. */
export class CommandFailedError extends WorkflowsError {
  readonly code = "COMMAND_FAILED";
}

// ------------------------------------------------------------------------------ tests of workflows

/** A test let a step fail (`failStep`). */
export class InjectedFailureError extends WorkflowsError {
  readonly code = "INJECTED_FAILURE";
}

/** `explore` found an order of events in which the workflow does what it must not. */
export class ExplorationError extends WorkflowsError {
  readonly code = "EXPLORATION_FAILED";
}

// ------------------------------------------------------------ why a step, group or instance failed

/** What is recorded of a failure: plain JSON, so that every store keeps it alike. */
export interface RecordedError {
  readonly code: FailureCode | (string & {});
  readonly message: string;
  /** Path of the step or group that failed. */
  readonly path?: string;
  /** The thrown error's `name`, where it is not `Error`. */
  readonly name?: string;
  /** The members' errors, for a group that reports several. */
  readonly errors?: readonly RecordedError[];
  /** The error below this one, for instance the child's in a subworkflow. */
  readonly cause?: RecordedError;
}

/** Codes of recorded failures; each has an entry in `docs/errors.md`. */
export const failureCodes = {
  STEP_FAILED: "The step's own code threw an error.",
  STEP_TIMEOUT: "An attempt took longer than `timeoutMs`.",
  STEP_DEADLINE: "All attempts together took longer than `deadlineMs`.",
  GROUP_FAILED: "Members of the group failed; `errors` has each.",
  RACE_LOST: "No member of the race succeeded; `errors` has each.",
  QUORUM_NOT_REACHED: "The required number of successes can no longer be reached.",
  QUORUM_VETOED: "A member's result is a veto.",
  NOT_A_LIST: "What a map takes its items from is not a list.",
  UNKNOWN_BRANCH: "A conditional group named a branch that it does not have.",
  UNKNOWN_TARGET: "A gateway named a step that none of its edges leads to.",
  DEAD_END: "A step ended, has outgoing edges and took none.",
  CONDITION_FAILED: "A condition threw an error or gave no boolean.",
  FUNCTION_FAILED:
    "A function of the definition (items, title, predicate, reducer, …) threw an error.",
  CANCELED: "The step was cancelled by itself: by hand, by another step, or by its group.",
  CUT_OFF: "The step was cancelled because its instance ended.",
  ENDLESS_LOOP: "Control went round and round through nodes that take no time.",
  JOIN_UNREACHABLE: "A join got too few arrivals, and no more can come.",
  CHILD_FAILED: "The child instance of a subworkflow failed; `cause` has its error.",
  CHILD_CANCELED: "The child instance of a subworkflow was cancelled.",
} as const;

export type FailureCode = keyof typeof failureCodes;
