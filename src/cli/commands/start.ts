import { UsageError } from "../../errors.ts";
import { readObject } from "../data-option.ts";
import { exitCodes } from "../failure.ts";
import { followInstance } from "../follow.ts";
import { describeInstance } from "../instance-lines.ts";
import type { CommonOptions } from "../options.ts";
import { waitSeconds, withSession } from "../session.ts";
import { Progress, print, printJson } from "../terminal.ts";

export interface StartOptions extends CommonOptions {
  readonly data?: string;
  readonly workflowVersion?: string;
  readonly key?: string;
  readonly businessKey?: string;
  readonly tag?: readonly string[];
  readonly wait?: true;
}

export async function start(workflow: string, options: StartOptions): Promise<void> {
  const { data, workflowVersion, key, businessKey, tag, wait } = options;
  if (workflow.trim() === "") throw new UsageError("The workflow's name is empty.");
  const initialData = data === undefined ? undefined : await readObject(data);
  const needs = { missing: "made", definitions: "required", isWorker: wait === true } as const;
  await withSession(options, needs, async ({ client, finish, isLocal }) => {
    const request = {
      workflow,
      ...(workflowVersion !== undefined && { version: workflowVersion }),
      ...(initialData !== undefined && { initialData }),
      ...(businessKey !== undefined && { businessKey }),
      ...(tag !== undefined && { tags: [...tag] }),
    };
    const { id } = await client.instances.start(request, {
      idempotencyKey: key,
      // What runs here is waited for anyway.
      ...(!isLocal && { waitSeconds }),
    });
    if (wait === true) await waitForEnd(client, id);
    else await finish();
    const instance = await client.instances.get(id);
    if (options.json === true) printJson(instance);
    else print(describeInstance(instance, options));
    if (wait === true && instance.status !== "completed") process.exitCode = exitCodes.failed;
  });
}

async function waitForEnd(client: Parameters<typeof followInstance>[0], id: string): Promise<void> {
  const progress = new Progress();
  try {
    for await (const { instance } of followInstance(client, id)) {
      progress.show(`${id} ${instance.status} …`);
    }
  } finally {
    progress.end();
  }
}
