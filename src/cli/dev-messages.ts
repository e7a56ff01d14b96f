/** What `tandem dev` and the process that it watches over tell each other. */
export type FromChild =
  /** The definitions are right; it waits to be told to run. */
  | {
      readonly type: "loaded";
      readonly files: readonly string[];
      readonly workflows: readonly DevWorkflow[];
      /** Definitions that are not those that their instances were made with. */
      readonly changed: readonly string[];
      /** Versions that instances need which have not ended, and that are not exported. */
      readonly missing: readonly string[];
    }
  | { readonly type: "failed"; readonly files: readonly string[]; readonly message: string }
  | { readonly type: "listening"; readonly port: number; readonly hasDashboard: boolean }
  | { readonly type: "refused"; readonly message: string };

export interface DevWorkflow {
  readonly name: string;
  readonly version: string;
  /** Initial data that its input schema takes, or nearly. */
  readonly sample: Readonly<Record<string, unknown>> | undefined;
}

export type ToChild =
  | { readonly type: "run"; readonly port: number; readonly isPortGiven: boolean }
  | { readonly type: "stop" };

/** What the process is started with. */
export interface DevSettings {
  readonly file: string;
  readonly database: string;
  readonly isVerbose: boolean;
}
