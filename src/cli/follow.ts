import type { Client, Instance, StepExecution } from "../http/client.ts";

/** An instance with its executions, as they are at one time. */
export interface Sight {
  readonly instance: Instance;
  readonly steps: readonly StepExecution[];
}

/** So many executions are read of an instance. */
const mostSteps = 5000;

const pageSize = 1000;

export async function seeInstance(client: Client, id: string, most = mostSteps): Promise<Sight> {
  const instance = await client.instances.get(id);
  const steps: StepExecution[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.instances.steps(id, { limit: Math.min(pageSize, most), cursor });
    steps.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined && steps.length < most);
  return { instance, steps };
}

function hasEnded({ status, compensating }: Instance): boolean {
  const isOver = status === "completed" || status === "failed" || status === "canceled";
  return isOver && compensating === undefined;
}

/** Looked at so often though nothing is told, in case what tells has missed something. */
const lookEveryMs = 5000;

/** What an instance looks like now and after each change, until it has ended. */
export async function* followInstance(client: Client, id: string): AsyncGenerator<Sight> {
  let wake = () => {};
  let isNew = true;
  let failure: unknown;
  const changed = () => {
    isNew = true;
    wake();
  };
  const stop = client.stream(
    { instanceId: id },
    {
      onEvent: changed,
      onOpen: changed,
      onError: (error) => {
        const status: unknown = Reflect.get(Object(error), "status");
        if (typeof status === "number" && status >= 400 && status < 500) failure = error;
        changed();
      },
    },
  );
  try {
    for (;;) {
      if (failure !== undefined) throw failure;
      isNew = false;
      const sight = await seeInstance(client, id);
      yield sight;
      if (hasEnded(sight.instance)) return;
      if (isNew) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, lookEveryMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  } finally {
    stop();
  }
}
