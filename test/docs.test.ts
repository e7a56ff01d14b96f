/**
 * Every TypeScript block of the documentation is compiled against the sources and run, each in a
 * process and a folder of its own, and prints what its comments say; every relative link leads to a
 * file and a heading that exist.
 */
import { execFile } from "node:child_process";
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { posix, resolve } from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, test } from "vitest";
import {
  type DocProgram,
  docPrograms,
  expectedOutput,
  withoutSpaces,
} from "./support/doc-programs.ts";
import { type MarkdownDocument, parseMarkdown } from "./support/markdown.ts";

const RUN_TIMEOUT_MS = 20_000;
const root = resolve(import.meta.dirname, "..");
const generated = resolve(root, ".docs-check");

const documents = new Map<string, MarkdownDocument>(
  globSync("**/*.md", {
    cwd: root,
    exclude: (path) => /(?:^|[/\\])(?:node_modules|dist|\.[^/\\]+)(?:$|[/\\])/.test(String(path)),
  })
    .map((path) => path.replaceAll("\\", "/"))
    .sort()
    .map((path) => [path, parseMarkdown(readFileSync(resolve(root, path), "utf8"))]),
);
const checked = [...documents]
  .filter(([path]) => path === "README.md" || path.startsWith("docs/"))
  .map(([path, { blocks }]) => docPrograms(path, blocks));
const programs = checked.flatMap((document) => document.programs);

describe.skipIf(programs.length === 0)("code in the documentation", () => {
  let compilerSays = new Map<string, string[]>();

  beforeAll(async () => {
    rmSync(generated, { recursive: true, force: true });
    mkdirSync(generated);
    writeFileSync(
      resolve(generated, "tsconfig.json"),
      JSON.stringify({ extends: "../tsconfig.json", include: ["*.ts"] }),
    );
    for (const { path, text } of programs) writeFileSync(resolve(generated, path), text);
    compilerSays = await compile();
  }, 60_000);

  const named = programs.map((program) => [program.title, program] as const);
  const timeout = RUN_TIMEOUT_MS * 2;
  test.concurrent.each(named)("%s", { timeout }, async (_title, program) => {
    expect(compilerSays.get(program.path) ?? []).toEqual([]);
    if (!program.runs) return;
    const { ok, output } = await run(program);
    expect(ok ? "ran to its end" : output).toBe("ran to its end");
    expect(withoutSpaces(output)).toBe(expectedOutput(program.text));
  });

  test("compiles against sources that compile", () => {
    const paths = new Set(programs.map(({ path }) => path));
    const elsewhere = [...compilerSays].filter(([path]) => !paths.has(path));
    expect(elsewhere.flatMap(([, messages]) => messages)).toEqual([]);
  });
});

describe("documentation", () => {
  test("marks its code blocks with words that are known", () => {
    expect(checked.flatMap(({ problems }) => problems)).toEqual([]);
  });

  test.each([...documents.keys()])("links of %s lead somewhere", (path) => {
    const links = documents.get(path)?.links ?? [];
    expect(links.flatMap(({ line, target }) => judgeLink(path, line, target))).toEqual([]);
  });
});

