import type { HumanTask } from "../../engine/tasks.ts";
import type { Call, Handler } from "../call.ts";
import type { EventHub, News, Subscriber } from "../event-hub.ts";
import type { EventStream } from "../event-stream.ts";
import { readInstance } from "../instance-access.ts";
import { isAudience, type Permission } from "../permission.ts";
import type { Shape } from "../schemas/index.ts";

/** So many questions of one stream to `authorize` may be open at the same time. */
const mostQuestions = 256;

/** Opens streams of what changes, for those who may know it. */
export function streamEventsWith(hub: EventHub): Handler<"streamEvents"> {
  return async (call) => {
    const subscriber = await subscriberFor(hub, call);
    const stream = hub.open(subscriber, call.request.headers.get("last-event-id"));
    const { signal } = call.request;
    if (signal.aborted) stream.close();
    else signal.addEventListener("abort", () => stream.close(), { once: true });
    return new Response(stream.body, {
      headers: {
        "content-type": "text/event-stream",
        "cache-control": "no-store, no-transform",
        // Asks nginx not to gather what should go out at once.
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
      },
    });
  };
}

async function subscriberFor(hub: EventHub, call: Call<"streamEvents">): Promise<Subscriber> {
  const { permission, query } = call;
  const { instanceId, inbox = false } = query;
  if (instanceId !== undefined) {
    const { id } = await readInstance({ ...call, params: { instanceId } });
    return (told, stream) => {
      if (instanceOf(told) === id && seesTenant(permission, told)) deliver(hub, told, stream);
    };
  }
  if (inbox) return judged(hub, permission, (told) => isForInbox(permission, told));
  const [allInstances, allTasks] = await Promise.all([
    permission.may("instance.list", { type: "all" }),
    permission.may("task.list", { type: "all" }),
  ]);
  return judged(hub, permission, (told) => {
    if (told.news.type === "task") return allTasks || isForInbox(permission, told);
    return allInstances || isOwn(hub, permission, told);
  });
}

/** Delivers what passes; an answer that takes its time is waited for. */
function judged(
  hub: EventHub,
  permission: Permission,
  passes: (told: News) => boolean | Promise<boolean>,
): Subscriber {
  let questions = 0;
  return (told, stream) => {
    if (!seesTenant(permission, told)) return;
    if (questions >= mostQuestions) {
      stream.reset(hub.idOf(told.number));
      return;
    }
    const answer = passes(told);
    if (typeof answer === "boolean") {
      if (answer) deliver(hub, told, stream);
      return;
    }
    questions++;
    answer
      .then(
        (isPassing) => void (isPassing && deliver(hub, told, stream)),
        () => stream.close(),
      )
      .finally(() => void questions--);
  };
}

/** Also for those who had the task, or could have had it: it leaves their inbox. */
function isForInbox(permission: Permission, told: News): boolean | Promise<boolean> {
  const { news, formerAssignee } = told;
  if (news.type !== "task") return false;
  const { principal } = permission;
  const { task } = news;
  const { user } = principal;
  if (user !== undefined && formerAssignee === user) return true;
  const isTheirs = isAudience(principal, task);
  const couldBe = isAudience(principal, { ...task, assignee: undefined });
  const isNamed = task.candidateUsers !== undefined || task.candidateGroups !== undefined;
  // What was claimed was free before, also where the step names nobody.
  const wasFree = couldBe && (isNamed || task.claimedAt !== undefined);
  if (!isTheirs && !wasFree) return false;
  return permission.isCustom ? permission.may("task.read", { type: "task", task }) : true;
}

async function isOwn(hub: EventHub, permission: Permission, { news }: News): Promise<boolean> {
  const { user } = permission.principal;
  if (news.type !== "instance" || user === undefined) return false;
  return (await hub.ownerOf(news.instanceId)) === user;
}

function seesTenant(permission: Permission, { news }: News): boolean {
  return permission.sees(news.type === "task" ? news.task.tenant : news.tenant);
}

function instanceOf({ news }: News): string {
  return news.type === "task" ? news.task.instanceId : news.instanceId;
}

function deliver(hub: EventHub, { news, number }: News, stream: EventStream): void {
  const id = hub.idOf(number);
  if (news.type === "task") {
    stream.push(id, `task ${news.task.id}`, showChange(news.change, news.task));
    return;
  }
  const { type, instanceId, workflow, status, revision } = news;
  stream.push(id, `instance ${instanceId}`, { type, instanceId, workflow, status, revision });
}

function showChange(change: string, task: HumanTask): Shape<"TaskChanged"> {
  const { id: taskId, instanceId, workflow, path, status, assignee } = task;
  return { type: "task", change, taskId, instanceId, workflow, path, status, assignee };
}
