import {
  InvalidOptionError,
  InvalidStepError,
  JoinTooLargeError,
  QuorumTooLargeError,
  UnknownStepError,
} from "../errors.ts";
import type { WorkflowNode } from "./group.ts";
import { parseInstant } from "./instant.ts";
import { isGroup, label, type Place } from "./places.ts";
import type { Suggestions } from "./suggest.ts";
import { checkHumanStep } from "./validate-human-step.ts";
import {
  checkExpression,
  checkName,
  checkOption,
  checkRequired,
  isClass,
  oneOf,
  type Report,
  rules,
  show,
} from "./validate-options.ts";
import { isVersion, versionRule } from "./version.ts";

/** The names of a definition's steps, to look names up in and to suggest from. */
export interface KnownSteps {
  readonly names: ReadonlySet<string>;
  readonly suggestions: Suggestions;
}

/** Reports what a node says about itself that cannot be right. */
export function validateNode(place: Place, known: KnownSteps, report: Report): void {
  const { node } = place;
  const where = label(place);
  checkCommonOptions(where, node, report);
  checkCancels(where, node, known, report);
  if (place.parent !== undefined) checkMember(where, node, report);
  if (isGroup(node)) {
    checkGroup(where, node, report);
  } else {
    checkOption(where, node, "limit", rules.word, report);
    checkStep(where, node, report);
  }
}

const functions = ["canExecute", "onSuccess", "onFailure", "compensate"] as const;

function checkCommonOptions(where: string, node: WorkflowNode, report: Report): void {
  checkOption(where, node, "title", rules.textOrCode, report);
  checkOption(where, node, "description", rules.textOrCode, report);
  checkOption(where, node, "timeoutMs", rules.duration, report);
  checkOption(where, node, "deadlineMs", rules.duration, report);
  checkOption(where, node, "mutex", rules.word, report);
  for (const name of functions) checkOption(where, node, name, rules.code, report);
  checkRetry(where, node.retry, report);
  checkJoin(where, node, report);
}

function checkRetry(where: string, retry: unknown, report: Report): void {
  if (retry === undefined) return;
  if (typeof retry !== "object" || retry === null) {
    const problem = `retry is ${show(retry)}; it must be an object such as { maxAttempts: 3 }`;
    report(new InvalidOptionError(`${where}: ${problem}.`));
    return;
  }
  const inside = `${where}, retry`;
  checkRequired(inside, retry, "maxAttempts", rules.count, report);
  checkOption(inside, retry, "initialIntervalMs", rules.delay, report);
  checkOption(inside, retry, "backoffCoefficient", rules.factor, report);
  checkOption(inside, retry, "maxIntervalMs", rules.delay, report);
  checkOption(inside, retry, "jitter", rules.share, report);
  checkOption(inside, retry, "retryOn", rules.code, report);
}

function checkJoin(where: string, node: WorkflowNode, report: Report): void {
  const { join } = node;
  if (typeof join === "number") checkOption(where, node, "join", rules.count, report);
  else checkOption(where, node, "join", oneOf("any", "each", "and"), report);
  checkOption(where, node, "cancelRest", rules.flag, report);
  if (node.cancelRest === true && join !== "any" && typeof join !== "number") {
    const found = join === undefined ? "the default" : show(join);
    report(
      new InvalidOptionError(
        `${where}: cancelRest is set, but the join is ${found}, ` +
          'which leaves no rest; use join: "any" or a number, or drop cancelRest.',
      ),
    );
  }
}

/** Edges lead to the nodes at top level only. */
function checkMember(where: string, node: WorkflowNode, report: Report): void {
  if (node.join === undefined) return;
  const problem =
    `${where}: its join is ${show(node.join)}, but no edge leads to a member of a group; ` +
    "set the join on the outermost group";
  const isCount = typeof node.join === "number";
  report(isCount ? new JoinTooLargeError(`${problem}.`) : new InvalidOptionError(`${problem}.`));
}

function checkCancels(where: string, node: WorkflowNode, known: KnownSteps, report: Report): void {
  const cancels: unknown = node.cancels;
  if (cancels === undefined) return;
  if (!Array.isArray(cancels)) {
    const problem = `cancels is ${show(cancels)}; it must be a list of step names`;
    report(new InvalidOptionError(`${where}: ${problem}.`));
    return;
  }
  for (const name of cancels) {
    if (known.names.has(name)) continue;
    const hint = typeof name === "string" ? known.suggestions.for(name) : "";
    report(
      new UnknownStepError(
        `${where}: cancels names ${show(name)}, which is not a step of the definition${hint}.`,
      ),
    );
  }
}

// ------------------------------------------------------------------------------------------- steps

function checkStep(where: string, step: WorkflowNode, report: Report): void {
  switch (step.kind) {
    case "machine":
      if (typeof Reflect.get(step, "execute") !== "function") {
        report(
          new InvalidStepError(
            `${where}: a machine step runs its \`execute\`, which is ` +
              `${show(Reflect.get(step, "execute"))}; give its class the method execute(context).`,
          ),
        );
      }
      return;
    case "human":
      return checkHumanStep(where, step, report);
    case "gateway":
      return checkGateway(where, step, report);
    case "timer":
      return checkTimer(where, step, report);
    case "webhook":
      return checkOption(where, step, "execute", rules.code, report);
    case "signal":
      checkRequired(where, step, "signal", rules.word, report);
      return checkOption(where, step, "transient", rules.flag, report);
    case "subworkflow":
      return checkSubworkflow(where, step, report);
  }
}

