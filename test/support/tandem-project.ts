import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { SqliteStore } from "tandem-workflows/sqlite";

const root = resolve(import.meta.dirname, "../..");
const bin = join(root, "src/cli/bin.ts");

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A folder in which somebody uses the package, and the command `tandem` as a process of its own. */
export class TandemProject implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "tandem-cli-"));
  readonly #children = new Set<ChildProcess>();

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.install(".");
    for (const [name, text] of Object.entries(files)) this.write(name, text);
  }

  /** As `npm install` does it. */
  install(folder: string): void {
    mkdirSync(this.path(join(folder, "node_modules")), { recursive: true });
    symlinkSync(root, this.path(join(folder, "node_modules/tandem-workflows")), "dir");
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  start(words: readonly string[], { env = {} }: RunOptions = {}, folder = "."): ChildProcess {
    const inherited = Object.entries(process.env).filter(
      ([name]) => !/^(?:TANDEM|npm)_/.test(name),
    );
    const child = spawn(process.execPath, ["--conditions=tandem-source", bin, ...words], {
      cwd: this.path(folder),
      env: {
        ...Object.fromEntries(inherited),
        COLUMNS: "80",
        NO_COLOR: "1",
        TANDEM_USER: "ada",
        ...env,
      },
    });
    this.#children.add(child);
    child.once("exit", () => this.#children.delete(child));
    return child;
  }

  async run(words: readonly string[], options: RunOptions = {}, folder = "."): Promise<Outcome> {
    const child = this.start(words, options, folder);
    child.stdin?.end(options.input ?? "");
    const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)];
    const code = await new Promise<number | null>((end) => child.once("close", end));
    return { code, stdout: stdout(), stderr: stderr() };
  }

  /** What a command prints with `--json`. */
  // biome-ignore lint/suspicious/noExplicitAny: what tests look into
  async json(words: readonly string[], options?: RunOptions): Promise<any> {
    const { code, stdout, stderr } = await this.run([...words, "--json"], options);
    if (stdout === "") throw new TypeError(`${words.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout);
  }

  /** The project's database, as another process of this test's. */
  store(): SqliteStore {
    return new SqliteStore(this.path("tandem.db"));
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill("SIGKILL");
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function gather(stream: NodeJS.ReadableStream | null): () => string {
  const parts: Buffer[] = [];
  stream?.on("data", (part: Buffer) => parts.push(part));
  return () => Buffer.concat(parts).toString();
}

/** The lines that a process prints, one at a time. */
export async function* linesOf(child: ChildProcess): AsyncGenerator<string> {
  let rest = "";
  for await (const part of child.stdout ?? []) {
    rest += String(part);
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}

/** Ids and times, which are others each time, as signs. */
export function stable(text: string): string {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/g, "ID")
    .replace(/\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}:\d{2}(?:\.\d+Z)?/g, "TIME")
    .replace(/ *\b[\d.]+ (?:ms|s|min|h|d)\b/g, " N s")
    .replace(/[█░▕▏├─┤╶]+/g, "=")
    .replace(/[ ]*=[ ]*$/gm, " =");
}

/** An expense that finance approves: a fork, a form, a failure on demand. */
export const expenseFile = `
import { Edge, humanStep, machineStep, ParallelGroup, TimerStep, WorkflowDefinition } from "tandem-workflows";

const approve = humanStep("approve", {
  title: "Approve the expense",
  candidateGroups: ["finance"],
  excludeUsers: ["eve"],
  shows: ["amount"],
  formSchema: {
    type: "object",
    properties: {
      approved: { type: "boolean", title: "Do you approve it?" },
      account: { title: "Account", enum: ["travel", "books"] },
      limit: { type: "integer", title: "Limit", minimum: 10, default: 50 },
      note: { type: "string", title: "Note", maxLength: 20 },
    },
    required: ["approved", "account"],
    additionalProperties: false,
  },
});

export const expense = new WorkflowDefinition({
  name: "expense",
  version: "1.0.0",
  inputSchema: { type: "object", properties: { amount: { type: "number", minimum: 0 } } },
  steps: {
    check: machineStep("check", (context) => context.set("checked", true)),
    notify: new ParallelGroup([
      machineStep("mail", () => "sent"),
      machineStep("chat", () => "sent"),
    ]),
    approve,
    book: machineStep("book", (context) => {
      if (context.get("amount", 0) === 13 && process.env.TANDEM_LUCK !== "good") throw new Error("unlucky number");
      return "booked";
    }),
    refuse: machineStep("refuse", () => "refused"),
  },
  edges: [
    new Edge("check", "notify"),
    new Edge("check", "approve"),
    new Edge("notify", "book"),
    new Edge("approve", "book", { condition: "approve.approved" }),
    new Edge("approve", "refuse", { otherwise: true }),
  ],
  initialStep: "check",
  terminalSteps: ["book", "refuse"],
});

const nap = new TimerStep({ durationMs: 3_600_000 });

export const others = [
  new WorkflowDefinition({ name: "nap", steps: { nap }, initialStep: "nap", terminalSteps: ["nap"] }),
];
`;
