import { describe, expectTypeOf, test } from "vitest";
import type { WorkflowContext } from "../../src/definition/context.ts";
import { Edge } from "../../src/definition/edge.ts";
import {
  type GroupEngine,
  MapGroup,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  StepGroup,
  ThrottledGroup,
  type WorkflowNode,
} from "../../src/definition/group.ts";
import { BaseHumanStep } from "../../src/definition/human-step.ts";
import { WorkflowRegistry } from "../../src/definition/registry.ts";
import { BaseMachineStep } from "../../src/definition/step.ts";
import { TimerStep } from "../../src/definition/wait-steps.ts";
import { WorkflowDefinition } from "../../src/definition/workflow-definition.ts";

declare function send(text: string): Promise<{ ok: boolean }>;

class ProcessOrder extends BaseMachineStep {
  override name = "process_order";
  async execute(context: WorkflowContext) {
    const orderId = context.get("order_id");
    context.set("processed", orderId);
    context.set("order_status", "completed");
  }
}

class SendEmail extends BaseMachineStep {
  override name = "send_email";
  async execute(context: WorkflowContext): Promise<void> {
    await send("mail");
    context.set("email_sent", true);
    context.set("email_timestamp", new Date().toISOString());
  }
}

class LegalApproval extends BaseHumanStep {
  override name = "legal_approval";
  override title = "Legal Review Required";
  override formSchema = {
    type: "object",
    properties: {
      approved: { type: "boolean", title: "Legal Approved?" },
      concerns: { type: "string", title: "Legal Concerns" },
    },
    required: ["approved"],
  } as const;
}

class SecurityApproval extends BaseHumanStep {
  override name = "security_approval";
  override title = "Security Review Required";
  override formSchema = {
    type: "object",
    properties: {
      approved: { type: "boolean", title: "Security Approved?" },
      risk_level: { type: "string", enum: ["low", "medium", "high"] },
    },
    required: ["approved", "risk_level"],
  };
}

class CheckAllApprovals extends BaseMachineStep {
  override name = "check_approvals";
  async execute(context: WorkflowContext) {
    const legal = context.get("legal_approval.approved", false);
    const security = context.get("security_approval.approved", false);
    const allApproved = legal && security;
    context.set("all_approved", allApproved);
  }
}

class ResilientFetch extends BaseMachineStep {
  override name = "resilient_fetch";
  async execute(context: WorkflowContext) {
    try {
      const data = await send("fetch");
      context.set(`${this.name}_data`, data);
      context.set(`${this.name}_success`, true);
    } catch (error) {
      context.set(`${this.name}_error`, String(error));
    }
  }
}

class HandlePartialResults extends BaseMachineStep {
  override name = "handle_results";
  execute(context: WorkflowContext) {
    const successful = [];
    const failed = [];
    for (const source of ["api1", "api2"]) {
      if (context.get(`fetch_${source}_success`)) successful.push(source);
      else failed.push(source);
    }
    context.set("successful_fetches", successful);
    if (successful.length === 0) throw new Error("All data fetches failed");
  }
}

class TimedFetch extends BaseMachineStep {
  override name = "timed_fetch";
  timeoutSeconds = 30;
  override timeoutMs = this.timeoutSeconds * 1000;
  override retry = { maxAttempts: 3 };
  async execute(context: WorkflowContext) {
    context.set("data", await this.fetchData());
  }
  async fetchData() {
    return send("timed");
  }
}

class OwnThrottle extends StepGroup {
  readonly steps: readonly WorkflowNode[];
  constructor(steps: readonly WorkflowNode[]) {
    super();
    this.steps = steps;
  }
  async execute(context: WorkflowContext, engine: GroupEngine) {
    return Promise.all(this.steps.map((step) => engine.executeStep(step, context)));
  }
}

describe("a program in the style of the guide", () => {
  test("compiles without a single type annotation on its data", () => {
    const workflow = new WorkflowDefinition({
      name: "order_with_notifications",
      version: "1.0.0",
      description: "Process order and send parallel notifications",
      steps: {
        process_order: new ProcessOrder(),
        notify: new ParallelGroup([new SendEmail(), new ResilientFetch()], {
          callback: new HandlePartialResults(),
          maxConcurrent: 5,
        }),
        approvals: new ParallelGroup([new LegalApproval(), new SecurityApproval()], {
          callback: new CheckAllApprovals(),
        }),
        fetch: new RaceGroup([new TimedFetch(), new SendEmail()]),
        throttled: new ThrottledGroup([new SendEmail()], { maxConcurrent: 2 }),
        own: new OwnThrottle([new SendEmail()]),
        each: new MapGroup(new SendEmail(), { items: "customers" }),
      },
      edges: [
        new Edge("process_order", "notify"),
        new Edge("notify", "approvals"),
        new Edge("approvals", "fetch", {
          condition: (context) => context.get("all_approved") === true,
        }),
        new Edge("approvals", "throttled", { otherwise: true }),
        new Edge("approvals", "own", { on: "failure" }),
        new Edge("fetch", "each", { condition: "size(customers) > 0" }),
      ],
      initialStep: "process_order",
      terminalSteps: new Set(["fetch", "throttled", "own", "each"] as const),
    });
    const registry = new WorkflowRegistry();
    registry.registerDefinition(workflow);
    expectTypeOf(workflow.steps.process_order).toEqualTypeOf<ProcessOrder>();
  });

  test("reads as plainly: an approval with a deadline, and a vote", () => {
    new RaceGroup([
      new LegalApproval(),
      new TimerStep({ name: "two_days", durationMs: 172_800_000 }),
    ]);
    new QuorumGroup([new LegalApproval(), new SecurityApproval()], {
      required: 2,
      counts: (vote) => vote.approved,
      veto: (vote) => !vote.approved,
    });
  });
});
