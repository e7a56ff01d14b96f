import type { Client, HistoryEntry } from "../../http/client.ts";
import { followInstance, type Sight, seeInstance } from "../follow.ts";
import { viewInstance } from "../instance-view.ts";
import { LiveText } from "../live-text.ts";
import type { CommonOptions } from "../options.ts";
import { withSession } from "../session.ts";
import { print, printJson } from "../terminal.ts";

export interface ShowOptions extends CommonOptions {
  readonly follow?: true;
  readonly history?: true;
  readonly all?: true;
}

/** More steps than these are drawn only if all of them are asked for. */
const usualRows = 200;

export async function show(id: string, options: ShowOptions): Promise<void> {
  await withSession(options, { definitions: "required" }, async ({ client }) => {
    const most = options.all === true ? Number.POSITIVE_INFINITY : usualRows;
    if (options.follow === true) return follow(client, id, most, options);
    const sight = await seeInstance(client, id, most);
    const history = options.history === true ? await readHistory(client, id) : undefined;
    if (options.json === true) {
      const { instance, steps } = sight;
      printJson({ ...instance, steps, ...(history !== undefined && { history }) });
      return;
    }
    const graph = await client.instances.graph(id);
    const told = { graph, now: Date.now(), mostRows: most };
    print(viewInstance(sight, { ...told, ...(history !== undefined && { history }) }));
  });
}

async function readHistory(client: Client, id: string): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.instances.history(id, { limit: 1000, cursor });
    entries.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return entries;
}

async function follow(
  client: Client,
  id: string,
  mostRows: number,
  options: ShowOptions,
): Promise<void> {
  const isLive = process.stdout.isTTY === true && options.json !== true;
  if (!isLive) {
    let before: Sight | undefined;
    for await (const sight of followInstance(client, id)) {
      for (const line of changesOf(before, sight, options.json === true)) print(line);
      before = sight;
    }
    return;
  }
  const text = new LiveText();
  const graph = await client.instances.graph(id);
  let latest: Sight | undefined;
  const draw = (isLast = false) => {
    if (latest === undefined) return;
    text.show(viewInstance(latest, { graph, now: Date.now(), mostRows }), isLast);
  };
  // Times go on while nothing changes.
  const clock = setInterval(() => draw(), 1000);
  try {
    for await (const sight of followInstance(client, id)) {
      latest = sight;
      draw();
    }
  } finally {
    clearInterval(clock);
  }
  draw(true);
}

/** One line for each change, for files and other programs. */
function changesOf(before: Sight | undefined, sight: Sight, isJson: boolean): string[] {
  const known = new Map(before?.steps.map((step) => [step.id, step]));
  const changed = sight.steps.filter((step) => {
    const former = known.get(step.id);
    return former?.status !== step.status || former.attempt !== step.attempt;
  });
  const { instance } = sight;
  const isChanged = before?.instance.status !== instance.status;
  if (isJson) {
    const steps = changed.map((step) => JSON.stringify({ type: "step", ...step }));
    return isChanged ? [...steps, JSON.stringify({ type: "instance", ...instance })] : steps;
  }
  const steps = changed.map(({ path, status, attempt, error }) => {
    const tries = attempt > 1 ? ` (attempt ${attempt})` : "";
    return `${path} ${status}${tries}${error === undefined ? "" : `: ${error.message}`}`;
  });
  return isChanged ? [...steps, `${instance.workflow} ${instance.status}`] : steps;
}