/** What `tsc` says, by generated file. One call for all of them. */
async function compile(): Promise<Map<string, string[]>> {
  const tsc = resolve(root, "node_modules/typescript/bin/tsc");
  const args = [tsc, "--noEmit", "--pretty", "false", "--project", generated];
  const { output } = await execute(args, generated);
  const messages = new Map<string, string[]>();
  for (const line of output.split("\n").filter((text) => text.trim() !== "")) {
    const file = /^(?<file>[^(]+)\(\d+,\d+\): /.exec(line)?.groups?.file ?? "";
    messages.set(file, [...(messages.get(file) ?? []), line]);
  }
  return messages;
}

function run(program: DocProgram): Promise<{ ok: boolean; output: string }> {
  const folder = resolve(generated, "run", program.path);
  mkdirSync(folder, { recursive: true });
  const file = resolve(generated, program.path);
  return execute(["--conditions=tandem-source", file], folder);
}

async function execute(args: string[], cwd: string): Promise<{ ok: boolean; output: string }> {
  try {
    const options = { cwd, timeout: RUN_TIMEOUT_MS };
    const { stdout } = await promisify(execFile)(process.execPath, args, options);
    return { ok: true, output: stdout };
  } catch (error) {
    const { stdout, stderr, killed } = error as {
      stdout?: string;
      stderr?: string;
      killed?: boolean;
    };
    const end = killed === true ? `did not end within ${RUN_TIMEOUT_MS} ms\n` : "";
    return { ok: false, output: `${end}${stderr ?? ""}${stdout ?? ""}` || String(error) };
  }
}

function judgeLink(from: string, line: number, target: string): string[] {
  if (/^[a-z][a-z0-9+.-]*:/i.test(target)) return [];
  const [path = "", anchor = ""] = target.split("#");
  const file = path === "" ? from : posix.join(posix.dirname(from), decodeURI(path));
  if (path.startsWith("/") || !existsSync(resolve(root, file))) {
    return [`${from}:${line} links to "${target}", which does not exist: mend or remove the link.`];
  }
  const anchors = documents.get(file)?.anchors;
  if (anchor === "" || anchors === undefined || anchors.has(decodeURIComponent(anchor))) return [];
  const known = [...anchors].map((name) => `#${name}`).join(" ");
  return [
    `${from}:${line} links to "${target}", but ${file} has no such heading. It has: ${known}`,
  ];
}

describe("parseMarkdown", () => {
  test("finds blocks with the line and the words of their fence", () => {
    const text = "# A\n\n```ts no-run\na();\n\nb();\n```\n\n- x\n\n  ~~~~sh\n  ```\n  ~~~~\n";
    expect(parseMarkdown(text).blocks).toEqual([
      { line: 4, info: ["ts", "no-run"], code: ["a();", "", "b();"] },
      { line: 12, info: ["sh"], code: ["```"] },
    ]);
  });

  test("finds links and passes over code", () => {
    const text = '[a](b.md#c) ![i](i.png "t") `[x](y)` [`k`](k.md)\n[r]: r.md\n```\n[n](n)\n```\n';
    expect(parseMarkdown(text).links).toEqual([
      { line: 1, target: "b.md#c" },
      { line: 1, target: "i.png" },
      { line: 1, target: "k.md" },
      { line: 2, target: "r.md" },
    ]);
  });

  test("names anchors as GitHub does", () => {
    const text =
      '# Joins, and `join: "any"`\n## See [this](x.md)!\n## Same\n## Same\n<a id="own"></a>';
    expect([...parseMarkdown(text).anchors]).toEqual([
      "joins-and-join-any",
      "see-this",
      "same",
      "same-1",
      "own",
    ]);
  });
});

describe("docPrograms", () => {
  const block = (line: number, info: string, ...code: string[]) => ({
    line,
    info: info.split(" "),
    code,
  });

  test("keeps the line numbers of the document, also across blocks that continue", () => {
    const blocks = [block(2, "ts", "a();"), block(4, "sh", "ls"), block(6, "ts continue", "b();")];
    expect(docPrograms("docs/x.md", blocks).programs).toEqual([
      {
        title: "docs/x.md:2",
        document: "docs/x.md",
        path: "docs--x.md.2.ts",
        text: "\na();\n",
        runs: true,
      },
      {
        title: "docs/x.md:6",
        document: "docs/x.md",
        path: "docs--x.md.6.ts",
        text: "\na();\n\n\n\nb();\n",
        runs: true,
      },
    ]);
  });

  test("compiles a block that is not run", () => {
    const { programs: found } = docPrograms("x.md", [block(2, "ts no-run", "a();")]);
    expect(found.map(({ runs }) => runs)).toEqual([false]);
  });

  test.each([
    [[block(2, "typescript", "a();")], /write "ts"/],
    [[block(2, "ts norun", "a();")], /stand only "no-run" and "continue"/],
    [[block(2, "ts continue", "a();")], /continues nothing/],
    [[block(2, "ts no-run", "a();"), block(5, "ts continue", "b();")], /mark it "no-run" too/],
  ])("refuses %j", (blocks, message) => {
    expect(docPrograms("x.md", blocks).problems).toEqual([expect.stringMatching(message)]);
  });
});

describe("expectedOutput", () => {
  test("reads comments behind console.log and in the line after it", () => {
    const text = `
      const a = 1; // not printed
      console.log(a); // 1
      console.log(
        f(() => a),
        "x",
      ); // { a:
      console.log(b);
      //   1 } x
      // more
    `;
    expect(expectedOutput(text)).toBe("1{a:1}x");
  });

  test("is empty for a program that prints nothing", () => {
    expect(expectedOutput("a(); // calls a\n")).toBe("");
  });
});
