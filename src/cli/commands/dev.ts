import { relative } from "node:path";
import { UsageError } from "../../errors.ts";
import { showDatabase, usualDatabase } from "../database.ts";
import { findDefinitionsFile, noDefinitionsFile } from "../definitions-file.ts";
import type { DevWorkflow } from "../dev-messages.ts";
import { DevSupervisor } from "../dev-supervisor.ts";
import { exitCodes } from "../failure.ts";
import type { CommonOptions } from "../options.ts";
import { paint, paintError, print, tell, wrap } from "../terminal.ts";

export interface DevOptions extends CommonOptions {
  readonly port?: number;
  readonly watch?: boolean;
}

const usualPort = 4680;
const highestPort = 65_535;

/** Runs until it is interrupted. */
export async function dev(named: string | undefined, options: DevOptions): Promise<void> {
  const { port = usualPort, watch = true, verbose = false } = options;
  if (port > highestPort) throw new UsageError(`--port is ${port}; ports end at ${highestPort}.`);
  const file = findDefinitionsFile(named ?? options.workflows);
  if (file === undefined) throw noDefinitionsFile();
  const database = options.database ?? usualDatabase;
  const supervisor = new DevSupervisor(
    { file, database, isVerbose: verbose },
    { port, isPortGiven: options.port !== undefined, isWatching: watch },
  );
  const view = new DevView(file, database, options.json === true);
  supervisor.on("listening", (...report) => view.listening(...report));
  supervisor.on("failed", (message) => view.failed(message));
  supervisor.on("missing", (names) => view.missing(names));
  const code = new Promise<number>((end) => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => end(exitCodes.done));
    }
    supervisor.on("refused", (message) => {
      view.refused(message);
      end(exitCodes.failed);
    });
    supervisor.on("ended", (exitCode) => {
      view.ended(exitCode, watch);
      if (!watch) end(exitCodes.failed);
    });
    if (!watch) supervisor.on("failed", () => view.isRunning || end(exitCodes.failed));
  });
  supervisor.load();
  process.exitCode = await code;
  await supervisor.close();
  view.stopped();
}

/** What is said of it. */
class DevView {
  readonly #file: string;
  readonly #database: string;
  readonly #isJson: boolean;
  isRunning = false;

  constructor(file: string, database: string, isJson: boolean) {
    this.#file = relative(process.cwd(), file);
    this.#database = database;
    this.#isJson = isJson;
  }

  listening(port: number, hasDashboard: boolean, workflows: readonly DevWorkflow[]): void {
    const url = `http://localhost:${port}`;
    const isAnew = this.isRunning;
    this.isRunning = true;
    if (this.#isJson) {
      const dashboard = hasDashboard ? { dashboard: `${url}/api/dashboard/` } : {};
      this.#write({
        type: isAnew ? "reloaded" : "listening",
        api: `${url}/api`,
        ...dashboard,
        workflows,
      });
      return;
    }
    const names = workflows.map(({ name, version }) => `${name} ${version}`).join(", ");
    if (isAnew) {
      print(`${paint("green", "✓")} Changed, and started again: ${names}`);
      return;
    }
    print(this.#welcome(url, hasDashboard, workflows, names));
  }

  #welcome(
    url: string,
    hasDashboard: boolean,
    workflows: readonly DevWorkflow[],
    names: string,
  ): string {
    const [first] = workflows;
    const data = first?.sample === undefined ? "" : ` --data '${JSON.stringify(first.sample)}'`;
    const isUsual = this.#database === usualDatabase;
    const where = isUsual ? "" : ` --database ${this.#database}`;
    return [
      `${paint("bold", "Tandem runs")} ${names}  (${this.#file})`,
      "",
      ...(hasDashboard ? [`  Dashboard  ${paint("cyan", `${url}/api/dashboard/`)}`] : []),
      `  API        ${paint("cyan", `${url}/api/docs`)}`,
      `  Database   ${showDatabase(this.#database)}`,
      "",
      "Start an instance, here in another terminal or in the dashboard:",
      `  ${paint("cyan", `npx tandem start ${first?.name}${data}${where}`)}`,
      "",
      "Ctrl-C stops it; what waits goes on the next time.",
    ].join("\n");
  }

  failed(message: string): void {
    if (this.#isJson) {
      this.#write({ type: "failed", message });
      return;
    }
    tell(`${paintError("red", "✗")} ${this.#file} is not right:`);
    for (const line of message.split("\n")) for (const part of wrap(line, "  ")) tell(part);
    tell(this.isRunning ? "  The version before goes on running." : "  Mend it, and it starts.");
  }

  missing(names: readonly string[]): void {
    if (this.#isJson) {
      this.#write({ type: "missing", names });
      return;
    }
    const text =
      `Instances wait that began with ${names.join(", ")}, which ${this.#file} no longer has: ` +
      "export that version too, or upgrade them.";
    for (const line of wrap(text, "  ")) tell(`${paintError("yellow", "!")}${line.slice(1)}`);
  }

  refused(message: string): void {
    if (this.#isJson) this.#write({ type: "refused", message });
    else tell(`${paintError("red", "✗")} ${wrap(message, "  ").join("\n").trimStart()}`);
  }

  ended(code: number | null, isWatching: boolean): void {
    this.isRunning = false;
    if (this.#isJson) this.#write({ type: "ended", code });
    else {
      const next = isWatching ? " Save the file to start it again." : "";
      tell(`${paintError("red", "✗")} The process ended (code ${code}).${next}`);
    }
  }

  stopped(): void {
    if (!this.#isJson && this.isRunning) print("Stopped.");
  }

  #write(report: object): void {
    print(JSON.stringify(report));
  }
}
