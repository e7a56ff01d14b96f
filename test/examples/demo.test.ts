/** The demo: its workflow, its command line, and what it shows. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { main } from "../../examples/guide/complete-example.ts";
import { outcomeOf, overlap } from "./outcome.ts";

const order = { order_id: "ORD-123", customer: "Ada" };
const isoDate = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("the complete example", () => {
  test("tells three services at once, adds up, and ships what a person approved", async () => {
    const asked: string[] = [];
    const instance = await main(order, (title) => {
      asked.push(title);
      return { approved: true, by: "grace" };
    });
    expect(asked).toEqual(["Approve order ORD-123?"]);
    expect(outcomeOf(instance)).toEqual({
      status: "completed",
      data: {
        order_id: "ORD-123",
        customer: "Ada",
        order_status: "shipped",
        email_sent: true,
        email_sent_at: isoDate,
        slack_sent: true,
        slack_sent_at: isoDate,
        webhook_sent: true,
        webhook_sent_at: isoDate,
        notifications_sent: ["email", "slack", "webhook"],
        notification_count: 3,
        approve_order: { approved: true },
      },
      steps: [
        "process_order: succeeded",
        "notify: succeeded",
        "notify/send_email: succeeded",
        "notify/send_slack: succeeded",
        "notify/send_webhook: succeeded",
        "notify/log_notifications: succeeded",
        "approve_order: succeeded",
        "ship_order: succeeded",
      ],
    });
    expect(overlap(instance, "notify/send_email", "notify/send_slack")).toBe(true);
    expect(overlap(instance, "notify/send_email", "notify/send_webhook")).toBe(true);
  });

  test("goes on with the services that work", async () => {
    const failing = { ...order, unreachable: ["slack"] };
    const { data, steps } = await main(failing, () => ({ approved: false, by: "grace" }));
    expect(data).toMatchObject({
      order_status: "rejected",
      notifications_sent: ["email", "webhook"],
      notification_count: 2,
    });
    expect(data).not.toHaveProperty("slack_sent");
    expect(steps.find(({ path }) => path === "notify/send_slack")?.error?.message).toBe(
      "slack is unreachable",
    );
  });

  test("waits where nobody decides", async () => {
    expect((await main(order, () => undefined)).status).toBe("waiting");
  });
});

const root = resolve(import.meta.dirname, "../..");
const program = resolve(root, "examples/guide/complete-example.ts");

function demo(args: readonly string[], env: NodeJS.ProcessEnv = { NO_COLOR: "1" }) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["--conditions=tandem-source", program, ...args],
    {
      encoding: "utf8",
      env: { PATH: process.env.PATH, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  return { status, stdout, stderr };
}

/** Times differ from run to run, and the bars with them. */
const withoutTimes = (text: string) =>
  text
    .replace(/[█░▕▏├─┤╶]+/g, "")
    .replace(/ +\d+(?:\.\d)? m?s\b/g, " T")
    .replace(/"\d{4}-[^"]+"/g, '"DATE"')
    .replace(/ +$/gm, "")
    .replace(/ {2,}by /g, " by ");

describe("the demo command", { timeout: 30_000 }, () => {
  test("shows the tree, who approved, and the data", () => {
    const { status, stdout, stderr } = demo(["ORD-7", "--approve", "yes", "--by", "lin"]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(withoutTimes(stdout)).toBe(`order_with_notifications 1.0.0  completed in T

  ✓ process_order T
  ✓ notify T
    ✓ send_email T
    ✓ send_slack T
    ✓ send_webhook T
    ✓ log_notifications T
  ✓ approve_order T by lin
  ✓ ship_order T

Data
  order_id            "ORD-7"
  customer            "Ada"
  order_status        "shipped"
  email_sent          true
  email_sent_at       "DATE"
  slack_sent          true
  slack_sent_at       "DATE"
  webhook_sent        true
  webhook_sent_at     "DATE"
  notifications_sent  ["email","slack","webhook"]
  notification_count  3
  approve_order       {"approved":true}
`);
    const widest = Math.max(...stdout.split("\n").map((line) => line.length));
    expect(widest).toBeLessThanOrEqual(80);
  });

  test("draws bars of the notifications that overlap", () => {
    const { stdout } = demo(["ORD-7", "--approve", "no"]);
    const columns = ["send_email", "send_slack", "send_webhook"].map((name) => {
      const line = stdout.split("\n").find((each) => each.includes(name)) ?? "";
      return { from: line.indexOf("█"), to: line.lastIndexOf("█") };
    });
    expect(new Set(columns.map(({ from }) => from)).size).toBe(1);
    for (const { from, to } of columns) expect(to - from).toBeGreaterThan(5);
  });

  test("without arguments takes a default order and says so", () => {
    const { status, stdout } = demo([]);
    expect(status).toBe(0);
    expect(stdout.split("\n").slice(0, 2)).toEqual([
      "No order was given: this is ORD-123 of Ada.",
      "No decision was given and nobody can be asked: grace approves.",
    ]);
  });

  test("has no colours unless it is a terminal", () => {
    const escapeCode = String.fromCharCode(27);
    expect(demo(["ORD-1", "--approve", "yes"], {}).stdout).not.toContain(escapeCode);
  });

  test.each([
    [["--approve", "maybe"], '--approve is yes or no; found "maybe".'],
    [["--fail", "fax"], "--fail takes one of email, slack, webhook."],
    [["ORD/1"], "An order id is made of letters, digits, - and _, and has at most 40 of them."],
    [["--customer", ""], "--customer takes a name of 1 to 60 characters."],
    [["--custmer", "x"], "Unknown option '--custmer'."],
    [["A-1", "A-2"], "One order at a time, please: found A-1, A-2."],
  ])("refuses %j with exit code 2", (args, message) => {
    const { status, stdout, stderr } = demo(args);
    expect(stdout).toBe("");
    expect(stderr).toBe(`${message}\nnpm run demo -- --help says what can be given.\n`);
    expect(status).toBe(2);
  });

  test("explains itself", () => {
    const { status, stdout } = demo(["--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain("Usage: npm run demo -- [ORDER] [options]");
  });
});
