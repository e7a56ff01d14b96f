import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative, resolve } from "node:path";
import { CommandFailedError } from "../../errors.ts";
import { packageVersion } from "../../http/package-version.ts";
import { usualFiles } from "../definitions-file.ts";
import { paint, print, printJson } from "../terminal.ts";

export interface InitOptions {
  readonly javascript?: true;
  readonly json?: true;
}

/** Writes a small project; files that are there stay as they are. */
export function init(folder: string, options: InitOptions): void {
  const root = resolve(folder);
  const definitions = options.javascript === true ? "workflows.js" : "workflows.ts";
  const present = usualFiles.find((file) => existsSync(join(root, file)));
  if (present !== undefined) {
    throw new CommandFailedError(
      `${join(folder, present)} is there already; name a new folder: \`tandem init orders\`.`,
    );
  }
  const hasPackage = existsSync(join(root, "package.json"));
  if (hasPackage) refuseCommonJs(root);
  const files: Record<string, string> = {
    [definitions]: workflowsText,
    ...(hasPackage ? {} : { "package.json": packageText(basename(root)) }),
    ...(existsSync(join(root, "README.md")) ? {} : { "README.md": readmeText(definitions) }),
    ...(existsSync(join(root, ".gitignore"))
      ? {}
      : { ".gitignore": "node_modules/\ntandem.db*\n" }),
  };
  write(root, files);
  const install = hasPackage ? "npm install tandem-workflows" : "npm install";
  const place = relative(process.cwd(), root);
  const commands = [...(place === "" ? [] : [`cd ${place}`]), install, "npx tandem dev"];
  if (options.json === true) printJson({ folder: root, files: Object.keys(files), next: commands });
  else print(describe(place, Object.keys(files), commands));
}

function refuseCommonJs(root: string): void {
  let type: unknown;
  try {
    type = Reflect.get(
      Object(JSON.parse(readFileSync(join(root, "package.json"), "utf8"))),
      "type",
    );
  } catch {
    throw new CommandFailedError("The package.json here is no JSON; mend it first.");
  }
  if (type === "module") return;
  throw new CommandFailedError(
    'The package.json here has no "type": "module", which the definitions need; add it, or name ' +
      "a new folder: `tandem init orders`.",
  );
}

function write(root: string, files: Readonly<Record<string, string>>): void {
  try {
    mkdirSync(root, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(root, name), text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CommandFailedError(`The project cannot be written: ${reason}.`, { cause: error });
  }
}

function describe(place: string, files: readonly string[], commands: readonly string[]): string {
  return [
    `Made ${files.join(", ")}${place === "" ? "" : ` in ${place}`}.`,
    "",
    "Now type:",
    ...commands.map((command) => `  ${paint("cyan", command)}`),
    "",
    "and in another terminal, to begin an order that then waits for you:",
    `  ${paint("cyan", "npx tandem start order_approval")}`,
  ].join("\n");
}

function packageText(name: string): string {
  const description = {
    name:
      name
        .toLowerCase()
        .replace(/[^a-z0-9._-]+/g, "-")
        .replace(/^[._-]+/, "") || "orders",
    private: true,
    type: "module",
    scripts: { dev: "tandem dev" },
    dependencies: { "tandem-workflows": `^${packageVersion()}` },
    engines: { node: ">=22.18" },
  };
  return `${JSON.stringify(description, undefined, 2)}\n`;
}

const importLine =
  'import { Edge, humanStep, machineStep, WorkflowDefinition } from "tandem-workflows";';

const workflowsText = `${importLine}

/** A machine does this. What it sets is kept when it succeeds. */
const checkStock = machineStep("check_stock", async (context) => {
  const item = context.get("item", "an oak table");
  context.set("item", item);
  context.set("in_stock", true);
});

/** A person does this: the order waits, for minutes or for weeks. */
const approve = humanStep("approve", {
  title: "May this order be shipped?",
  shows: ["item", "in_stock"],
  candidateGroups: ["sales"],
  formSchema: {
    type: "object",
    properties: {
      approved: { type: "boolean", title: "Approve it" },
      note: { type: "string", title: "A word to the customer", maxLength: 200 },
    },
    required: ["approved"],
  },
});

const ship = machineStep("ship", (context) => {
  context.set("order_status", "shipped");
});

const decline = machineStep("decline", (context) => {
  context.set("order_status", "declined");
});

export const orderApproval = new WorkflowDefinition({
  name: "order_approval",
  version: "1.0.0",
  description: "An order is checked, approved by a person, and shipped.",
  steps: { check_stock: checkStock, approve, ship, decline },
  edges: [
    new Edge("check_stock", "approve"),
    new Edge("approve", "ship", { condition: "approve.approved" }),
    new Edge("approve", "decline", { otherwise: true }),
  ],
  initialStep: "check_stock",
  terminalSteps: ["ship", "decline"],
});
`;

function readmeText(definitions: string): string {
  return `# An order that needs an approval

The workflow stands in [${definitions}](${definitions}). Run it, with a dashboard in the browser:

    npm install
    npx tandem dev

In another terminal:

    npx tandem start order_approval --data '{"item": "a lamp"}'
    npx tandem tasks                 # who has to do what
    npx tandem complete ID           # asks what the form asks
    npx tandem show ID               # what happened, and when
    npx tandem graph order_approval  # the workflow, drawn

Everything is kept in \`tandem.db\`. Change ${definitions} while \`tandem dev\` runs: it starts
anew and goes on with what waits. When a change gives a workflow other steps or edges, give it a
new \`version\`; instances keep the one that they began with.
`;
}
