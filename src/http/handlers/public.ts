import type { Handlers } from "../call.ts";
import { patienceOf, within } from "../patience.ts";
import { usualPatienceMs } from "./instance-changes.ts";

/** What nobody has to be known for. */
export const publicHandlers: Handlers<"completeWebhook" | "getHealth"> = {
  async completeWebhook({ engine, clock, request, params, body }) {
    const done = engine.completeWebhook(params.token ?? "", body ?? null);
    const settled = await within(done, patienceOf(request, usualPatienceMs), clock);
    return { status: settled === undefined ? 202 : 204 };
  },

  async getHealth({ engine }) {
    // Reads from the store: what cannot be read is answered with 503.
    await engine.instances.list({ limit: 1 });
    return { json: { status: "ok" } };
  },
};
