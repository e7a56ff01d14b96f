/**
 * The borders of `src/` and its house rules, as data, and one pure function that checks sources against them.
 *
 * Sources are parsed, not searched: a word in a comment or a string is never a violation (except for
 * the words in `NOT_LEFT_BEHIND`, which are meant for comments).
 */
import { posix } from "node:path";
import { parseAst } from "vitest/node";

export interface SourceFile {
  /** Relative to the repository's root, with `/`: `src/machine/decide.ts`. */
  readonly path: string;
  readonly text: string;
}

/** What a folder of `src/` may import, besides itself and the files that stand in `src/` for all. */
interface Border {
  /** Folders (`graph`) or single files (`store/store.ts`), from anywhere in the folder. */
  readonly values: readonly string[];
  /** The same, but with `import type` only. */
  readonly types?: readonly string[];
  /** Whether packages and Node's own modules may be imported too. */
  readonly packages: boolean;
}

/** Add a row here when `src/` gets a new folder: it is the place where its borders are decided. */
const BORDERS: Readonly<Record<string, Border>> = {
  definition: { values: [], packages: true },
  graph: { values: ["definition"], packages: true },
  machine: { values: ["graph", "definition"], packages: false },
  store: { values: [], types: ["machine"], packages: true },
  engine: {
    values: [
      "machine",
      "graph",
      "definition",
      "store/store.ts",
      "store/task-audience.ts",
      "store/memory",
    ],
    packages: true,
  },
  testing: { values: ["engine", "machine", "graph", "definition", "store"], packages: true },
  http: { values: ["engine", "graph", "definition"], types: ["store", "machine"], packages: true },
  cli: { values: ["http", "engine", "store", "graph", "definition"], packages: true },
  dashboard: { values: ["http/client.ts"], packages: true },
};

/** Files that stand in `src/` itself. A door only re-exports and may name every folder. */
const ROOT_FILES: Readonly<Record<string, "door" | "shared">> = {
  "index.ts": "door",
  "churning-map.ts": "shared",
  "errors.ts": "shared",
  "json.ts": "shared",
  "text.ts": "shared",
};

/** Whatever could wait, read a clock, draw a number or reach outside; none of it in `src/machine/`. */
const NOT_IN_MACHINE: ReadonlySet<string> = new Set([
  "Date",
  "Promise",
  "crypto",
  "globalThis",
  "performance",
  "process",
  "queueMicrotask",
  "setImmediate",
  "setInterval",
  "setTimeout",
]);

const BARE_ERRORS: ReadonlySet<string> = new Set(["Error", "TypeError", "RangeError"]);
const NOT_LEFT_BEHIND = /\b(?:TODO|FIXME)\b/;
const LINES_MAX = 500;
const COLUMNS_MAX = 100;
const FILE_NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test|\.contract|\.generated)?\.ts$/;

/** Every violation, one message each, in the order of the files; an empty list when all is well. */
export function checkSources(files: readonly SourceFile[]): string[] {
  return files.flatMap(checkSource);
}

function checkSource(file: SourceFile): string[] {
  const problems = checkText(file);
  const program = parse(file);
  if (typeof program === "string") return [...problems, program];
  const report: Report = (node, message) => {
    problems.push(`${file.path}:${lineAt(file.text, node.start)} ${message}`);
  };
  checkNoDefaultExport(program, report);
  if (isTest(file)) return problems;
  checkImports(file, program, report);
  checkErrors(program, report);
  if (folderOf(file) === "machine") checkMachine(program, report);
  return problems;
}

// ---------------------------------------------------------------------------------------- the text

function checkText(file: SourceFile): string[] {
  const problems: string[] = [];
  const name = posix.basename(file.path);
  if (/^(?:utils?|helpers?|misc|common)\.ts$/.test(name)) {
    problems.push(`${file.path} says nothing by its name: name the file for what it exports.`);
  } else if (!FILE_NAME.test(name)) {
    problems.push(`${file.path} is not kebab-case: rename it like "work-queue.ts".`);
  }
  if (file.path.endsWith(".generated.ts")) return problems;
  const lines = file.text.replace(/\n$/, "").split("\n");
  if (!isTest(file) && !isGenerated(file) && lines.length > LINES_MAX) {
    problems.push(
      `${file.path} has ${lines.length} lines, more than ${LINES_MAX}: ` +
        "move what is a subject of its own into a file of its own.",
    );
  }
  for (const [index, line] of lines.entries()) {
    const at = `${file.path}:${index + 1}`;
    if (line.length > COLUMNS_MAX) {
      problems.push(`${at} has ${line.length} columns, more than ${COLUMNS_MAX}: break the line.`);
    }
    if (NOT_LEFT_BEHIND.test(line)) {
      problems.push(`${at} leaves a note for later: do it now, or open an issue and remove it.`);
    }
  }
  return problems;
}

