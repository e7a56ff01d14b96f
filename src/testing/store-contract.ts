import type { Store } from "../store/store.ts";
import { actCases } from "./contract/act-cases.ts";
import { answerCases } from "./contract/answer-cases.ts";
import type { CaseDefinition, Subject } from "./contract/case.ts";
import { commitCases } from "./contract/commit-cases.ts";
import { concurrencyCases } from "./contract/concurrency-cases.ts";
import { durabilityCases } from "./contract/durability-cases.ts";
import { instanceSearchCases } from "./contract/instance-search-cases.ts";
import { jsonCases } from "./contract/json-cases.ts";
import { mailCases } from "./contract/mail-cases.ts";
import { measureCases } from "./contract/measure-cases.ts";
import { recordCases } from "./contract/record-cases.ts";
import { retentionCases } from "./contract/retention-cases.ts";
import { scheduleCases } from "./contract/schedule-cases.ts";
import { sizeCases } from "./contract/size-cases.ts";
import { taskCases } from "./contract/task-cases.ts";
import { taskSearchCases } from "./contract/task-search-cases.ts";
import { timerCases } from "./contract/timer-cases.ts";
import { workerCases } from "./contract/worker-cases.ts";

/** A fresh, empty store, and how to get at its data again. */
export interface OpenedStore {
  readonly store: Store;
  /** Another store object on the same data, as another process would have it. */
  reopen(): Promise<Store>;
  /** Removes the data. All store objects have been closed then. */
  dispose(): Promise<void>;
}

/** What a store does not do, each with the reason why. */
export interface StoreLacks {
  /** Why nothing is left after `close`. */
  readonly persistence?: string;
  /** Why only one store object may use the data at a time. */
  readonly sharing?: string;
  /** Why `listen` gives undefined. */
  readonly listening?: string;
}

/** One promise of the interface `Store`. */
export interface ContractCase {
  readonly name: string;
  /** Why this store cannot keep it, as `lacks` says; undefined for all that it must keep. */
  readonly skipped: string | undefined;
  /** Rejects with an `AssertionError` if the store breaks the promise. */
  run(): Promise<void>;
}

/**
 * What every store must do, as cases for any test runner: each opens a store of its own and leaves
 * nothing behind.
 *
 * @param open gives a fresh, empty store.
 * @param lacks what this store does not do; everything is expected unless told.
 */
export function storeContract(
  open: () => Promise<OpenedStore>,
  lacks: StoreLacks = {},
): readonly ContractCase[] {
  const definitions: readonly CaseDefinition[] = [
    ...commitCases,
    ...recordCases,
    ...jsonCases,
    ...taskCases,
    ...taskSearchCases,
    ...instanceSearchCases,
    ...actCases,
    ...measureCases,
    ...scheduleCases,
    ...retentionCases,
    ...timerCases,
    ...workerCases,
    ...mailCases,
    ...answerCases,
    ...concurrencyCases,
    ...durabilityCases,
    ...sizeCases,
  ];
  return definitions.map((definition) => ({
    name: definition.name,
    skipped: definition.needs === undefined ? undefined : lacks[definition.needs],
    run: () => runCase(definition, open, lacks),
  }));
}

async function runCase(
  definition: CaseDefinition,
  open: () => Promise<OpenedStore>,
  lacks: StoreLacks,
): Promise<void> {
  const opened = await open();
  const inUse = new Set([opened.store]);
  const closeAll = async () => {
    for (const store of inUse) {
      inUse.delete(store);
      await store.close();
    }
  };
  const reopen = async () => {
    const store = await opened.reopen();
    inUse.add(store);
    return store;
  };
  const subject: Subject = {
    store: opened.store,
    lacks,
    other: async () => (lacks.sharing === undefined ? reopen() : opened.store),
    restart: async () => {
      await closeAll();
      return reopen();
    },
  };
  try {
    await definition.run(subject);
  } finally {
    await closeAll();
    await opened.dispose();
  }
}
