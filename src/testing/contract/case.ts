import type { Store } from "../../store/store.ts";
import type { StoreLacks } from "../store-contract.ts";

export interface CaseDefinition {
  readonly name: string;
  /** What a store may lack, and the case is not for those that do. */
  readonly needs?: keyof StoreLacks;
  run(subject: Subject): Promise<void>;
}

/** The store of one case. */
export interface Subject {
  readonly store: Store;
  readonly lacks: StoreLacks;
  /** A second store object on the same data; the same one for a store that cannot be shared. */
  other(): Promise<Store>;
  /** Closes all store objects and opens one on what they left. */
  restart(): Promise<Store>;
}
