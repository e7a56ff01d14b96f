import {
  BaseHumanStep,
  type EngineOptions,
  humanStep,
  LocalExecutionEngine,
  MapGroup,
  MemoryStore,
  machineStep,
  SignalStep,
  SubworkflowStep,
  TimerStep,
  WebhookStep,
  WorkflowRegistry,
} from "tandem-workflows";
import { createClient } from "tandem-workflows/client";
import { createHttpHandler, type HttpOptions, type Principal } from "tandem-workflows/http";
import { VirtualClock } from "tandem-workflows/testing";
import { flow } from "./workshop.ts";

/** Somebody with a form that asks for a decision. */
export class Approval extends BaseHumanStep {
  readonly name = "approve";
  override title = "Approve the expense";
  override candidateGroups = ["finance"];
  override formSchema = {
    type: "object",
    properties: {
      approved: { type: "boolean", title: "Do you approve?" },
      note: { type: "string", maxLength: 200 },
    },
    required: ["approved"],
    additionalProperties: false,
  } as const;
}

/** Definitions with whatever the API can act on. */
function definitions() {
  return [
    flow(
      { approve: new Approval(), book: machineStep("book", () => "booked") },
      ["approve -> book"],
      {
        name: "expense",
        version: "1.0.0",
        description: "Asks finance.",
        inputSchema: {
          type: "object",
          properties: { amount: { type: "number", minimum: 0 } },
        },
      },
    ),
    flow({ ask: humanStep("ask", { title: "Anybody" }) }, [], { name: "open" }),
    flow({ hear: new SignalStep({ signal: "go" }) }, [], { name: "listening" }),
    flow({ call: new WebhookStep() }, [], { name: "calling" }),
    flow({ nap: new TimerStep({ durationMs: 3_600_000 }) }, [], { name: "sleeping" }),
    flow(
      {
        break: machineStep("break", () => {
          throw new Error("secret detail of /etc/passwd");
        }),
      },
      [],
      { name: "failing" },
    ),
    flow({ each: new MapGroup(humanStep("vote", { title: "Vote" }), { items: () => ["a"] }) }, [], {
      name: "mapping",
    }),
    flow({ child: new SubworkflowStep({ workflow: "open" }) }, [], { name: "nesting" }),
  ];
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: what tests look into
  readonly body: any;
}

/** People as tests name them: `ann` is a person, `admin@acme` administers the tenant acme. */
const people: Readonly<Record<string, Principal>> = {
  root: { user: "root", roles: ["admin"] },
  ann: { user: "ann", groups: ["finance"] },
  bob: { user: "bob" },
  "admin@acme": { user: "boss", roles: ["admin"], tenant: "acme" },
  "ann@acme": { user: "ann", groups: ["finance"], tenant: "acme" },
  "bob@acme": { user: "bob", tenant: "acme" },
  "ann@other": { user: "ann", groups: ["finance"], tenant: "other" },
  "admin@other": { user: "boss", roles: ["admin"], tenant: "other" },
};

/** An engine with its HTTP API, asked without a network. */
export class HttpService {
  readonly clock = new VirtualClock();
  readonly registry = new WorkflowRegistry();
  readonly engine: LocalExecutionEngine;
  readonly logged: string[] = [];
  readonly handler: ReturnType<typeof createHttpHandler>;

  constructor(options: HttpOptions = {}, engineOptions: EngineOptions = {}) {
    for (const definition of definitions()) this.registry.registerDefinition(definition);
    const log = (message: string, details: object = {}) =>
      void this.logged.push([message, ...Object.values(details)].join(" "));
    const logger = { debug: log, info: log, warn: log, error: log };
    this.engine = new LocalExecutionEngine(this.registry, {
      store: new MemoryStore(),
      secret: "for tests",
      clock: this.clock,
      logger,
      ...engineOptions,
    });
    this.handler = createHttpHandler(this.engine, {
      authenticate: (request) => people[request.headers.get("x-test-user") ?? ""],
      clock: this.clock,
      logger,
      ...options,
    });
  }

  /** Sends `POST /instances` and the like, below the base path. */
  async ask(
    user: string,
    line: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const [method = "GET", path = ""] = line.split(" ");
    const response = await this.handler(
      new Request(`http://localhost/api${path}`, {
        method,
        headers: {
          ...(user !== "" && { "x-test-user": user }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    );
    const text = await response.text();
    const isJson = /json/.test(response.headers.get("content-type") ?? "");
    const read = isJson && text !== "" ? JSON.parse(text) : text;
    return { status: response.status, headers: response.headers, body: read };
  }

  /** Starts an instance and gives its id. */
  async start(user: string, workflow: string, more: object = {}): Promise<string> {
    // Each at a moment of its own, so that lists have one order.
    await this.clock.advance(1);
    const { body } = await this.ask(user, "POST /instances", { workflow, ...more }, settled);
    return body.id;
  }

  /** A client that signs in as this person. */
  client(user: string) {
    return createClient({
      baseUrl: "http://localhost/api",
      headers: { "x-test-user": user },
      fetch: (input, init) => this.handler(new Request(input, init)),
    });
  }
}

const settled = { prefer: "wait=5" } as const;
