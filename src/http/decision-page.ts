import { html } from "hono/html";
import type { HumanTask } from "../engine/tasks.ts";
import { type FieldProblem, UnknownTaskError, UnsupportedMediaTypeError } from "../errors.ts";
import type { Surroundings } from "./call.ts";
import { refuseCrossSite } from "./cross-site.ts";
import { fieldMarkup, fieldsOf, readForm } from "./form-markup.ts";
import { htmlPage, type Markup } from "./page.ts";
import { type Authorize, Permission } from "./permission.ts";
import { isFault, problemOf } from "./problem.ts";
import { readText } from "./request-body.ts";

export interface DecisionPageOptions extends Surroundings {
  readonly authorize: Authorize | undefined;
  readonly allowedOrigins: ReadonlySet<string>;
  readonly maxBodyBytes: number;
}

/**
 * The page that a decision link opens. Opening it decides nothing, since programs that look after
 * mail follow links too: what decides is the page's form.
 */
export class DecisionPage {
  readonly #options: DecisionPageOptions;

  constructor(options: DecisionPageOptions) {
    this.#options = options;
  }

  async show(token: string): Promise<Response> {
    return this.#answer(async () => {
      const link = await this.#options.engine.decisionLinks.read(token);
      return taskPage(await this.#taskOf(link), []);
    });
  }

  async decide(request: Request, url: URL, token: string): Promise<Response> {
    return this.#answer(async () => {
      const { engine, allowedOrigins } = this.#options;
      refuseCrossSite(request, url, allowedOrigins);
      const filled = await this.#filledIn(request);
      const task = await this.#taskOf(await engine.decisionLinks.read(token));
      const data = readForm(fieldsOf(task.form) ?? [], filled);
      try {
        await engine.decisionLinks.use(token, (link) => this.#complete(link, data));
      } catch (error) {
        const problem = problemOf(error);
        if (problem.code !== "INVALID_FORM_DATA") throw error;
        return taskPage(task, problem.fields ?? []);
      }
      return htmlPage(
        task.title,
        html`<h1>${task.title}</h1><p role="status">Thank you. Your answer was recorded.</p>`,
      );
    });
  }

  async #answer(make: () => Promise<Response>): Promise<Response> {
    try {
      return await make();
    } catch (error) {
      const problem = problemOf(error);
      if (isFault(problem)) this.#options.logger.error("A decision page failed", { error });
      const { detail, status } = problem;
      const title = "This link cannot be used";
      return htmlPage(title, html`<h1>${title}</h1><p class="problem">${detail}</p>`, status);
    }
  }

  async #taskOf({ taskId, userId, groups }: LinkedPerson): Promise<HumanTask> {
    const task = await this.#options.engine.tasks.get(taskId);
    const { tenant } = task;
    const person = { user: userId, groups, ...(tenant !== undefined && { tenant }) };
    const permission = new Permission(person, this.#options.authorize);
    const resource = { type: "task", task } as const;
    const maySee = await permission.may("task.read", resource);
    if (maySee && (await permission.may("task.complete", resource))) return task;
    throw new UnknownTaskError("The task is no longer yours.");
  }

  async #complete(link: LinkedPerson, data: unknown): Promise<void> {
    const { taskId, userId, groups } = link;
    const { engine } = this.#options;
    await engine.completeHumanTask({ taskId, userId, groups, data, through: "link" });
  }

  async #filledIn(request: Request): Promise<URLSearchParams> {
    const type = request.headers.get("content-type") ?? "";
    if (!type.toLowerCase().startsWith("application/x-www-form-urlencoded")) {
      throw new UnsupportedMediaTypeError("Use the form of this page to answer.");
    }
    return new URLSearchParams((await readText(request, this.#options.maxBodyBytes)) ?? "");
  }
}

interface LinkedPerson {
  readonly taskId: string;
  readonly userId: string;
  readonly groups: readonly string[];
}

function taskPage(task: HumanTask, problems: readonly FieldProblem[]): Promise<Response> {
  const { title, description, shown = {}, form, status } = task;
  const fields = status === "open" ? fieldsOf(form) : undefined;
  const facts = Object.entries(shown);
  const body = html`<h1>${title}</h1>
${description === undefined ? "" : html`<p>${description}</p>`}
${facts.length === 0 ? "" : html`<dl>${facts.map(factMarkup)}</dl>`}
${problems.map(({ field, message }) => html`<p class="problem">${field}: ${message}</p>`)}
${fields === undefined ? explain(task) : formMarkup(fields)}`;
  return htmlPage(title, body, problems.length === 0 ? 200 : 422);
}

function formMarkup(fields: NonNullable<ReturnType<typeof fieldsOf>>): Markup {
  return html`<form method="post">
${fields.map(fieldMarkup)}
<button type="submit">Send</button>
</form>`;
}

function explain({ status, endedBy }: HumanTask): Markup {
  if (status === "open") {
    return html`<p>This task asks for more than this page can show.
Open it in the application.</p>`;
  }
  const by = endedBy === undefined ? "" : ` by ${endedBy}`;
  return html`<p role="status">It was ${status}${by}. There is nothing left to do.</p>`;
}

function factMarkup([name, value]: [string, unknown]): Markup {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return html`<dt>${name}</dt><dd>${text}</dd>`;
}
