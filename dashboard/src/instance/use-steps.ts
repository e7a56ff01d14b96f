import type { Client, StepExecution } from "tandem-workflows/client";
import { useQuery } from "../data/api.tsx";

/** More executions than these are summed up by the graph, and not drawn one by one. */
const mostSteps = 3000;

export interface Steps {
  readonly items: readonly StepExecution[];
  readonly isCut: boolean;
}

export function useSteps(instanceId: string) {
  return useQuery(
    `steps ${instanceId}`,
    (client, signal) => readSteps(client, instanceId, signal),
    {
      live: { instanceId },
    },
  );
}

async function readSteps(client: Client, instanceId: string, signal: AbortSignal): Promise<Steps> {
  const items: StepExecution[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.instances.steps(instanceId, { limit: 1000, cursor }, { signal });
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined && items.length < mostSteps);
  return { items, isCut: cursor !== undefined };
}
