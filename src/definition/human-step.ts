import type { AnyData, ReadonlyContext } from "./context.ts";
import type { FormData, FormSchema } from "./form-data.ts";
import { BaseStep, type FromContext, type StepOptions, setOptions } from "./step.ts";

/** Who may see and complete a task. Without assignee and candidates, everybody may. */
export interface Assignment<Data = AnyData> {
  readonly assignee?: FromContext<string | undefined, Data>;
  /** Path of the assignee in the context's data, as an alternative to `assignee`. */
  readonly assigneeKey?: string;
  readonly candidateUsers?: FromContext<readonly string[], Data>;
  readonly candidateGroups?: FromContext<readonly string[], Data>;
  /** Who may not decide, whatever else is said: the requester, whoever decided before. */
  readonly excludeUsers?: FromContext<readonly string[], Data>;
}

/** When a person is reminded of a task that is still open: give one of the two. */
export interface Reminder {
  /** So long after the task opened. */
  readonly afterMs?: number;
  /** So long before the task is due; left out if that was before it opened. */
  readonly beforeDueMs?: number;
}

/** What becomes of a task that nobody has completed, and when: `afterMs` or `overdueMs`. */
export interface Escalation<Data = AnyData> {
  /** So long after the task opened. */
  readonly afterMs?: number;
  /** So long after the task was due. */
  readonly overdueMs?: number;
  /** It belongs to this user from then on. */
  readonly assignee?: FromContext<string | undefined, Data>;
  /** It is taken from whoever has it, and open to these users and groups from then on. */
  readonly candidateUsers?: FromContext<readonly string[], Data>;
  readonly candidateGroups?: FromContext<readonly string[], Data>;
  /** From 0 to 100. */
  readonly priority?: number;
}

/** How urgent a task is, and what happens while nobody completes it. */
export interface Urgency<Data = AnyData> {
  /** From 0 to 100, the most urgent; 50 unless told. */
  readonly priority?: FromContext<number, Data>;
  /** When it is due, counted from when it opens. */
  readonly dueInMs?: FromContext<number, Data>;
  /** The same as a date, an ISO 8601 string with a zone, or milliseconds since the epoch. */
  readonly dueAt?: FromContext<Date | string | number | undefined, Data>;
  readonly reminders?: readonly Reminder[];
  readonly escalations?: readonly Escalation<Data>[];
  /** Called when a reminder has fired, to send a message; it cannot change the task. */
  onReminder?(context: ReadonlyContext<Data>, task: OpenTask): unknown;
  /** Called when an escalation has fired, with the task as it is then. */
  onEscalation?(context: ReadonlyContext<Data>, task: OpenTask): unknown;
}

/** A task as the hooks of its step see it. */
export interface OpenTask {
  /** Names the task to the engine: `instanceId/id`. */
  readonly id: string;
  readonly instanceId: string;
  readonly path: string;
  readonly title: string;
  readonly description: string | undefined;
  readonly priority: number;
  readonly dueAt: number | undefined;
  readonly assignee: string | undefined;
  readonly owner: string | undefined;
  readonly candidateUsers: readonly string[] | undefined;
  readonly candidateGroups: readonly string[] | undefined;
  /** How many reminders and escalations have fired, this one included. */
  readonly reminded: number;
  readonly escalated: number;
}

/** A step that a person does. Its data stands in the context under the step's name. */
export abstract class BaseHumanStep<Data = AnyData, Form extends FormSchema = FormSchema>
  extends BaseStep<Data, FormData<Form>>
  implements Assignment<Data>, Urgency<Data>
{
  readonly kind = "human";
  /** What the person fills in; without one, any JSON object is accepted. */
  formSchema?: Form;
  assignee?: FromContext<string | undefined, Data>;
  assigneeKey?: string;
  candidateUsers?: FromContext<readonly string[], Data>;
  candidateGroups?: FromContext<readonly string[], Data>;
  excludeUsers?: FromContext<readonly string[], Data>;
  /** Paths of the data that the person is shown; their values are recorded with the task. */
  shows?: readonly string[];
  priority?: FromContext<number, Data>;
  dueInMs?: FromContext<number, Data>;
  dueAt?: FromContext<Date | string | number | undefined, Data>;
  reminders?: readonly Reminder[];
  escalations?: readonly Escalation<Data>[];
  /** Somebody whom the task was delegated to completes it; unless told, their answer goes back. */
  delegateDecides?: boolean;

  onReminder?(context: ReadonlyContext<Data>, task: OpenTask): unknown;
  onEscalation?(context: ReadonlyContext<Data>, task: OpenTask): unknown;
}

export interface HumanStepOptions<Data, Form extends FormSchema>
  extends StepOptions<Data>,
    Assignment<Data>,
    Urgency<Data> {
  readonly formSchema?: Form;
  readonly shows?: readonly string[];
  readonly delegateDecides?: boolean;
}

class HumanStep<Data, Form extends FormSchema> extends BaseHumanStep<Data, Form> {
  constructor(name: string, options: HumanStepOptions<Data, Form>) {
    super();
    setOptions(this, { ...options, name });
  }
}

/** A human step without a class of its own. */
export function humanStep<Data = AnyData, const Form extends FormSchema = FormSchema>(
  name: string,
  options: HumanStepOptions<Data, Form> = {},
): BaseHumanStep<Data, Form> {
  return new HumanStep(name, options);
}
