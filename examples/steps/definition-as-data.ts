/**
 * Conditions may be written in CEL instead of TypeScript, so the shape of a workflow can be a JSON
 * document: kept in a file or a table, and edited without a deployment. Code is named in it.
 */
import { type Edge, machineStep, type Step, WorkflowDefinition } from "tandem-workflows";
import { runWorkflow } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

interface Document {
  readonly name: string;
  readonly version: string;
  /** For each step the code that it runs. */
  readonly steps: Readonly<Record<string, string>>;
  readonly edges: readonly Edge[];
  readonly initialStep: string;
  readonly terminalSteps: readonly string[];
}

export const text = `{
  "name": "expense",
  "version": "1.0.0",
  "steps": {
    "check": "checkLimits",
    "pay": "transfer",
    "refuse": "explain"
  },
  "edges": [
    {
      "source": "check",
      "target": "pay",
      "condition": "within_limits && (amount < 100 || has(receipt))"
    },
    { "source": "check", "target": "refuse", "otherwise": true }
  ],
  "initialStep": "check",
  "terminalSteps": ["pay", "refuse"]
}`;

/** The code that documents may name. */
const code: Readonly<Record<string, (name: string) => Step>> = {
  checkLimits: (name) =>
    machineStep(name, (context) => {
      const amount = Number(context.get("amount"));
      context.set("within_limits", amount > 0 && amount <= 1000);
    }),
  transfer: (name) => machineStep(name, (context) => context.set("outcome", "paid")),
  explain: (name) => machineStep(name, (context) => context.set("outcome", "refused")),
};

/** Builds the definition, which checks the document: every problem is reported at once. */
export function readDefinition(json: string) {
  const { steps, ...rest } = JSON.parse(json) as Document;
  const built = Object.entries(steps).map(([name, uses]) => {
    const make = code[uses];
    if (make === undefined) throw new Error(`Step "${name}" uses the unknown code "${uses}".`);
    return [name, make(name)] as const;
  });
  return new WorkflowDefinition({
    ...rest,
    steps: Object.fromEntries(built),
  });
}

export const workflow = readDefinition(text);

export function main(
  expense: Readonly<Record<string, unknown>> = { amount: 250, receipt: "r.pdf" },
) {
  return runWorkflow(workflow, expense);
}

if (import.meta.main) printInstance(workflow, await main());
