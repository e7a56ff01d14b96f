/**
 * Three people are asked at the same time and answer in any order. What each of them filled in stands
 * under the name of the step, so the callback reads `legal_approval.approved`.
 */
import {
  BaseHumanStep,
  BaseMachineStep,
  type LocalExecutionEngine,
  ParallelGroup,
  type WorkflowContext,
  WorkflowDefinition,
} from "tandem-workflows";
import { withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";

class LegalApproval extends BaseHumanStep {
  override name = "legal_approval";
  override title = "Legal review";
  override candidateGroups = ["legal"];
  override formSchema = {
    type: "object",
    properties: {
      approved: { type: "boolean", title: "Does legal approve?" },
      concerns: { type: "string", title: "Concerns" },
    },
    required: ["approved"],
  } as const;
}

class FinanceApproval extends BaseHumanStep {
  override name = "finance_approval";
  override title = "Finance review";
  override candidateGroups = ["finance"];
  override formSchema = {
    type: "object",
    properties: {
      approved: { type: "boolean", title: "Does finance approve?" },
      budget_code: { type: "string", title: "Budget code" },
    },
    required: ["approved"],
  } as const;
}

class SecurityApproval extends BaseHumanStep {
  override name = "security_approval";
  override title = "Security review";
  override candidateGroups = ["security"];
  override formSchema = {
    type: "object",
    properties: {
      approved: { type: "boolean", title: "Does security approve?" },
      risk_level: { type: "string", enum: ["low", "medium", "high"] },
    },
    required: ["approved", "risk_level"],
  } as const;
}

class CheckApprovals extends BaseMachineStep {
  override name = "check_approvals";

  execute(context: WorkflowContext) {
    const approvals = ["legal_approval", "finance_approval", "security_approval"];
    const all = approvals.every((name) => context.get(`${name}.approved`, false));
    context.set("all_approved", all);
  }
}

export const workflow = new WorkflowDefinition({
  name: "contract_approval",
  steps: {
    approvals: new ParallelGroup(
      [new LegalApproval(), new FinanceApproval(), new SecurityApproval()],
      { callback: new CheckApprovals() },
    ),
  },
  initialStep: "approvals",
  terminalSteps: ["approvals"],
});

export interface Answer {
  readonly stepName: string;
  readonly userId: string;
  readonly group: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export const answers: readonly Answer[] = [
  {
    stepName: "security_approval",
    userId: "sam",
    group: "security",
    data: { approved: true, risk_level: "low" },
  },
  { stepName: "legal_approval", userId: "lea", group: "legal", data: { approved: true } },
  {
    stepName: "finance_approval",
    userId: "fin",
    group: "finance",
    data: { approved: true, budget_code: "B-7" },
  },
];

/** Everybody finds the task in their own inbox and answers it. */
export async function answerAll(engine: LocalExecutionEngine, all: readonly Answer[]) {
  for (const { stepName, userId, group, data } of all) {
    const { items: inbox } = await engine.tasks.list({ userId, groups: [group] });
    for (const { instanceId } of inbox) {
      await engine.completeHumanTask({ instanceId, stepName, userId, groups: [group], data });
    }
  }
}

export function main(all: readonly Answer[] = answers) {
  return withEngine(async (engine) => {
    const { id } = await engine.startWorkflow(workflow);
    await answerAll(engine, all);
    return engine.getInstance(id);
  });
}

if (import.meta.main) printInstance(workflow, await main());
