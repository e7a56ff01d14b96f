/** A text on a terminal that is replaced by its next version. */
export class LiveText {
  #lines = 0;

  show(text: string): void {
    const lines = text.split("\n");
    const { rows = 24 } = process.stdout;
    // What does not fit would scroll away and could not be replaced.
    const shown = lines.length < rows ? lines : [...lines.slice(0, rows - 2), "…"];
    const up = this.#lines > 0 ? `\u001b[${this.#lines}A\r\u001b[J` : "";
    process.stdout.write(`${up}${shown.join("\n")}\n`);
    this.#lines = shown.length;
  }
}
