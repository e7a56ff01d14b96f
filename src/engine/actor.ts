import { InvalidArgumentError } from "../errors.ts";
import type { Actor } from "../machine/index.ts";
import { checkTexts } from "../text.ts";

/** Who acts, as the application knows them. */
export interface ActorOptions {
  readonly userId?: string;
  /** The groups of the user. */
  readonly groups?: readonly string[];
  /** The user acts as an administrator. */
  readonly admin?: boolean;
  /** For whom an administrator acts; the history says so. */
  readonly onBehalfOf?: string;
  /** By which way it came in, such as "http", for the history. */
  readonly through?: string;
}

/** @throws InvalidArgumentError if one of them is not what it has to be. */
export function actorOf(options: ActorOptions): Actor {
  const { userId: user, groups, admin, onBehalfOf, through } = options;
  checkTexts({ userId: user, onBehalfOf, through });
  checkGroups(groups);
  return { user, groups, admin, onBehalfOf, through };
}

/** @throws InvalidArgumentError */
export function checkGroups(groups: unknown): void {
  if (groups === undefined) return;
  if (Array.isArray(groups) && groups.every((group) => typeof group === "string")) return;
  throw new InvalidArgumentError(
    `groups is ${JSON.stringify(groups)}; it must be a list of strings.`,
  );
}
