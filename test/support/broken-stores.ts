import { MemoryStore, type Store } from "tandem-workflows";
import { type ContractCase, storeContract } from "tandem-workflows/testing";
import { describe, expect, test } from "vitest";

type StoreClass = new (home: MemoryStore) => Store;

/** Stores with a defect, by what is wrong with each, and the names of cases that find it. */
export type Defects = Readonly<Record<string, readonly [StoreClass, ...cases: RegExp[]]>>;

/** The cases for a store that several store objects share, and that outlives them. */
export function casesOf(Class: StoreClass): readonly ContractCase[] {
  return storeContract(async () => {
    const home = new MemoryStore();
    const reopen = async () => new Class(home);
    return { store: await reopen(), reopen, dispose: async () => {} };
  });
}

export function findDefects(title: string, defects: Defects): void {
  describe(title, () => {
    for (const [defect, [Class, ...found]] of Object.entries(defects)) {
      for (const pattern of found) {
        test(`${defect} (${pattern.source})`, async () => {
          const cases = casesOf(Class).filter(({ name }) => pattern.test(name));
          expect(cases.length).toBe(1);
          await expect(cases[0]?.run()).rejects.toThrow();
        });
      }
    }
  });
}
