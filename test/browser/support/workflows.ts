import {
  ConditionalGroup,
  Edge,
  type FormSchema,
  humanStep,
  MapGroup,
  machineStep,
  ParallelGroup,
  QuorumGroup,
  RaceGroup,
  TimerStep,
  WorkflowDefinition,
  WorkflowRegistry,
} from "tandem-workflows";

/** Approve or reject; who rejects has to say why. */
const approvalForm = {
  type: "object",
  properties: {
    approved: { type: "boolean", title: "Do you approve?", "x-labels": ["Approve", "Reject"] },
    comment: { type: "string", title: "Comment", maxLength: 500 },
  },
  required: ["approved"],
  if: { properties: { approved: { const: false } }, required: ["approved"] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: {
    properties: { reason: { type: "string", title: "Reason for the rejection", minLength: 5 } },
    required: ["reason"],
  },
} as const satisfies FormSchema;

const approval = (name: string, title: string, assignment: object) =>
  humanStep(name, { title, formSchema: approvalForm, ...assignment });

/** What an order waits for until a test lets it go on. */
export const gates = {
  email: Promise.resolve(),
};

const order = new WorkflowDefinition({
  name: "order_with_approvals",
  version: "1.2.0",
  description:
    "An order is processed, three services are told of it at the same time, and three people " +
    "approve it in parallel.",
  inputSchema: {
    type: "object",
    properties: {
      order_id: {
        type: "string",
        title: "Order number",
        pattern: "^ORD-[0-9]+$",
        "x-pattern-hint": "An order number looks like ORD-123.",
      },
      amount: { type: "number", title: "Amount", minimum: 0, maximum: 100_000 },
      currency: {
        title: "Currency",
        oneOf: [
          { const: "EUR", title: "Euro" },
          { const: "USD", title: "US dollar" },
        ],
        default: "EUR",
      },
    },
    required: ["order_id", "amount"],
  },
  steps: {
    process_order: machineStep("process_order", (context) => {
      context.set("order_status", "processed");
    }),
    notify: new ParallelGroup(
      [
        machineStep("send_email", () => gates.email),
        machineStep("send_slack", () => undefined),
        machineStep("call_webhook", () => undefined),
      ],
      { callback: machineStep("log_notifications", (context) => context.set("notified", 3)) },
    ),
    legal_approval: approval("legal_approval", "Legal review of the order", {
      description: "Look at the terms of delivery and at the liability clause.",
      candidateGroups: ["legal"],
      shows: ["order_id", "amount", "customer", "contract"],
    }),
    finance_approval: approval("finance_approval", "Release the budget", {
      candidateGroups: ["finance"],
      shows: ["order_id", "amount"],
    }),
    manager_approval: approval("manager_approval", "Approve as the manager", {
      assignee: "ada",
      shows: ["order_id", "amount"],
      dueInMs: 3_600_000,
    }),
    decide: machineStep("decide", () => undefined),
    ship: machineStep("ship", (context) => context.set("shipped", true)),
    rejected: machineStep("rejected", (context) => context.set("order_status", "rejected")),
    handle_failure: machineStep("handle_failure", () => undefined),
  },
  edges: [
    new Edge("process_order", "notify"),
    new Edge("process_order", "handle_failure", { on: "failure" }),
    new Edge("notify", "legal_approval"),
    new Edge("notify", "finance_approval"),
    new Edge("notify", "manager_approval"),
    new Edge("legal_approval", "decide"),
    new Edge("finance_approval", "decide"),
    new Edge("manager_approval", "decide"),
    new Edge("decide", "ship", {
      condition:
        "legal_approval.approved && finance_approval.approved && manager_approval.approved",
      label: "all approve",
    }),
    new Edge("decide", "rejected", { otherwise: true }),
  ],
  initialStep: "process_order",
  terminalSteps: ["ship", "rejected", "handle_failure"],
});

/** Asks for nothing but yes or no, so that many can be decided together. */
const vacation = new WorkflowDefinition({
  name: "vacation",
  steps: {
    approve: humanStep("approve", {
      title: "Approve the vacation",
      candidateGroups: ["legal", "finance"],
      formSchema: {
        type: "object",
        properties: { approved: { type: "boolean", title: "Approved" } },
        required: ["approved"],
      },
    }),
  },
  edges: [],
  initialStep: "approve",
  terminalSteps: ["approve"],
});

/** Every kind of field that a form can have. */
const onboarding = new WorkflowDefinition({
  name: "onboarding",
  steps: {
    fill_in: humanStep("fill_in", {
      title: "Prepare the new colleague's first day",
      assignee: "ada",
      formSchema: {
        type: "object",
        required: ["name", "start", "seniority", "laptops", "agreed"],
        properties: {
          name: { type: "string", title: "Name", minLength: 2 },
          email: { type: "string", title: "E-mail", format: "email" },
          start: { type: "string", title: "First day", format: "date" },
          salary: { type: "integer", title: "Salary", minimum: 1, maximum: 500_000 },
          seniority: {
            title: "Seniority",
            oneOf: [
              { const: "junior", title: "Junior" },
              { const: "senior", title: "Senior" },
              { const: "lead", title: "Lead" },
              { const: "staff", title: "Staff" },
              { const: "other", title: "Something else" },
            ],
          },
          skills: {
            type: "array",
            title: "Skills",
            uniqueItems: true,
            items: { enum: ["TypeScript", "SQL", "Design"] },
          },
          laptops: {
            type: "array",
            title: "Laptops",
            minItems: 1,
            maxItems: 3,
            items: {
              type: "object",
              required: ["model"],
              properties: {
                model: { type: "string", title: "Model", minLength: 1 },
                screens: { type: "integer", title: "Screens", minimum: 0, maximum: 4 },
              },
            },
          },
          contract: { type: "string", title: "Contract", "x-file": true },
          notes: { type: "string", title: "Notes", maxLength: 2000 },
          remote: { type: "boolean", title: "Works from home" },
          agreed: { const: true, type: "boolean", title: "The team has agreed" },
        },
        dependentSchemas: {
          email: { properties: { newsletter: { type: "boolean", title: "Send the newsletter" } } },
        },
      },
    }),
  },
  edges: [],
  initialStep: "fill_in",
  terminalSteps: ["fill_in"],
});

/** A loop, a race against a deadline, a vote, branches and a list of many. */
const article = new WorkflowDefinition({
  name: "write_until_good",
  steps: {
    write: machineStep("write", (context) => context.set("draft", `draft ${context.iteration}`)),
    check_style: machineStep("check_style", (context) => {
      context.set("style_ok", context.iteration >= 3);
    }),
    decide: machineStep("decide", () => undefined),
    review: new RaceGroup([
      approval("editor_review", "Review the draft", { candidateGroups: ["legal"] }),
      new TimerStep({ name: "review_deadline", durationMs: 48 * 3_600_000 }),
    ]),
    vote: new QuorumGroup(
      ["bob", "cy", "ada"].map((name) =>
        approval(name, "Vote on the publication", { assignee: name }),
      ),
      { required: 2 },
    ),
    load: machineStep("load", (context) => {
      context.set(
        "readers",
        Array.from({ length: 1000 }, (_, index) => index),
      );
    }),
    send: new MapGroup(
      machineStep("send_one", (context) => {
        if (Number(context.index) % 100 === 7) throw new TypeError("The mailbox is full.");
      }),
      { items: "readers", failure: "collect" },
    ),
    announce: new ConditionalGroup(
      { letter: machineStep("letter", () => 1), post: machineStep("post", () => 2) },
      () => "post",
    ),
    dropped: machineStep("dropped", () => undefined),
  },
  edges: [
    new Edge("write", "check_style"),
    new Edge("check_style", "decide"),
    new Edge("decide", "review", { condition: "style_ok" }),
    new Edge("decide", "write", { otherwise: true, label: "try again" }),
    new Edge("review", "vote"),
    new Edge("vote", "load"),
    new Edge("vote", "dropped", { on: "failure" }),
    new Edge("load", "send"),
    new Edge("send", "announce"),
  ],
  initialStep: "write",
  terminalSteps: ["announce", "dropped"],
});

const failing = new WorkflowDefinition({
  name: "import_prices",
  steps: {
    fetch: machineStep("fetch", () => undefined),
    convert: machineStep(
      "convert",
      () => {
        throw new TypeError("The exchange rate of 3 January is missing.");
      },
      { retry: { maxAttempts: 3 } },
    ),
  },
  edges: [new Edge("fetch", "convert")],
  initialStep: "fetch",
  terminalSteps: ["convert"],
});

/** 300 nodes: 30 stages of ten branches each that join again. */
function large(stages = 27, width = 10) {
  const steps: Record<string, ReturnType<typeof machineStep>> = {};
  const edges: Edge[] = [];
  const add = (name: string) => {
    steps[name] = machineStep(name, () => undefined);
    return name;
  };
  let before = add("start");
  for (let stage = 1; stage <= stages; stage++) {
    const join = add(`join_${stage}`);
    for (let branch = 1; branch <= width; branch++) {
      const name = add(`stage_${stage}_branch_${branch}`);
      edges.push(new Edge(before, name), new Edge(name, join));
    }
    before = join;
  }
  return new WorkflowDefinition({
    name: "large",
    steps,
    edges,
    initialStep: "start",
    terminalSteps: [before],
  });
}

export function newRegistry(): WorkflowRegistry {
  const registry = new WorkflowRegistry();
  for (const workflow of [order, vacation, onboarding, article, failing, large()]) {
    registry.registerDefinition(workflow);
  }
  return registry;
}