// ------------------------------------------------------------------------------------- the imports

function checkImports(file: SourceFile, program: Node, report: Report): void {
  const folder = folderOf(file);
  const rootKind = folder === "" ? ROOT_FILES[posix.basename(file.path)] : undefined;
  if (folder === "" && rootKind === undefined) {
    report(
      program,
      "stands in src/ itself: move it into the folder whose job it does, or, " +
        "when it is a door that only re-exports, add it to ROOT_FILES in test/support/architecture.ts.",
    );
    return;
  }
  if (rootKind === "door") return;
  const border = rootKind === "shared" ? { values: [], packages: true } : BORDERS[folder];
  if (border === undefined) {
    report(
      program,
      `is in src/${folder}/, which has no borders yet: ` +
        "say what it may import in BORDERS in test/support/architecture.ts.",
    );
    return;
  }
  for (const found of importsOf(program)) {
    const message = judgeImport(file, folder, border, found);
    if (message !== undefined) report(found.node, message);
  }
}

function judgeImport(
  file: SourceFile,
  folder: string,
  border: Border,
  { specifier, typeOnly }: Import,
): string | undefined {
  const owner = folder === "" ? file.path : `src/${folder}/`;
  if (!specifier.startsWith(".")) {
    if (border.packages || (typeOnly && !specifier.startsWith("node:"))) return undefined;
    return (
      `imports "${specifier}", but ${owner} imports no package and no module of Node: ` +
      "let the caller pass in what is needed."
    );
  }
  const target = posix.join(posix.dirname(file.path), specifier);
  if (!target.startsWith("src/")) {
    return `imports "${specifier}", which is outside src/: move what is needed into src/.`;
  }
  const inside = target.slice("src/".length);
  if (ROOT_FILES[inside] === "shared") return undefined;
  if (folder === "store") {
    const other = judgeStoreImport(file, inside);
    if (other !== undefined) return other;
  }
  if (folder !== "" && inside.startsWith(`${folder}/`)) return undefined;
  if (border.values.some((allowed) => isWithin(inside, allowed))) return undefined;
  if (border.types?.some((allowed) => isWithin(inside, allowed))) {
    if (typeOnly) return undefined;
    return `imports "${specifier}" as a value; ${owner} may import only its types: use "import type".`;
  }
  return `imports "${specifier}"; ${describeBorder(owner, border)}`;
}

/** One store never leans on another: what two of them share belongs to `store/` itself. */
function judgeStoreImport(file: SourceFile, inside: string): string | undefined {
  const own = file.path.split("/").slice(2, -1)[0];
  const [, other, ...rest] = inside.split("/");
  if (!inside.startsWith("store/") || own === undefined || rest.length === 0) return undefined;
  if (other === own) return undefined;
  return (
    `imports from the store "${other}" into the store "${own}": ` +
    "move what both need up into src/store/."
  );
}

function describeBorder(owner: string, border: Border): string {
  const allowed = [
    ...border.values.map((name) => `src/${name}`),
    ...(border.types ?? []).map((name) => `types of src/${name}`),
    "src/errors.ts",
    "src/json.ts",
  ];
  return (
    `${owner} may import only ${allowed.join(", ")}: ` +
    "move the shared part down to one of these, or pass it in as an argument."
  );
}

function isWithin(inside: string, allowed: string): boolean {
  return inside === allowed || inside.startsWith(`${allowed}/`);
}

