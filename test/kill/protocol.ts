/** What the parent asks of a child, and what the child answers. */
export type Command =
  | {
      readonly type: "start";
      readonly workflow: string;
      /** The id of the instance, or its idempotency key. */
      readonly reference: string;
      readonly isKey: boolean;
      readonly n: number;
    }
  | { readonly type: "tasks"; readonly instanceId?: string }
  | {
      readonly type: "complete";
      readonly instanceId: string;
      readonly taskId: string;
      readonly by: string;
    }
  | {
      readonly type: "call";
      readonly instanceId: string;
      readonly path: string;
      readonly token: string;
      readonly by: string;
    }
  | {
      readonly type: "signal";
      readonly instanceId: string;
      readonly name: string;
      readonly id?: string;
      readonly by: string;
    }
  | { readonly type: "cancel"; readonly instanceId: string }
  | { readonly type: "waitFor"; readonly instanceId: string }
  | { readonly type: "see"; readonly instanceId: string }
  | { readonly type: "close" };

/** What the child sends when its engine has begun to take part. */
export interface Ready {
  readonly type: "ready";
}

export interface Asked {
  readonly number: number;
  readonly command: Command;
}

export type Answer =
  | {
      readonly type: "answer";
      readonly number: number;
      readonly ok: true;
      readonly value?: unknown;
    }
  | {
      readonly type: "answer";
      readonly number: number;
      readonly ok: false;
      readonly code: string;
      readonly message: string;
    };

export interface OpenTask {
  readonly instanceId: string;
  readonly id: string;
}

/** How a child finds its store, its ledger and its place in time. */
export interface ChildOptions {
  readonly name: string;
  readonly ledger: string;
  readonly store:
    | { readonly type: "sqlite"; readonly file: string }
    | { readonly type: "postgres"; readonly url: string; readonly isDeaf?: boolean };
  readonly pollIntervalMs: number;
  readonly leaseMs: number;
  /** How far its clock goes before the machine's. */
  readonly aheadMs?: number;
}
