import type { Actor } from "./command.ts";
import type { ActRecord, ActType } from "./state.ts";
import type { Transition } from "./transition.ts";

/** What an act is about, besides who did it. */
interface About {
  readonly path?: string | undefined;
  readonly taskId?: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/** Adds to the history what somebody did; without an actor, what a timer did. */
export function recordAct(t: Transition, type: ActType, actor?: Actor, about: About = {}): void {
  const act: ActRecord = {
    type,
    at: t.now,
    user: actor?.user,
    onBehalfOf: actor?.onBehalfOf,
    through: actor?.through,
    path: about.path,
    taskId: about.taskId,
    details: about.details,
  };
  t.act(act);
}

/** What programs do as well as people, such as sending a signal, is an act if a user does it. */
export function recordUserAct(t: Transition, type: ActType, actor?: Actor, about?: About): void {
  if (actor?.user !== undefined) recordAct(t, type, actor, about);
}

/** Details of an act, without what is undefined; none if nothing is left. */
export function detailsOf(
  details: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> | undefined {
  const given = Object.entries(details).filter(([, value]) => value !== undefined);
  return given.length === 0 ? undefined : Object.freeze(Object.fromEntries(given));
}
