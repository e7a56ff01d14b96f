import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { WorkflowRegistry } from "../definition/registry.ts";
import { type AnyDefinition, WorkflowDefinition } from "../definition/workflow-definition.ts";
import type { EngineOptions } from "../engine/engine-options.ts";
import { DefinitionsUnusableError } from "../errors.ts";

/** Where definitions are looked for unless told, first come, first served. */
export const usualFiles = [
  "tandem.config.ts",
  "tandem.config.js",
  "tandem.config.mjs",
  "workflows.ts",
  "workflows.js",
  "workflows.mjs",
  "src/workflows.ts",
  "src/workflows.js",
  "src/workflows.mjs",
  "dist/workflows.js",
] as const;

export interface LoadedDefinitions {
  readonly file: string;
  readonly registry: WorkflowRegistry;
  /** What the file exports as `engineOptions`, such as limits. */
  readonly engineOptions: EngineOptions;
}

/** The file that was named, or the first of the usual ones. */
export function findDefinitionsFile(named: string | undefined): string | undefined {
  if (named === undefined) return usualFiles.map((each) => resolve(each)).find(existsSync);
  const file = resolve(named);
  if (existsSync(file)) return file;
  throw new DefinitionsUnusableError(
    `There is no file ${named}; --workflows names the file that exports the definitions.`,
  );
}

export function noDefinitionsFile(): DefinitionsUnusableError {
  return new DefinitionsUnusableError(
    `No file with definitions was found (${usualFiles.join(", ")}). Name it with ` +
      "--workflows, make a project with `tandem init`, or reach a running server with --url.",
  );
}

/** @throws DefinitionsUnusableError saying where in the file what is wrong. */
export async function loadDefinitions(file: string): Promise<LoadedDefinitions> {
  const exported = await load(file);
  const registry = new WorkflowRegistry();
  for (const definition of collect(Object.values(exported))) {
    try {
      registry.registerDefinition(definition);
    } catch (error) {
      throw new DefinitionsUnusableError(messageOf(error), { cause: error });
    }
  }
  if (registry.listDefinitions().length === 0) {
    throw new DefinitionsUnusableError(
      `${file} exports no definition: export a WorkflowDefinition, a list of them, or a ` +
        "WorkflowRegistry.",
    );
  }
  const { engineOptions = {} } = exported as { engineOptions?: EngineOptions };
  return { file, registry, engineOptions };
}

async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new DefinitionsUnusableError(explain(file, error), { cause: error });
  }
}

function* collect(values: Iterable<unknown>): Generator<AnyDefinition> {
  const found = new Set<AnyDefinition>();
  for (const value of values) {
    const definitions = Array.isArray(value)
      ? value.filter(isDefinition)
      : isRegistry(value)
        ? value.listDefinitions()
        : [value].filter(isDefinition);
    for (const definition of definitions) {
      if (found.has(definition)) continue;
      found.add(definition);
      yield definition;
    }
  }
}

/** Also one that another copy of this package has made. */
function isDefinition(value: unknown): value is AnyDefinition {
  if (value instanceof WorkflowDefinition) return true;
  if (typeof value !== "object" || value === null) return false;
  const has = (key: string) => Reflect.get(value, key);
  return (
    typeof has("name") === "string" &&
    typeof has("version") === "string" &&
    typeof has("initialStep") === "string" &&
    typeof has("steps") === "object" &&
    Array.isArray(has("edges"))
  );
}

function isRegistry(value: unknown): value is WorkflowRegistry {
  if (value instanceof WorkflowRegistry) return true;
  const list: unknown = Reflect.get(Object(value), "listDefinitions");
  return (
    typeof list === "function" && typeof Reflect.get(Object(value), "getDefinition") === "function"
  );
}

// --------------------------------------------------------------------------- what is wrong with it

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

const hints: Readonly<Record<string, string>> = {
  ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX:
    "Node runs TypeScript by taking the types away, so enums, namespaces and parameter " +
    "properties cannot be used; write them as plain JavaScript, or compile the file first.",
  ERR_UNKNOWN_FILE_EXTENSION: `This Node (${process.version}) cannot run such a file.`,
  ERR_MODULE_NOT_FOUND:
    "Install what is missing (`npm install`); imports of other files name them with their ending.",
  ERR_UNSUPPORTED_DIR_IMPORT: "Name the file in the folder that is imported.",
};

function explain(file: string, error: unknown): string {
  const code: unknown = Reflect.get(Object(error), "code");
  const hint = typeof code === "string" ? hints[code] : undefined;
  const place = placeOf(error) ?? syntaxPlace(file, error) ?? file;
  return [
    `${place} cannot be loaded:`,
    messageOf(error),
    ...(hint === undefined ? [] : [hint]),
  ].join("\n");
}

/** The first line of users' code in an error's trace, as `file:line`. */
function placeOf(error: unknown): string | undefined {
  const stack = error instanceof Error ? (error.stack ?? "") : "";
  // What cannot be parsed as TypeScript stands above the trace, with its file.
  const head = /^([^\n]+):(\d+)\n/.exec(stack);
  if (head?.[1] !== undefined && isAbsolute(head[1])) return `${head[1]}:${head[2]}`;
  for (const line of stack.split("\n")) {
    const found = /(file:\/\/[^\s)]+?):(\d+)(?::\d+)?\)?$/.exec(line.trim());
    if (found?.[1] === undefined || isOurs(found[1])) continue;
    return `${fileURLToPath(found[1])}:${found[2]}`;
  }
  return undefined;
}

/** Of what cannot be parsed as JavaScript, Node tells the line only to its own terminal. */
function syntaxPlace(file: string, error: unknown): string | undefined {
  if (!(error instanceof SyntaxError)) return undefined;
  const { stderr } = spawnSync(process.execPath, ["--check", file], { encoding: "utf8" });
  return /^\S.*:\d+$/m.exec(stderr)?.[0];
}

const ourFolder = new URL("../", import.meta.url).href;

function isOurs(url: string): boolean {
  return url.startsWith(ourFolder) || url.includes("/node_modules/");
}
