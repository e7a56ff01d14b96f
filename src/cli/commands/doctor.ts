import { examineDatabase } from "../database-checks.ts";
import { exitCodes } from "../failure.ts";
import type { Finding } from "../finding.ts";
import { type CommonOptions, serverOf } from "../options.ts";
import { examineServer } from "../server-checks.ts";
import { columns, paint, print, printJson, type Style, shorten, wrap } from "../terminal.ts";

export async function doctor(options: CommonOptions): Promise<void> {
  const findings =
    serverOf(options) === undefined ? await examineDatabase(options) : await examineServer(options);
  const problems = findings.filter(({ status }) => status === "problem").length;
  if (problems > 0) process.exitCode = exitCodes.failed;
  if (options.json === true) printJson({ problems, checks: findings });
  else print(describe(findings, problems));
}

const marks: Readonly<Record<Finding["status"], readonly [mark: string, style: Style]>> = {
  well: ["✓", "green"],
  note: ["!", "yellow"],
  problem: ["✗", "red"],
};

const nameWidth = 12;

function describe(findings: readonly Finding[], problems: number): string {
  const indent = " ".repeat(4 + nameWidth);
  const lines = findings.flatMap(({ check, status, message, advice, examples = [] }) => {
    const [mark, style] = marks[status];
    const [first = "", ...rest] = wrap(message, indent);
    return [
      `  ${paint(style, mark)} ${check.padEnd(nameWidth)}${first.trimStart()}`,
      ...rest,
      ...examples.map((each) => paint("dim", shorten(`${indent}${each}`, columns()))),
      ...(advice === undefined ? [] : wrap(`→ ${advice}`, indent)),
    ];
  });
  const count = problems === 1 ? "1 problem" : `${problems} problems`;
  const verdict = problems === 0 ? paint("green", "Nothing is wrong.") : paint("red", `${count}.`);
  return [...lines, "", verdict].join("\n");
}
