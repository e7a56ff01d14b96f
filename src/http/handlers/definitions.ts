import { compileForm } from "../../definition/form.ts";
import type { AnyDefinition } from "../../definition/workflow-definition.ts";
import type { LocalExecutionEngine } from "../../engine/local-execution-engine.ts";
import { UnknownWorkflowError } from "../../errors.ts";
import { toMermaid } from "../../graph/mermaid.ts";
import { pictureOf } from "../../graph/picture.ts";
import type { Handlers } from "../call.ts";
import type { Permission } from "../permission.ts";
import type { Shape } from "../schemas/index.ts";
import { showGraph } from "../show.ts";

export const definitionHandlers: Handlers<
  | "listDefinitions"
  | "getDefinition"
  | "listDefinitionVersions"
  | "getDefinitionGraph"
  | "getDefinitionMermaid"
> = {
  async listDefinitions({ engine, permission }) {
    const visible = await readable(engine.registry.listDefinitions(), permission);
    return { json: { items: visible.map((each) => summarize(engine, each)) } };
  },

  async getDefinition({ engine, permission, params, query }) {
    const definition = await findDefinition(engine, permission, params.workflow, query.version);
    const versions = versionsOf(engine, definition.name);
    const inputSchema = inputSchemaOf(definition);
    return {
      json: {
        ...summarize(engine, definition),
        versions: versions.map(({ version }) => version),
        inputSchema,
        compensate: definition.compensate,
      },
    };
  },

  async listDefinitionVersions({ engine, permission, params }) {
    const { name } = await findDefinition(engine, permission, params.workflow, undefined);
    const visible = await readable(versionsOf(engine, name), permission);
    return { json: { items: visible.map((each) => summarize(engine, each)) } };
  },

  async getDefinitionGraph({ engine, permission, params, query }) {
    const definition = await findDefinition(engine, permission, params.workflow, query.version);
    return { json: showGraph(pictureOf(definition)) };
  },

  async getDefinitionMermaid({ engine, permission, params, query }) {
    const definition = await findDefinition(engine, permission, params.workflow, query.version);
    const { direction = "TB" } = query;
    return { text: toMermaid(definition, undefined, { direction }) };
  },
};

/** @throws UnknownWorkflowError, alike for one that does not exist and one that is not for them. */
export async function findDefinition(
  engine: LocalExecutionEngine,
  permission: Permission,
  workflow = "",
  version: string | undefined,
): Promise<AnyDefinition> {
  const all = versionsOf(engine, workflow);
  const isKnown = version === undefined ? all.length > 0 : all.some((d) => d.version === version);
  if (isKnown) {
    const definition = engine.registry.getDefinition(workflow, version);
    const resource = { type: "workflow", workflow, version: definition.version } as const;
    if (await permission.may("definition.read", resource)) return definition;
  }
  const which = version === undefined ? "" : ` in version ${JSON.stringify(version)}`;
  throw new UnknownWorkflowError(`There is no workflow ${JSON.stringify(workflow)}${which}.`);
}

async function readable(
  definitions: readonly AnyDefinition[],
  permission: Permission,
): Promise<AnyDefinition[]> {
  const answers = await Promise.all(
    definitions.map(({ name: workflow, version }) =>
      permission.may("definition.read", { type: "workflow", workflow, version }),
    ),
  );
  return definitions.filter((_definition, index) => answers[index]);
}

function versionsOf(engine: LocalExecutionEngine, workflow: string): AnyDefinition[] {
  return engine.registry.listDefinitions().filter(({ name }) => name === workflow);
}

function summarize(
  engine: LocalExecutionEngine,
  definition: AnyDefinition,
): Shape<"DefinitionSummary"> {
  const { name: workflow, version, description } = definition;
  const isLatest = engine.registry.getDefinition(workflow) === definition;
  return { workflow, version, description, isLatest };
}

/** Missing where a Standard Schema cannot tell. */
function inputSchemaOf({ inputSchema }: AnyDefinition): Shape<"Definition">["inputSchema"] {
  if (inputSchema === undefined) return undefined;
  return compileForm(inputSchema).jsonSchema as Shape<"Definition">["inputSchema"];
}
