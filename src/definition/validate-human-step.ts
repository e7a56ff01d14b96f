import { InvalidFormError, InvalidOptionError } from "../errors.ts";
import { compileForm } from "./form.ts";
import type { WorkflowNode } from "./group.ts";
import { parseInstant } from "./instant.ts";
import { checkOption, type Report, type Rule, rules, show } from "./validate-options.ts";

/** Reports what a human step says that cannot be right. */
export function checkHumanStep(where: string, step: WorkflowNode, report: Report): void {
  checkOption(where, step, "assignee", rules.wordOrCode, report);
  checkOption(where, step, "assigneeKey", rules.word, report);
  for (const name of ["candidateUsers", "candidateGroups", "excludeUsers"]) {
    checkOption(where, step, name, rules.wordsOrCode, report);
  }
  if (isGiven(step, "assignee") && isGiven(step, "assigneeKey")) {
    const problem = "it has both assignee and assigneeKey, which may disagree; keep one";
    report(new InvalidOptionError(`${where}: ${problem}.`));
  }
  checkForm(where, Reflect.get(step, "formSchema"), report);
  checkOption(where, step, "shows", rules.words, report);
  checkOption(where, step, "delegateDecides", rules.flag, report);
  checkOption(where, step, "priority", orCode(priority), report);
  checkOption(where, step, "onReminder", rules.code, report);
  checkOption(where, step, "onEscalation", rules.code, report);
  checkDueDate(where, step, report);
  checkTimed(where, step, "reminders", "beforeDueMs", report);
  checkTimed(where, step, "escalations", "overdueMs", report, checkEscalation);
}

/** Reports a form, or another schema, that cannot be used. */
export function checkForm(where: string, schema: unknown, report: Report): void {
  try {
    compileForm(schema);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    report(new InvalidFormError(`${where}: ${message}.`, { cause: error }));
  }
}

const isGiven = (options: object, name: string) => Reflect.get(options, name) !== undefined;

const priority: Rule = {
  accepts: (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 100,
  words: "a whole number from 0 to 100",
};

function orCode({ accepts, words }: Rule): Rule {
  return {
    accepts: (value) => typeof value === "function" || accepts(value),
    words: `${words}, or a function that gives it`,
  };
}

function checkDueDate(where: string, step: object, report: Report): void {
  checkOption(where, step, "dueInMs", rules.wait, report);
  const dueAt: unknown = Reflect.get(step, "dueAt");
  if (dueAt !== undefined && typeof dueAt !== "function" && parseInstant(dueAt) === undefined) {
    report(
      new InvalidOptionError(
        `${where}: dueAt is ${show(dueAt)}; it must be a valid Date, an ISO 8601 string ` +
          "with a zone such as 2030-01-31T09:00:00Z, milliseconds since the epoch, " +
          "or a function that gives one.",
      ),
    );
  }
  if (isGiven(step, "dueInMs") && dueAt !== undefined) {
    const problem = "it has both dueInMs and dueAt, which may disagree; keep one";
    report(new InvalidOptionError(`${where}: ${problem}.`));
  }
}

const wholeDelay: Rule = {
  accepts: (value) => Number.isSafeInteger(value) && Number(value) >= 0,
  words: "a whole number of milliseconds, 0 or more",
};

/** Reminders and escalations: each has one of two times, one of them counted from the due date. */
function checkTimed(
  where: string,
  step: object,
  option: "reminders" | "escalations",
  fromDue: string,
  report: Report,
  checkMore?: (inside: string, entry: object, report: Report) => void,
): void {
  const list: unknown = Reflect.get(step, option);
  if (list === undefined) return;
  if (!Array.isArray(list)) {
    const problem = `${option} is ${show(list)}; it must be a list such as [{ afterMs: 60_000 }]`;
    report(new InvalidOptionError(`${where}: ${problem}.`));
    return;
  }
  const isDue = isGiven(step, "dueInMs") || isGiven(step, "dueAt");
  for (const [index, entry] of list.entries()) {
    const inside = `${where}, ${option}[${index}]`;
    if (typeof entry !== "object" || entry === null) {
      const problem = `it is ${show(entry)}; it must be an object such as { afterMs: 3_600_000 }`;
      report(new InvalidOptionError(`${inside}: ${problem}.`));
      continue;
    }
    checkOption(inside, entry, "afterMs", wholeDelay, report);
    checkOption(inside, entry, fromDue, wholeDelay, report);
    const given = ["afterMs", fromDue].filter((name) => isGiven(entry, name));
    if (given.length !== 1) {
      const found =
        given.length === 0 ? `neither afterMs nor ${fromDue}` : `both ${given.join(" and ")}`;
      report(new InvalidOptionError(`${inside}: it has ${found}; give exactly one of them.`));
    }
    if (isGiven(entry, fromDue) && !isDue) {
      const problem = `${fromDue} counts from the due date, but the step has none`;
      report(new InvalidOptionError(`${inside}: ${problem}; set dueInMs or dueAt.`));
    }
    checkMore?.(inside, entry, report);
  }
}

function checkEscalation(inside: string, entry: object, report: Report): void {
  checkOption(inside, entry, "assignee", rules.wordOrCode, report);
  checkOption(inside, entry, "candidateUsers", rules.wordsOrCode, report);
  checkOption(inside, entry, "candidateGroups", rules.wordsOrCode, report);
  checkOption(inside, entry, "priority", priority, report);
  const isOpened = isGiven(entry, "candidateUsers") || isGiven(entry, "candidateGroups");
  if (isGiven(entry, "assignee") && isOpened) {
    const problem = "it has both an assignee and candidates; keep one of them";
    report(new InvalidOptionError(`${inside}: ${problem}.`));
  }
  if (!isOpened && !isGiven(entry, "assignee") && !isGiven(entry, "priority")) {
    const problem = "it changes nothing; name an assignee, candidates or a priority";
    report(new InvalidOptionError(`${inside}: ${problem}.`));
  }
}
