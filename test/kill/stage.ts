/** A folder with a ledger, and the processes that write into it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Child } from "./children.ts";
import { type LedgerLine, LedgerReader, LedgerWriter } from "./ledger.ts";
import type { ChildOptions } from "./protocol.ts";

type ProcessOptions = Omit<ChildOptions, "name" | "ledger">;

interface Wait {
  readonly isOver: (line: LedgerLine) => boolean;
  readonly settle: (line: LedgerLine) => void;
}

/** How often the ledger is looked at. */
const lookEveryMs = 2;

export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "tandem-kill-"));
  /** What stands in the ledger, as far as it was read. */
  readonly lines: LedgerLine[] = [];
  readonly #ledger = join(this.folder, "ledger");
  readonly #writer = new LedgerWriter(this.#ledger, "world");
  readonly #reader = new LedgerReader(this.#ledger);
  readonly #cache = join(this.folder, "compiled");
  readonly #children: Child[] = [];
  #waits: Wait[] = [];
  /** The process that begins next: it has loaded its program already. */
  #spare = new Child(this.#cache);
  readonly #looking = setInterval(() => this.look(), lookEveryMs);

  readonly #removeFolder = () => rmSync(this.folder, { recursive: true, force: true });

  constructor() {
    // Also when a test took too long, and nobody waits for what it does at last.
    process.once("exit", this.#removeFolder);
  }

  begin(options: ProcessOptions): Child {
    const child = this.#spare;
    this.#spare = new Child(this.#cache);
    this.#children.push(child);
    child.begin({ ...options, name: `p${this.#children.length}`, ledger: this.#ledger });
    return child;
  }

  note(what: string, who = "-"): void {
    this.#writer.write(what, "-", who);
  }

  /** Reads what was written since it was read last. */
  look(): void {
    for (const line of this.#reader.read()) {
      this.lines.push(line);
      const over = this.#waits.filter(({ isOver }) => isOver(line));
      if (over.length === 0) continue;
      this.#waits = this.#waits.filter((wait) => !over.includes(wait));
      for (const { settle } of over) settle(line);
    }
  }

  /** The next line of which this is true. */
  next(isOver: Wait["isOver"]): Promise<LedgerLine> {
    return new Promise((settle) => this.#waits.push({ isOver, settle }));
  }

  /** The first line, from the beginning, that holds these words in this order. */
  line(words: string): Promise<LedgerLine> {
    const holds = ({ text }: LedgerLine) => ` ${text} `.includes(` ${words} `);
    const found = this.lines.find(holds);
    return found === undefined ? this.next(holds) : Promise.resolve(found);
  }

  /** Ends all processes, and forgets what stands in the ledger. */
  async clear(): Promise<void> {
    await Promise.all(
      this.#children.filter(({ hasEnded }) => !hasEnded).map((each) => each.kill()),
    );
    this.look();
    this.lines.length = 0;
    this.#waits = [];
  }

  /** Whatever happened: no process and no file is left. */
  async remove(): Promise<void> {
    clearInterval(this.#looking);
    await this.clear();
    await this.#spare.kill();
    this.#reader.close();
    process.off("exit", this.#removeFolder);
    this.#removeFolder();
  }
}
