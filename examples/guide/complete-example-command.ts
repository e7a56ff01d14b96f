/** The command line of the complete example: what is asked, and what is shown. */
import { createInterface } from "node:readline/promises";
import { parseArgs } from "node:util";
import type { InvalidInputError } from "tandem-workflows";
import { showInstance } from "../support/show-instance.ts";
import type { Decision, Order } from "./complete-example.ts";

/** What the command runs: `complete-example.ts` passes itself, since it imports this file. */
type Example = Pick<typeof import("./complete-example.ts"), "channels" | "main" | "workflow">;

const help = `Runs one order through a workflow: it is processed, three services are told of it at the
same time, and a person approves it.

Usage: npm run demo -- [ORDER] [options]

  ORDER              the order's id, such as ORD-123 (the default)
  --customer NAME    who ordered; "Ada" unless told
  --approve yes|no   the decision; without it you are asked (and where nobody can be
                     asked, because this is no terminal, the order is approved)
  --by NAME          who decides; "grace" unless told
  --fail SERVICE     email, slack or webhook: this service is down (may be repeated)
  --help             shows this text

Try: npm run demo -- ORD-124 --customer "Alan" --approve no --fail slack
`;

/** Wrong use of the command line; the message says what is right. */
class UsageError extends Error {}

interface Request {
  readonly order: Order;
  readonly approve: boolean | undefined;
  readonly by: string;
  /** What was not said and is assumed. */
  readonly assumed: readonly string[];
}

/** @returns the exit code: 0, or 2 for wrong use. */
export async function runCommand(example: Example, args: readonly string[]): Promise<number> {
  try {
    const request = readArguments(args);
    if (request === undefined) process.stdout.write(help);
    else await run(example, request);
    return 0;
  } catch (error) {
    const message = messageOf(error, example);
    if (message === undefined) throw error;
    process.stderr.write(`${message}\nnpm run demo -- --help says what can be given.\n`);
    return 2;
  }
}

async function run(
  { main, workflow }: Example,
  { order, approve, by, assumed }: Request,
): Promise<void> {
  // Called when the order was accepted: what is wrong with it is said first, and alone.
  const decide = async (title: string): Promise<Decision | undefined> => {
    for (const line of assumed) process.stdout.write(`${line}\n`);
    if (assumed.length > 0) process.stdout.write("\n");
    const approved = approve ?? (await ask(title));
    return approved === undefined ? undefined : { approved, by };
  };
  const instance = await main(order, decide);
  const decided = instance.status === "completed";
  const notes = { approve_order: decided ? `by ${by}` : "open" };
  process.stdout.write(`${showInstance(workflow, instance, { notes })}\n`);
  const after = decided
    ? ""
    : `\nNobody decided. Give the decision: npm run demo -- ${order.order_id} --approve yes\n`;
  process.stdout.write(after);
}

/** What a person at the terminal says; undefined if they leave. */
async function ask(title: string): Promise<boolean | undefined> {
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const left = new AbortController();
  prompt.once("close", () => left.abort());
  try {
    for (;;) {
      const said = await prompt.question(`${title} (yes/no) `, { signal: left.signal });
      const answer = yesOrNo(said);
      if (answer === undefined) process.stdout.write("Please answer yes or no.\n");
      else {
        process.stdout.write("\n");
        return answer;
      }
    }
  } catch (error) {
    if (!left.signal.aborted) throw error;
    process.stdout.write("\n\n");
    return undefined;
  } finally {
    prompt.close();
  }
}

// ----------------------------------------------------------------------------------- the arguments

function readArguments(args: readonly string[]): Request | undefined {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      customer: { type: "string" },
      approve: { type: "string" },
      by: { type: "string" },
      fail: { type: "string", multiple: true },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) return undefined;
  const [orderId = "ORD-123", ...more] = positionals;
  if (more.length > 0) {
    throw new UsageError(`One order at a time, please: found ${positionals.join(", ")}.`);
  }
  const { customer = "Ada", by = "grace", fail = [] } = values;
  if (by.trim() === "") throw new UsageError("--by needs the name of who decides.");
  const approve = values.approve === undefined ? undefined : yesOrNo(values.approve);
  if (values.approve !== undefined && approve === undefined) {
    throw new UsageError(`--approve is yes or no; found "${values.approve}".`);
  }
  const asksNobody = approve === undefined && !process.stdin.isTTY;
  const assumed = [
    ...(positionals.length === 0 ? [`No order was given: this is ${orderId} of ${customer}.`] : []),
    ...(asksNobody ? [`No decision was given and nobody can be asked: ${by} approves.`] : []),
  ];
  const unreachable = [...new Set(fail)];
  const order = {
    order_id: orderId,
    customer,
    ...(unreachable.length > 0 ? { unreachable } : {}),
  };
  return { order, approve: asksNobody ? true : approve, by, assumed };
}

function yesOrNo(said: string): boolean | undefined {
  if (/^\s*(?:y|yes|true)\s*$/i.test(said)) return true;
  return /^\s*(?:n|no|false)\s*$/i.test(said) ? false : undefined;
}

/** What to say to whoever typed the command; undefined for what is no fault of theirs. */
function messageOf(error: unknown, { channels }: Example): string | undefined {
  if (error instanceof UsageError) return error.message;
  const { code, message = "" } = error as { code?: string; message?: string };
  if (code?.startsWith("ERR_PARSE_ARGS")) return message.split(". ", 1)[0]?.concat(".");
  // The workflow itself checks its input; its input schema is the one place where the rules stand.
  if (code === "INVALID_INPUT") return inputMessage(error as InvalidInputError, channels);
  return undefined;
}

function inputMessage(error: InvalidInputError, channels: readonly string[]): string {
  const rules: Readonly<Record<string, string>> = {
    order_id: "An order id is made of letters, digits, - and _, and has at most 40 of them.",
    customer: "--customer takes a name of 1 to 60 characters.",
    unreachable: `--fail takes one of ${channels.join(", ")}.`,
  };
  const names = new Set(error.fields.map(({ field }) => field.split(".", 1)[0] ?? ""));
  return [...names].map((name) => rules[name] ?? error.message).join("\n");
}
