import { type FieldProblem, UsageError } from "../../errors.ts";
import type { Client, Task } from "../../http/client.ts";
import { FormDialogue } from "../ask.ts";
import { readData } from "../data-option.ts";
import { describeInstance, forWhom } from "../instance-lines.ts";
import type { CommonOptions } from "../options.ts";
import { waitSeconds, withSession } from "../session.ts";
import { columns, paintError, print, printJson, shorten, tell, wrap } from "../terminal.ts";

export interface CompleteOptions extends CommonOptions {
  readonly data?: string;
  readonly step?: string;
  readonly onBehalfOf?: string;
}

export async function complete(id: string, options: CompleteOptions): Promise<void> {
  const given = options.data === undefined ? undefined : await readData(options.data);
  const needs = { definitions: "required", about: [id, id.replace(/\/[^/]*$/, "")] } as const;
  await withSession(options, needs, async ({ client, finish }) => {
    const task = await client.tasks.get(await taskIdOf(client, id, options));
    const change = { onBehalfOf: options.onBehalfOf, waitSeconds };
    const send = (data: unknown) => client.tasks.complete(task.id, data, change);
    const done = given === undefined ? await askAndSend(task, send) : await send(given);
    await finish();
    if (options.json === true) {
      printJson(done);
      return;
    }
    const isProposed = done.status === "open";
    print(
      isProposed
        ? `answered, for ${done.assignee ?? "its owner"} to decide`
        : `completed ${task.path}`,
    );
    print(describeInstance(await client.instances.get(task.instanceId), options));
  });
}

/** A task's id, or the one open task of an instance. */
async function taskIdOf(client: Client, id: string, { step }: CompleteOptions): Promise<string> {
  const isTask = /\/\d[^/]*$/.test(id);
  if (isTask && step === undefined) return id;
  if (isTask) throw new UsageError("--step is for the id of an instance; this is one of a task.");
  const { tasks } = await client.instances.get(id);
  const found = tasks.filter(({ path }) => step === undefined || path === step);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only.id;
  const list = tasks.map(({ id: taskId, path }) => `${path}: ${taskId}`).join("\n");
  if (found.length > 1) throw new UsageError(`${id} has several open tasks; name one:\n${list}`);
  if (tasks.length === 0) throw new UsageError(`${id} has no open task.`);
  throw new UsageError(`${id} has no open task of the step ${step}; it has:\n${list}`);
}

async function askAndSend(task: Task, send: (data: unknown) => Promise<Task>): Promise<Task> {
  introduce(task);
  const dialogue = new FormDialogue(task.form);
  try {
    let refused: readonly FieldProblem[] = [];
    for (;;) {
      const data = await dialogue.ask(refused.map(({ field }) => field));
      try {
        return await send(data);
      } catch (error) {
        const { code, fields } = error as { code?: string; fields?: readonly FieldProblem[] };
        if (code !== "INVALID_FORM_DATA" || fields === undefined) throw error;
        for (const { field, message } of fields) tell(paintError("red", `  ${field} ${message}`));
        refused = fields;
      }
    }
  } finally {
    dialogue.close();
  }
}

function introduce(task: Task): void {
  const { title, description, shown, proposal } = task;
  tell(`${paintError("bold", title)}  for ${forWhom(task)}`);
  if (description !== undefined) for (const line of wrap(description, "  ")) tell(line);
  for (const [path, value] of Object.entries(shown ?? {})) {
    tell(shorten(`  ${path}: ${JSON.stringify(value)}`, columns()));
  }
  if (proposal !== undefined) {
    tell(shorten(`  ${proposal.by} proposes ${JSON.stringify(proposal.data)}`, columns()));
  }
  tell("");
}
