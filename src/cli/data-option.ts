import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { UsageError } from "../errors.ts";

/** What `--data` gives: JSON, `@file`, or `-` for stdin. */
export async function readData(given: string): Promise<unknown> {
  const [source, json] = await read(given);
  try {
    return JSON.parse(json) as unknown;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError(
      `${source} is no JSON: ${reason}. Write it as --data '{"amount": 120}', --data @file.json, ` +
        "or --data - to read stdin.",
    );
  }
}

async function read(given: string): Promise<readonly [source: string, json: string]> {
  if (given === "-") return ["What came from stdin", await text(process.stdin)];
  if (!given.startsWith("@")) return ["--data", given];
  const file = given.slice(1);
  try {
    return [file, readFileSync(file, "utf8")];
  } catch (error) {
    const code: unknown = Reflect.get(Object(error), "code");
    throw new UsageError(`${file} cannot be read (${String(code)}); --data @file names a file.`);
  }
}

/** The same, where an object is needed. */
export async function readObject(given: string): Promise<Readonly<Record<string, unknown>>> {
  const value = await readData(given);
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw new UsageError(
    `--data is ${JSON.stringify(value)}; it is an object, such as {"amount": 120}.`,
  );
}
