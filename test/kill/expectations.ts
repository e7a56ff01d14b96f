/** What must come of each workflow, worked out by hand, and not by running it. */
import type { InstanceRow } from "./database.ts";

/** How often which path stands in which status, and the values that steps set. */
interface Expectation {
  readonly status: string;
  readonly history: readonly string[];
  readonly values: Readonly<Record<string, unknown>>;
}

/** Everything in which the instance is not as it must be. */
export function expectationOf(instance: InstanceRow): string[] {
  const expected = expect(instance);
  if (typeof expected === "string") return [expected];
  const problems: string[] = [];
  const { status, executions, error } = instance;
  if (status !== expected.status) {
    problems.push(`it is ${status} instead of ${expected.status} (${error ?? "no error"})`);
  }
  const history = executions.map((each) => `${each.path} ${each.status}`);
  const differences = [
    ...subtract(history, expected.history).map((each) => `${each} too much`),
    ...subtract(expected.history, history).map((each) => `${each} missing`),
  ];
  problems.push(...differences);
  for (const [path, value] of Object.entries(expected.values)) {
    const set = executions.findLast((each) => each.path === path && each.status === "succeeded");
    const found = JSON.stringify(set?.writes[path.split("/").at(-1) ?? ""]);
    if (found !== JSON.stringify(value)) {
      problems.push(`${path} is ${found} instead of ${JSON.stringify(value)}`);
    }
  }
  return problems;
}

function subtract(from: readonly string[], what: readonly string[]): string[] {
  const rest = [...from];
  for (const each of what) {
    const place = rest.indexOf(each);
    if (place >= 0) rest.splice(place, 1);
  }
  return rest;
}

const succeeded = (...paths: readonly string[]) => paths.map((path) => `${path} succeeded`);

function completed(history: readonly string[], values: Expectation["values"]): Expectation {
  return { status: "completed", history, values };
}

function expect(instance: InstanceRow): Expectation | string {
  const { workflow, n } = instance;
  switch (workflow) {
    case "order": {
      const branches = n % 2 === 1 ? ["legal", "stock", "credit"] : ["legal", "stock"];
      const decide = 10 * n * branches.length + (n % 2 === 1 ? 6 : 3);
      return completed(succeeded("receive", ...branches, "decide", "ship"), {
        decide,
        ship: decide + 1,
      });
    }
    case "notify":
      return completed(
        succeeded(
          "pause",
          "notify",
          "notify/mail",
          "notify/text",
          "notify/chat",
          "notify/log",
          "done",
        ),
        { "notify/log": 3 * n + 6, done: 3 * n + 7 },
      );
    case "flaky":
      return completed([...succeeded("fetch", "handle"), "doomed failed"], {
        fetch: n + 1,
        handle: "never",
      });
    case "rounds": {
      const passes = [1, 2, 3, 4].flatMap(() => ["begin", "left", "right", "meet"]);
      return completed(succeeded(...passes, "end"), { begin: 4, end: 4 * n + 4 });
    }
    case "delegate":
      return completed(succeeded("brief", "work", "after"), { after: 2 * (n + 1) + 2 });
    case "child":
      return completed(succeeded("first", "breath", "second"), { second: 2 * n + 1 });
    case "collect": {
      const items = [0, 1, 2, 3, 4, 5].map((index) => `each/item[${index}]`);
      return completed(succeeded("list", "each", ...items, "each/total"), {
        "each/total": 21 * n + 6,
      });
    }
    case "custom":
      return completed(succeeded("body", "body/one", "body/two", "check"), { check: 3 * n });
    case "endless":
      return { status: "canceled", history: ["dig canceled"], values: {} };
    default:
      return expectOfPeople(instance);
  }
}

/** Those of which the outcome depends on what somebody did. */
function expectOfPeople(instance: InstanceRow): Expectation | string {
  const { workflow, executions, tasks } = instance;
  const by = (path: string) => tasks.find((each) => each.path === path)?.endedBy;
  switch (workflow) {
    case "approvals": {
      const members = ["approvals/ann", "approvals/bob", "approvals/cem"];
      const names = members.map(by).join();
      return completed(succeeded("prepare", "approvals", ...members, "approvals/tally", "file"), {
        "approvals/tally": names,
        file: names,
      });
    }
    case "vote": {
      const members = ["votes/dan", "votes/eve", "votes/fay"];
      const votes = members.map((path) => {
        const status = tasks.find((each) => each.path === path)?.status;
        return `${path} ${status === "completed" ? "succeeded" : "canceled"}`;
      });
      return completed([...votes, ...succeeded("votes", "count")], { count: 2 });
    }
    case "deadline": {
      const isDecided = by("race/gus") !== undefined && tasks[0]?.status === "completed";
      const [winner, loser] = isDecided ? ["gus", "limit"] : ["limit", "gus"];
      const race = [`race/${winner} succeeded`, `race/${loser} canceled`];
      return completed([...race, ...succeeded("race", "settle")], { settle: winner });
    }
    case "callback": {
      const ask = executions.find(({ path }) => path === "ask")?.result as { by?: string };
      return completed(succeeded("ask", "receipt"), { receipt: ask?.by });
    }
    case "letters": {
      const used = instance.signals.filter((each) => each.usedBy !== undefined);
      used.sort((one, other) => (one.usedBy ?? 0) - (other.usedBy ?? 0));
      const passes = [1, 2, 3].flatMap(() => ["note", "read"]);
      return completed(succeeded(...passes, "close"), {
        close: used.map((each) => each.by).join(),
      });
    }
    default:
      return `nobody knows workflow ${workflow}`;
  }
}
