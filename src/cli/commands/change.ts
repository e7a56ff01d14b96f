import { exitCodes, reportFailure } from "../failure.ts";
import { describeInstance } from "../instance-lines.ts";
import type { CommonOptions } from "../options.ts";
import { type Session, waitSeconds, withSession } from "../session.ts";
import { print, printJson } from "../terminal.ts";

export interface ChangeOptions extends CommonOptions {
  readonly reason?: string;
  readonly from?: string;
}

type Action = "cancel" | "pause" | "resume" | "retry";

/** Does one thing to instances, one after another; what one refuses does not stop the others. */
export async function change(
  action: Action,
  instanceIds: readonly string[],
  options: ChangeOptions,
): Promise<void> {
  await withSession(options, { definitions: "required", about: instanceIds }, async (session) => {
    const changed = [];
    for (const id of instanceIds) {
      try {
        await changeOne(session, action, id, options);
        changed.push(await session.client.instances.get(id));
      } catch (error) {
        if (instanceIds.length === 1) throw error;
        const isJson = options.json === true;
        process.exitCode = reportFailure(error, { isJson, isVerbose: options.verbose === true });
      }
    }
    if (options.json === true) {
      const [only] = changed;
      printJson(instanceIds.length === 1 ? only : { items: changed });
      return;
    }
    for (const instance of changed) print(describeInstance(instance, options));
    if (changed.length < instanceIds.length) process.exitCode = exitCodes.failed;
  });
}

async function changeOne(
  { client, finish }: Session,
  action: Action,
  id: string,
  { reason, from }: ChangeOptions,
): Promise<void> {
  const { instances } = client;
  switch (action) {
    case "cancel":
      await instances.cancel(id, { reason, waitSeconds });
      break;
    case "retry":
      await instances.retry(id, { from, waitSeconds });
      break;
    default:
      await instances[action](id, { waitSeconds });
  }
  await finish();
}
