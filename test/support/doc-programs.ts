/**
 * Turns the TypeScript blocks of Markdown documents into programs. A program's line numbers are those
 * of its document, so that what the compiler or a stack trace says about `guide.md.40.ts:52` is
 * about line 52 of `guide.md`.
 */
import type { CodeBlock } from "./markdown.ts";

export interface DocProgram {
  /** Of the block: `docs/guide.md:40`. */
  readonly title: string;
  readonly document: string;
  /** Relative to the folder of generated files. */
  readonly path: string;
  readonly text: string;
  readonly runs: boolean;
}

export interface DocPrograms {
  readonly programs: readonly DocProgram[];
  /** What is wrong with the info strings of the document. */
  readonly problems: readonly string[];
}

const MARKS: ReadonlySet<string> = new Set(["no-run", "continue"]);

/**
 * ` ```ts ` starts a program of its own; ` ```ts continue ` goes on where the block before it ended;
 * ` ```ts no-run ` is compiled and not run.
 */
export function docPrograms(document: string, blocks: readonly CodeBlock[]): DocPrograms {
  const programs: DocProgram[] = [];
  const problems: string[] = [];
  let chain: { lines: string[]; runs: boolean } | undefined;

  for (const { line, info, code } of blocks) {
    const title = `${document}:${line}`;
    const [language, ...marks] = info;
    if (language === "typescript") problems.push(`${title} is marked "typescript": write "ts".`);
    if (language !== "ts") continue;
    const unknown = marks.filter((mark) => !MARKS.has(mark));
    if (unknown.length > 0) {
      problems.push(
        `${title} is marked "${unknown.join(" ")}": after "ts" stand only "no-run" and "continue".`,
      );
    }
    const runs = !marks.includes("no-run");
    if (!marks.includes("continue")) {
      chain = { lines: [], runs };
    } else if (chain === undefined) {
      problems.push(`${title} continues nothing: no "ts" block stands before it.`);
      continue;
    } else if (runs && !chain.runs) {
      problems.push(`${title} continues a block that is not run: mark it "no-run" too.`);
    } else {
      chain = { lines: [...chain.lines], runs };
    }
    while (chain.lines.length < line - 1) chain.lines.push("");
    chain.lines.push(...code);
    const path = `${document.replaceAll("/", "--")}.${line}.ts`;
    const text = `${chain.lines.join("\n")}\n`;
    programs.push({ title, document, path, text, runs: chain.runs });
  }
  return { programs, problems };
}

/**
 * What a program says that it prints: in comments behind its `console.log(…);`, or in the line after
 * it. Spaces and line breaks do not count.
 */
export function expectedOutput(text: string): string {
  const calls = text.split("console.log(").slice(1);
  const comments = calls.map((call) => /\);(?: |\n\s*)\/\/ (.*)/.exec(call)?.[1] ?? "");
  return withoutSpaces(comments.join(""));
}

export const withoutSpaces = (text: string): string => text.replace(/\s+/g, "");
