import { appendFileSync, closeSync, openSync, readSync } from "node:fs";

/**
 * What happened, told apart from the database: one line for each thing, appended by one call of the
 * system, which stays when the process is killed. Lines of several processes do not mix, and their
 * order is that in which things happened.
 */
export class LedgerWriter {
  readonly #file: string;
  readonly #process: string;

  constructor(file: string, process: string) {
    this.#file = file;
    this.#process = process;
  }

  /** The words have no spaces in them. */
  write(what: string, ...words: readonly (string | number)[]): void {
    appendFileSync(this.#file, `${[this.#process, what, ...words].join(" ")}\n`);
  }
}

export interface LedgerLine {
  readonly process: string;
  readonly what: string;
  readonly words: readonly string[];
  readonly text: string;
}

export function parseLedger(text: string): LedgerLine[] {
  return text.split("\n").filter(Boolean).map(parseLine);
}

function parseLine(text: string): LedgerLine {
  const [process = "", what = "", ...words] = text.split(" ");
  return { process, what, words, text };
}

/** Follows a ledger while others write it. */
export class LedgerReader {
  readonly #file: number;
  readonly #buffer = Buffer.alloc(1 << 20);
  #rest = "";
  #place = 0;

  constructor(file: string) {
    this.#file = openSync(file, "a+");
  }

  /** The lines that were written since the last call. */
  read(): LedgerLine[] {
    for (;;) {
      const length = readSync(this.#file, this.#buffer, 0, this.#buffer.length, this.#place);
      if (length === 0) break;
      this.#place += length;
      this.#rest += this.#buffer.toString("latin1", 0, length);
    }
    const end = this.#rest.lastIndexOf("\n");
    const lines = parseLedger(this.#rest.slice(0, end + 1));
    this.#rest = this.#rest.slice(end + 1);
    return lines;
  }

  close(): void {
    closeSync(this.#file);
  }
}
