/**
 * One member for each item of a list, two at a time: the list is known only while the workflow runs.
 * Results come in the order of the items. While the map runs, more items may be added.
 */
import {
  humanStep,
  MapGroup,
  machineStep,
  SequentialGroup,
  WorkflowDefinition,
} from "tandem-workflows";
import { runWorkflow, withEngine } from "../support/run-workflow.ts";
import { printInstance } from "../support/show-instance.ts";
import { answer } from "../support/simulated-service.ts";

export const workflow = new WorkflowDefinition({
  name: "newsletter",
  steps: {
    send_all: new MapGroup(
      machineStep("send", async (context) => {
        await answer("250 OK", { ms: 20, signal: context.signal });
        return `${context.index}: ${context.item}`;
      }),
      {
        items: "subscribers",
        maxConcurrent: 2,
        callback: machineStep("count", (context) => {
          context.set("sent", context.results);
        }),
      },
    ),
  },
  initialStep: "send_all",
  terminalSteps: ["send_all"],
});

/** An open list: reviewers may be invited until enough have answered. */
export const reviews = new WorkflowDefinition({
  name: "reviews",
  steps: {
    each_reviewer: new MapGroup(
      new SequentialGroup([humanStep("review", { assignee: (context) => String(context.item) })], {
        name: "ask",
      }),
      {
        items: "reviewers",
        required: 2,
        callback: machineStep("collect", (context) => {
          context.set("reviews", context.results.flat().filter(Boolean));
        }),
      },
    ),
  },
  initialStep: "each_reviewer",
  terminalSteps: ["each_reviewer"],
});

export function main(subscribers: readonly string[] = ["ada", "bob", "cy", "dee", "eve"]) {
  return runWorkflow(workflow, { subscribers });
}

/** Ada answers; Bob does not, so Cy is invited too. */
export function inviteReviewers() {
  return withEngine(async (engine) => {
    const initialData = { reviewers: ["ada", "bob"] };
    const { id: instanceId } = await engine.startWorkflow(reviews, { initialData });
    const review = (userId: string, text: string) =>
      engine.tasks
        .list({ userId })
        .then(({ items: [task] }) =>
          engine.completeHumanTask({ instanceId, taskId: task?.id ?? "", userId, data: { text } }),
        );
    await review("ada", "fine");
    await engine.addItem({ instanceId, stepName: "each_reviewer", item: "cy" });
    return review("cy", "good");
  });
}

if (import.meta.main) {
  printInstance(workflow, await main());
  process.stdout.write("\n");
  printInstance(reviews, await inviteReviewers());
}
