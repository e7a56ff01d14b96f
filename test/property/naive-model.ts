import type { Json, Writes } from "./definition-spec.ts";
import type { Action, Snapshot } from "./naive-actions.ts";
import { cancelAt, endAll, endUndo, retry } from "./naive-endings.ts";
import { type Execution, nameOf } from "./naive-execution.ts";
import { judge } from "./naive-groups.ts";
import { NaiveInstance } from "./naive-instance.ts";
import { addItem, closeMap } from "./naive-members.ts";
import { settle } from "./naive-settle.ts";
import {
  beginWork,
  fail,
  fire,
  interrupt,
  receive,
  skip,
  succeed,
  succeedWithOwnData,
  visit,
} from "./naive-steps.ts";

/**
 * The rules of docs/semantics.md, written down once more as plainly as possible, to judge the real
 * machine by. It shares no code with it. Nothing here is fast: everything is searched for again
 * whenever it is needed, so that there is nothing that could be out of date.
 */
export class NaiveModel extends NaiveInstance {
  perform(action: Action, now: number): void {
    this.now = now;
    this.#happen(action);
    settle(this);
  }

  #happen(action: Action): void {
    switch (action.do) {
      case "start":
        this.status = "waiting";
        visit(this, this.nodeOf(this.spec.initial));
        return;
      case "succeed": {
        const execution = this.find(action.at);
        if (execution.undoes) return endUndo(this, execution, "succeeded");
        if (action.targets) return succeed(this, execution, undefined, [], action.targets);
        return succeed(this, execution, action.result, lastOfEachKey(action.writes));
      }
      case "fail":
        return fail(this, this.find(action.at), { code: "STEP_FAILED" }, action);
      case "skip":
        return skip(this, this.find(action.at));
      case "ready":
        return beginWork(this, this.find(action.at));
      case "interrupt":
        return interrupt(this, this.find(action.at));
      case "complete task":
        return succeedWithOwnData(this, this.find(action.at), action.data);
      case "call back":
        return succeedWithOwnData(this, this.find(action.at), action.payload);
      case "fire":
        return fire(this, this.find(action.at), action.timer);
      case "signal":
        return receive(this, action);
      case "add item":
        return addItem(this, this.aliveAt(action.path)[0] as Execution, action.item);
      case "close map":
        return closeMap(this, this.aliveAt(action.path)[0] as Execution);
      case "cancel step":
        return cancelAt(this, action.path);
      case "cancel":
        return endAll(this, "canceled");
      case "pause":
        this.status = "paused";
        return;
      case "resume":
        this.status = "waiting";
        return;
      case "retry":
        return retry(this, action.from);
    }
  }

  /** A member that is to run again in its group's further attempt waits for its turn. */
  #describe(execution: Execution): string {
    const isDueIn = (group: Execution) =>
      group.status === "waiting" &&
      judge(group).is === "open" &&
      group.members?.some((member) => member.due && member.execution === execution);
    if (!execution.group || !isDueIn(execution.group)) return describeExecution(execution);
    return `${nameOf(execution)} attempt ${execution.attempt + 1} pending`;
  }

  snapshot(): Snapshot {
    const results = this.executions
      .filter((one) => one.status === "succeeded" && one.result !== undefined)
      .map((one) => [nameOf(one), one.result as Json]);
    return {
      status: this.status,
      error: this.failure?.code,
      executions: this.executions.map((one) => this.#describe(one)).sort(),
      data: this.data,
      tasks: this.alive.filter(hasTask).map(nameOf).sort(),
      timers: this.alive
        .flatMap((one) => [...one.timers].map(([kind, at]) => `${kind} ${nameOf(one)} at ${at}`))
        .sort(),
      results: Object.fromEntries(results),
    };
  }
}

const describeExecution = (execution: Execution): string => {
  const { attempt, status, failure } = execution;
  const code = failure ? ` ${failure.code}` : "";
  return `${nameOf(execution)} attempt ${attempt} ${status}${code}`;
};

const hasTask = ({ node, status }: Execution): boolean =>
  node.kind === "human" && status === "waiting";

const lastOfEachKey = (writes: Writes): Writes => [...new Map(writes)];
