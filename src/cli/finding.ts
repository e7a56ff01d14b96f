/** What a check has found. */
export interface Finding {
  readonly check: string;
  /** A note is worth knowing, and nothing is wrong. */
  readonly status: "well" | "note" | "problem";
  readonly message: string;
  /** What to do. */
  readonly advice?: string;
  /** Some of what is meant, such as ids of instances. */
  readonly examples?: readonly string[];
}
