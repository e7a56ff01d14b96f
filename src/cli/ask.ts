import { createInterface, type Interface } from "node:readline";
import { CommandFailedError, UsageError } from "../errors.ts";
import { assemble, type Question, questionsOf, readAnswer, showValue } from "./form-questions.ts";
import { paintError, tell, wrap } from "./terminal.ts";

type Schema = Readonly<Record<string, unknown>>;

/** Asks for what a form wants, field by field, on stderr and stdin. */
export class FormDialogue {
  readonly #form: Schema;
  readonly #lines: AsyncIterator<string>;
  readonly #interface: Interface;
  readonly #answers = new Map<Question, unknown>();
  #isInterrupted = false;

  constructor(form: Schema | undefined) {
    this.#form = form ?? {};
    const isTerminal = process.stdin.isTTY === true;
    const output = isTerminal ? { output: process.stderr, terminal: true } : {};
    this.#interface = createInterface({ input: process.stdin, ...output });
    this.#interface.on("SIGINT", () => {
      this.#isInterrupted = true;
      this.#interface.close();
    });
    this.#lines = this.#interface[Symbol.asyncIterator]();
  }

  close(): void {
    this.#interface.close();
    process.stdin.unref?.();
  }

  /** All of it; after a refusal, only the fields that it names. */
  async ask(refused: readonly string[] = []): Promise<unknown> {
    const questions = questionsOf(this.#form);
    if (questions === undefined) return this.#askWhole();
    const meant = questions.filter(({ path }) => {
      const field = path.join(".");
      return refused.some((each) => each === field || each.startsWith(`${field}.`));
    });
    // What concerns the data as a whole may be wrong anywhere.
    for (const question of meant.length > 0 ? meant : questions) await this.#askFor(question);
    return assemble(this.#answers, this.#form);
  }

  /** A form that says nothing of its fields takes any object. */
  async #askWhole(): Promise<unknown> {
    for (;;) {
      const answer = await this.#read("data, as JSON", "{}");
      if (answer === "") return {};
      try {
        return JSON.parse(answer) as unknown;
      } catch {
        tell(paintError("red", '  write JSON, such as {"approved": true}'));
      }
    }
  }

  async #askFor(question: Question): Promise<void> {
    const { title, description, kind, choices, preset, isRequired } = question;
    if (description !== undefined) for (const line of wrap(description, "  ")) tell(line);
    for (const [index, choice] of choices.entries()) tell(`  ${index + 1}) ${choice.title}`);
    const hint = hintOf(kind);
    const rest = isRequired || preset !== undefined ? "" : ", Enter to leave it out";
    const told = hint === "" && rest === "" ? "" : ` (${`${hint}${rest}`.replace(/^, /, "")})`;
    for (;;) {
      const answer = await this.#read(title + told, preset === undefined ? "" : showValue(preset));
      if (answer.trim() === "" && preset !== undefined) {
        this.#answers.set(question, preset);
        return;
      }
      if (answer.trim() === "" && !isRequired) {
        this.#answers.delete(question);
        return;
      }
      const read = await readAnswer(this.#form, question, answer);
      if ("value" in read) {
        this.#answers.set(question, read.value);
        return;
      }
      tell(paintError("red", `  ${read.problem}`));
    }
  }

  async #read(prompt: string, preset: string): Promise<string> {
    const shown = preset === "" ? "" : ` [${preset}]`;
    process.stderr.write(`${paintError("bold", prompt)}${shown}: `);
    const { value, done } = await this.#lines.next();
    if (process.stdin.isTTY !== true) tell("");
    if (done !== true) return value;
    if (this.#isInterrupted) throw new CommandFailedError("Nothing was sent: it was interrupted.");
    throw new UsageError(
      "The form asks for more than stdin has. Give the data with --data, or answer at a terminal.",
    );
  }
}

function hintOf(kind: Question["kind"]): string {
  switch (kind) {
    case "boolean":
      return "yes or no";
    case "number":
      return "a number";
    case "list":
      return "with commas between";
    case "json":
      return "as JSON";
    case "choice":
      return "a number of the list";
    default:
      return "";
  }
}
