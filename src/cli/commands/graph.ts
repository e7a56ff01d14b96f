import { CommandFailedError, UsageError } from "../../errors.ts";
import type { Client } from "../../http/client.ts";
import { viewGraph } from "../graph-view.ts";
import type { CommonOptions } from "../options.ts";
import { withSession } from "../session.ts";
import { print, printJson } from "../terminal.ts";

export interface GraphOptions extends CommonOptions {
  readonly mermaid?: true;
  readonly direction: string;
  readonly workflowVersion?: string;
}

export async function graph(name: string, options: GraphOptions): Promise<void> {
  const { mermaid, direction, workflowVersion: version, json } = options;
  if (direction !== "TB" && direction !== "LR") {
    throw new UsageError(`--direction is ${direction}; it is TB (from top to bottom) or LR.`);
  }
  // A definition can be drawn before there is a database.
  const needs = { definitions: "required", missing: "empty" } as const;
  await withSession(options, needs, async ({ client }) => {
    const isDefinition = version !== undefined || (await isWorkflow(client, name));
    if (mermaid === true) {
      const text = isDefinition
        ? await client.definitions.mermaid(name, {
            ...(version !== undefined && { version }),
            direction,
          })
        : await client.instances.mermaid(name, { direction });
      if (json === true) printJson({ mermaid: text });
      else print(text.trimEnd());
      return;
    }
    const drawn = isDefinition
      ? await client.definitions.graph(name, version)
      : await client.instances.graph(name);
    if (json === true) printJson(drawn);
    else print(viewGraph(drawn));
  });
}

/** Whether the name is that of a workflow, and not the id of an instance. */
async function isWorkflow(client: Client, name: string): Promise<boolean> {
  const { items } = await client.definitions.list();
  if (items.some(({ workflow }) => workflow === name)) return true;
  try {
    await client.instances.get(name);
    return false;
  } catch (error) {
    if (Reflect.get(Object(error), "code") !== "UNKNOWN_INSTANCE") throw error;
    const known = [...new Set(items.map(({ workflow }) => workflow))].join(", ");
    throw new CommandFailedError(
      `There is no workflow and no instance "${name}". Workflows: ${known || "none"}; ` +
        "`tandem list` shows the instances.",
    );
  }
}
