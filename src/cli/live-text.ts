const usualRows = 24;

/** A text on a terminal that is replaced by its next version. */
export class LiveText {
  #lines = 0;

  /** What does not fit would scroll away and could not be replaced: only the last may be longer. */
  show(text: string, isLast = false): void {
    const lines = text.split("\n");
    const rows = process.stdout.rows || usualRows;
    const shown = isLast || lines.length < rows ? lines : [...lines.slice(0, rows - 2), "…"];
    const up = this.#lines > 0 ? `\u001b[${this.#lines}A\r\u001b[J` : "";
    process.stdout.write(`${up}${shown.join("\n")}\n`);
    this.#lines = shown.length;
  }
}