interface Import {
  readonly node: Node;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

/** Static imports and re-exports, `import()`, `import type`, `import("…")` in a type, `import x = require("…")`. */
function importsOf(program: Node): Import[] {
  const imports: Import[] = [];
  const add = (node: Node, source: unknown, typeOnly: boolean) => {
    const specifier = isNode(source) ? source.value : undefined;
    if (typeof specifier === "string") imports.push({ node, specifier, typeOnly });
  };
  walk(program, (node) => {
    switch (node.type) {
      case "ImportDeclaration":
        add(node, node.source, isTypeOnly(node, "importKind"));
        break;
      case "ExportNamedDeclaration":
      case "ExportAllDeclaration":
        add(node, node.source, isTypeOnly(node, "exportKind"));
        break;
      case "ImportExpression":
        add(node, node.source, false);
        break;
      case "TSImportType":
        add(node, node.source, true);
        break;
      case "TSExternalModuleReference":
        add(node, node.expression, false);
        break;
    }
  });
  return imports;
}

function isTypeOnly(node: Node, kind: "importKind" | "exportKind"): boolean {
  if (node[kind] === "type") return true;
  const specifiers = node.specifiers;
  if (!Array.isArray(specifiers) || specifiers.length === 0) return false;
  return specifiers.every((specifier) => isNode(specifier) && specifier[kind] === "type");
}

// ----------------------------------------------------------------------------------------- the code

function checkNoDefaultExport(program: Node, report: Report): void {
  walk(program, (node) => {
    const exported = node.exported;
    const isDefault =
      node.type === "ExportDefaultDeclaration" ||
      (node.type === "ExportSpecifier" && isNode(exported) && exported.name === "default");
    if (isDefault) report(node, "is a default export: export it by name.");
  });
}

function checkErrors(program: Node, report: Report): void {
  const seen = new Set<Node>();
  const judge = (node: unknown) => {
    const name = isNode(node) ? bareErrorOf(node) : undefined;
    if (!isNode(node) || name === undefined || seen.has(node)) return;
    seen.add(node);
    report(
      node,
      `makes a bare ${name}: use a class of src/errors.ts, with a code and a message that says ` +
        "what was found, which rule it breaks and what to do.",
    );
  };
  walk(program, (node) => {
    if (node.type === "ThrowStatement") judge(node.argument);
    if (bareErrorOf(node) === "TypeError") judge(node);
  });
}

/** `new Error(…)` or `Error(…)`: the name of the class. */
function bareErrorOf(node: Node): string | undefined {
  if (node.type !== "NewExpression" && node.type !== "CallExpression") return undefined;
  const callee = node.callee;
  if (!isNode(callee) || callee.type !== "Identifier") return undefined;
  const name = callee.name;
  return typeof name === "string" && BARE_ERRORS.has(name) ? name : undefined;
}

function checkMachine(program: Node, report: Report): void {
  const ban = (node: Node, what: string) => {
    report(
      node,
      `uses ${what}; src/machine/ is pure: time, ids and outcomes come in as arguments, ` +
        "and whatever waits belongs to src/engine/.",
    );
  };
  walk(program, (node, parent) => {
    if (node.type === "AwaitExpression") ban(node, "await");
    if (node.type === "ForOfStatement" && node.await === true) ban(node, "for await");
    if (node.async === true) ban(node, "async");
    if (isMathRandom(node)) ban(node, "Math.random");
    if (node.type !== "Identifier" || isPropertyName(node, parent)) return;
    const name = node.name;
    if (typeof name === "string" && NOT_IN_MACHINE.has(name)) ban(node, name);
  });
}

function isMathRandom(node: Node): boolean {
  if (node.type !== "MemberExpression") return false;
  const { object, property } = node;
  if (!isNode(object) || object.name !== "Math" || !isNode(property)) return false;
  return property.name === "random" || property.value === "random";
}

/** `state.process` and `{ process: 1 }` name a field of ours; `{ process }` reads the global. */
function isPropertyName(node: Node, parent: Node | undefined): boolean {
  if (parent === undefined || parent.computed === true) return false;
  return parent.property === node || (parent.key === node && parent.value !== node);
}

// ---------------------------------------------------------------------------------------- the parser

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

type Report = (node: Node, message: string) => void;

function parse(file: SourceFile): Node | string {
  try {
    const program: unknown = parseAst(file.text, { lang: "ts", astType: "ts" });
    return isNode(program) ? program : `${file.path} gave no syntax tree: report this as a bug.`;
  } catch (error) {
    return `${file.path} cannot be parsed: mend its syntax. ${String(error)}`;
  }
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "type" in value && "start" in value;
}

function walk(
  node: Node,
  visit: (node: Node, parent: Node | undefined) => void,
  parent?: Node,
): void {
  visit(node, parent);
  for (const value of Object.values(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) walk(child, visit, node);
    }
  }
}

function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

function isTest(file: SourceFile): boolean {
  return file.path.endsWith(".test.ts");
}

function isGenerated(file: SourceFile): boolean {
  return file.path.endsWith(".generated.ts");
}

/** `machine` for `src/machine/decide.ts`, the empty string for `src/errors.ts`. */
function folderOf(file: SourceFile): string {
  const [, folder, ...rest] = file.path.split("/");
  return folder !== undefined && rest.length > 0 ? folder : "";
}
