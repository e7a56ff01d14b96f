/**
 * Measures: `npm run bench -- [--only PREFIX] [--json]`. `bench/README.md` says how to read the result.
 *
 * Every figure is measured in a child process, with a heap and a compiler that nothing else has used.
 */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { allFigures, type Figure, isRate, type Summary, summarise, type Unit } from "./figure.ts";
import { type Result, toTable } from "./table.ts";
import "./handwritten.ts";
import "./memory.ts";

/** Until then code may still run that the compiler has not got round to. */
const WARM_UP_MS = 2000;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    /** Given by the parent to its children. */
    figure: { type: "string" },
  },
});

if (options.figure === undefined) await measureAll(options.only, options.json);
else await measureHere(options.figure);

async function measureAll(only: string, json: boolean): Promise<void> {
  const wanted = select(only);
  const results = new Map<string, Result>();
  for (const [index, figure] of wanted.entries()) {
    process.stderr.write(`[${index + 1}/${wanted.length}] ${figure.name}\n`);
    const summary = summarise(await measureInChild(figure));
    const limit = figure.limit === undefined ? undefined : results.get(figure.limit);
    const result = toResult(figure, summary, limit);
    results.set(figure.name, result);
    if (json) process.stdout.write(`${JSON.stringify(result)}\n`);
  }
  if (!json) process.stdout.write(toTable([...results.values()]));
}

/**
 * The figures whose dotted name begins with the words of the prefix (`memory.fork.10` is not
 * `memory.fork.100`), or else with its letters; and the limits they are compared with, first.
 */
function select(prefix: string): Figure[] {
  const figures = allFigures();
  const words = prefix.replace(/\.$/, "");
  const byWords = [...figures.values()].filter(
    ({ name }) => words === "" || name === words || name.startsWith(`${words}.`),
  );
  const byLetters = [...figures.values()].filter(({ name }) => name.startsWith(prefix));
  const chosen = new Set<Figure>();
  for (const figure of byWords.length > 0 ? byWords : byLetters) {
    const limit = figure.limit === undefined ? undefined : figures.get(figure.limit);
    if (figure.limit !== undefined && limit === undefined) {
      fail(`"${figure.name}" is compared with "${figure.limit}", which is no figure.`);
    }
    if (limit !== undefined) chosen.add(limit);
    chosen.add(figure);
  }
  if (chosen.size === 0) {
    fail(`No figure begins with "${prefix}". There are:\n  ${[...figures.keys()].join("\n  ")}`);
  }
  return [...chosen].sort((a, b) => Number(a.limit !== undefined) - Number(b.limit !== undefined));
}

function toResult(figure: Figure, summary: Summary, limit: Result | undefined): Result {
  return {
    name: figure.name,
    value: rounded(summary.value),
    unit: figure.unit,
    min: rounded(summary.min),
    max: rounded(summary.max),
    n: summary.n,
    ratio:
      limit === undefined ? null : rounded(timesSlower(figure.unit, summary.value, limit.value)),
    ratioTo: limit?.name ?? null,
  };
}

function timesSlower(unit: Unit, value: number, limit: number): number {
  return isRate(unit) ? limit / value : value / limit;
}

// --------------------------------------------------------------------------------------- the child

async function measureInChild(figure: Figure): Promise<number[]> {
  const args = [...process.execArgv, import.meta.filename, "--figure", figure.name];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
  const samples: number[] = [];
  child.on("message", (sample: number) => samples.push(sample));
  const code = await new Promise<number | null>((ended, failed) => {
    child.once("error", failed);
    child.once("close", ended);
  });
  if (code !== 0 || samples.length !== figure.rounds) {
    fail(`"${figure.name}" ended with exit code ${code} after ${samples.length} rounds.`);
  }
  return samples;
}

async function measureHere(name: string): Promise<void> {
  const figure = allFigures().get(name) ?? fail(`There is no figure "${name}".`);
  const round = await figure.setup();
  const start = performance.now();
  for (
    let count = 0;
    count < figure.warmups || performance.now() - start < WARM_UP_MS;
    count += 1
  ) {
    await round();
  }
  for (let count = 0; count < figure.rounds; count += 1) {
    process.send?.(await round());
  }
  process.disconnect?.();
}

/** Six digits say more than a measurement knows. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

function fail(message: string): never {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(1);
}