function checkGateway(where: string, step: WorkflowNode, report: Report): void {
  checkOption(where, step, "choice", oneOf("first", "holding", "all"), report);
  checkOption(where, step, "evaluate", rules.code, report);
  if (Reflect.get(step, "evaluate") !== undefined || Reflect.get(step, "choice") !== undefined) {
    return;
  }
  report(
    new InvalidStepError(
      `${where}: a gateway needs evaluate(context), which names the steps that come next; ` +
        "add the method, or use ExclusiveGateway, InclusiveGateway or ParallelGateway.",
    ),
  );
}

function checkTimer(where: string, step: WorkflowNode, report: Report): void {
  checkOption(where, step, "durationMs", rules.wait, report);
  const until: unknown = Reflect.get(step, "until");
  if (until !== undefined && typeof until !== "function" && parseInstant(until) === undefined) {
    report(
      new InvalidOptionError(
        `${where}: until is ${show(until)}; it must be a valid Date, an ISO 8601 string ` +
          "with a zone such as 2030-01-31T09:00:00Z, milliseconds since the epoch, " +
          "or a function that gives one.",
      ),
    );
  }
  const given = ["durationMs", "until"].filter((name) => Reflect.get(step, name) !== undefined);
  if (given.length !== 1) {
    const found = given.length === 0 ? "neither durationMs nor until" : "both durationMs and until";
    report(new InvalidOptionError(`${where}: a timer has ${found}; give exactly one of them.`));
  }
}

function checkSubworkflow(where: string, step: WorkflowNode, report: Report): void {
  checkName(`${where}: the workflow name`, Reflect.get(step, "workflow"), report);
  const version: unknown = Reflect.get(step, "version");
  if (version !== undefined && !isVersion(version)) {
    report(new InvalidOptionError(`${where}: version is ${show(version)}; ${versionRule}.`));
  }
  for (const name of ["input", "output"]) {
    const mapping: unknown = Reflect.get(step, name);
    if (mapping === undefined || (typeof mapping === "function" && !isClass(mapping))) continue;
    const isTable =
      typeof mapping === "object" &&
      mapping !== null &&
      !Array.isArray(mapping) &&
      Object.values(mapping).every(rules.word.accepts);
    if (isTable) continue;
    report(
      new InvalidOptionError(
        `${where}: ${name} is ${show(mapping)}; it must be a function that gives an object, ` +
          "or an object of key to path, both strings.",
      ),
    );
  }
}

// ------------------------------------------------------------------------------------------ groups

/** Which kinds of group an option is for: on another it would be ignored in silence. */
const groupOptions: Readonly<Record<string, readonly WorkflowNode["kind"][]>> = {
  callback: ["parallel", "map"],
  maxConcurrent: ["parallel", "map"],
  failure: ["parallel", "map"],
  required: ["quorum", "map"],
  counts: ["quorum"],
  veto: ["quorum"],
  settle: ["race"],
};

function checkGroup(where: string, group: WorkflowNode, report: Report): void {
  for (const name of ["limit", "compensate"]) {
    if (Reflect.get(group, name) === undefined) continue;
    const problem = `a group has no ${name}; set it on the members that need it`;
    report(new InvalidOptionError(`${where}: ${problem}.`));
  }
  for (const [name, kinds] of Object.entries(groupOptions)) {
    // A group of a user's own has whatever fields it likes.
    if (group.kind === "custom" || kinds.includes(group.kind)) continue;
    if (Reflect.get(group, name) === undefined) continue;
    const problem = `a ${group.kind} group has no ${name}; it is for groups of kind`;
    report(new InvalidOptionError(`${where}: ${problem} ${kinds.join(" and ")}.`));
  }
  switch (group.kind) {
    case "parallel":
      checkOption(where, group, "maxConcurrent", rules.count, report);
      return checkFailureMode(where, group, report);
    case "map":
      checkRequired(where, group, "items", rules.wordOrCode, report);
      checkOption(where, group, "maxConcurrent", rules.count, report);
      checkOption(where, group, "required", rules.count, report);
      return checkFailureMode(where, group, report);
    case "race":
      return checkOption(where, group, "settle", oneOf("success", "first"), report);
    case "quorum":
      return checkQuorum(where, group, report);
    case "conditional":
      return checkRequired(where, group, "choose", rules.code, report);
    case "custom":
      if (typeof Reflect.get(group, "execute") === "function") return;
      report(
        new InvalidStepError(
          `${where}: a StepGroup runs its \`execute\`, which is ` +
            `${show(Reflect.get(group, "execute"))}; ` +
            "give its class the method execute(context, engine).",
        ),
      );
  }
}

function checkFailureMode(where: string, group: WorkflowNode, report: Report): void {
  checkOption(where, group, "failure", oneOf("fail-fast", "wait-all", "collect"), report);
}

function checkQuorum(where: string, group: WorkflowNode, report: Report): void {
  checkRequired(where, group, "required", rules.count, report);
  const required: unknown = Reflect.get(group, "required");
  const members: unknown = Reflect.get(group, "members");
  if (rules.count.accepts(required) && Array.isArray(members) && members.length > 0) {
    if (Number(required) > members.length) {
      report(
        new QuorumTooLargeError(
          `${where}: ${required} successes are required, but the group has ${members.length} ` +
            `members, so it could never succeed; require at most ${members.length}.`,
        ),
      );
    }
  }
  for (const name of ["counts", "veto"]) {
    const predicate: unknown = Reflect.get(group, name);
    if (typeof predicate === "string") {
      checkExpression(`${where}, ${name}`, predicate, report, ["result"]);
    } else {
      checkOption(where, group, name, rules.textOrCode, report);
    }
  }
}
