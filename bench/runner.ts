/**
 * Runs figures from the command line: `[--only PREFIX] [--json]`.
 *
 * Every figure is measured in a child process, with a heap and a compiler that nothing else has used.
 * What it brought into being (files, servers, processes) goes with it, also on an interrupt.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { setImmediate } from "node:timers/promises";
import { parseArgs } from "node:util";
import { folderOnDisk } from "./disk.ts";
import { allFigures, type Figure, isRate, type Summary, summarise, type Unit } from "./figure.ts";
import { type Result, toTable } from "./table.ts";

/** Until then code may still run that the compiler has not got round to. */
const WARM_UP_MS = 2000;

const INTERRUPTS = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/** Measures what has been registered; `program` is the file that registers it. */
export async function runFigures(program: string): Promise<void> {
  const { values: options } = parseArgs({
    options: {
      only: { type: "string", default: "" },
      json: { type: "boolean", default: false },
      /** Given by the parent to its children. */
      figure: { type: "string" },
    },
  });
  if (options.figure !== undefined) await measureHere(options.figure);
  else await measureAll(program, options.only, options.json);
}

async function measureAll(program: string, only: string, json: boolean): Promise<void> {
  const wanted = select(only);
  const results = new Map<string, Result>();
  for (const [index, figure] of wanted.entries()) {
    process.stderr.write(`[${index + 1}/${wanted.length}] ${figure.name}\n`);
    const summary = summarise(await measureInChild(program, figure));
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

async function measureInChild(program: string, figure: Figure): Promise<number[]> {
  const args = [...process.execArgv, program, "--figure", figure.name];
  const child = spawn(process.execPath, args, {
    stdio: ["ignore", "ignore", "inherit", "ipc"],
    // Whoever makes a temporary folder makes it where a sync reaches a disk.
    env: { ...process.env, TMPDIR: folderOnDisk() },
  });
  const stopListening = passInterruptsTo(child);
  const samples: number[] = [];
  child.on("message", (sample: number) => samples.push(sample));
  const code = await new Promise<number | null>((ended, failed) => {
    child.once("error", failed);
    child.once("close", ended);
  });
  stopListening();
  if (code !== 0 || samples.length !== figure.rounds) {
    fail(`"${figure.name}" ended with exit code ${code} after ${samples.length} rounds.`);
  }
  return samples;
}

/** The child cleans up, and this process ends after it. */
function passInterruptsTo(child: ChildProcess): () => void {
  const listeners = Object.entries(INTERRUPTS).map(([signal, code]) => {
    const listener = () => {
      child.once("close", () => process.exit(code));
      child.kill(signal as NodeJS.Signals);
    };
    process.once(signal, listener);
    return () => process.off(signal, listener);
  });
  return () => {
    for (const stop of listeners) stop();
  };
}

async function measureHere(name: string): Promise<void> {
  const figure = allFigures().get(name) ?? fail(`There is no figure "${name}".`);
  const cleanUps: (() => void | Promise<void>)[] = [];
  const end = endingOnce(cleanUps);
  for (const [signal, code] of Object.entries(INTERRUPTS)) process.on(signal, () => end(code));
  process.once("disconnect", () => end(1));
  process.once("uncaughtException", (error) => {
    process.stderr.write(`bench: "${name}" failed: ${String(error)}\n`);
    return end(1);
  });
  try {
    const round = await figure.setup((cleanUp) => cleanUps.push(cleanUp));
    const start = performance.now();
    for (
      let count = 0;
      count < figure.warmups || performance.now() - start < WARM_UP_MS;
      count += 1
    ) {
      await round();
      // Work that never waits for anything outside leaves no turn in which an interrupt is noticed.
      await setImmediate();
    }
    for (let count = 0; count < figure.rounds; count += 1) {
      await sendToParent(await round());
      await setImmediate();
    }
  } catch (error) {
    process.stderr.write(`bench: "${name}" failed: ${String(error)}\n`);
    return end(1);
  }
  return end(0);
}

/** Cleans up once, whoever asks first, and ends the process. */
function endingOnce(
  cleanUps: readonly (() => void | Promise<void>)[],
): (code: number) => Promise<void> {
  let isEnding = false;
  return async (code) => {
    if (isEnding) return;
    isEnding = true;
    let exitCode = code;
    for (const cleanUp of cleanUps.toReversed()) {
      try {
        await cleanUp();
      } catch (error) {
        process.stderr.write(`bench: could not clean up: ${String(error)}\n`);
        exitCode ||= 1;
      }
    }
    process.exit(exitCode);
  };
}

async function sendToParent(sample: number): Promise<void> {
  await new Promise<void>((sent) => {
    if (process.send === undefined) sent();
    else process.send(sample, () => sent());
  });
}

/** Six digits say more than a measurement knows. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}

function fail(message: string): never {
  process.stderr.write(`bench: ${message}\n`);
  process.exit(1);
}
