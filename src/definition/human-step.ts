import type { AnyData } from "./context.ts";
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

/** A step that a person does. Its data stands in the context under the step's name. */
export abstract class BaseHumanStep<Data = AnyData, Form extends FormSchema = FormSchema>
  extends BaseStep<Data, FormData<Form>>
  implements Assignment<Data>
{
  readonly kind = "human";
  /** What the person fills in; without one, any JSON object is accepted. */
  formSchema?: Form;
  assignee?: FromContext<string | undefined, Data>;
  assigneeKey?: string;
  candidateUsers?: FromContext<readonly string[], Data>;
  candidateGroups?: FromContext<readonly string[], Data>;
  excludeUsers?: FromContext<readonly string[], Data>;
}

export interface HumanStepOptions<Data, Form extends FormSchema>
  extends StepOptions<Data>,
    Assignment<Data> {
  readonly formSchema?: Form;
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
