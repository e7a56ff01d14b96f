import { createContext, use, useCallback, useEffect, useState, useSyncExternalStore } from "react";
import type { Client, EventsQuery, Me, StreamEvent } from "tandem-workflows/client";
import type { DashboardConfig } from "../config.ts";
import { toast } from "../ui/toasts.tsx";
import type { LiveState, LiveUpdates } from "./live.ts";
import { messageOf } from "./problems.ts";
import type { QueryStore, Snapshot } from "./query-store.ts";

export interface Api {
  readonly client: Client;
  readonly config: DashboardConfig;
  readonly me: Me;
  readonly live: LiveUpdates;
  readonly queries: QueryStore;
}

const ApiContext = createContext<Api | undefined>(undefined);
export const ApiProvider = ApiContext.Provider;

export function useApi(): Api {
  const api = use(ApiContext);
  if (api === undefined) throw new Error("A page stands outside of the application.");
  return api;
}

export interface QueryOptions {
  /** What changes it; without, it is read once. */
  readonly live?: EventsQuery;
  /** Whether an event may have changed it; every one unless told. */
  readonly isAbout?: (event: StreamEvent) => boolean;
  /** How often to look besides, for what no event tells of. */
  readonly everyMs?: number;
}

/**
 * What the server says under a key, kept up to date while it is on the page.
 *
 * @param key undefined while it is not known yet what to ask for.
 */
export function useQuery<Value>(
  key: string | undefined,
  load: (client: Client, signal: AbortSignal) => Promise<Value>,
  { live, isAbout, everyMs }: QueryOptions = {},
): Snapshot<Value> & { readonly reload: () => Promise<void> } {
  const { client, queries, live: updates } = useApi();
  const name = key ?? "";
  const subscribe = useCallback(
    (listener: () => void) => queries.subscribe(name, listener),
    [queries, name],
  );
  const snapshot = useSyncExternalStore(subscribe, () => queries.get<Value>(name));
  const topic = live === undefined ? undefined : JSON.stringify(live);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says what is loaded
  useEffect(() => {
    if (key === undefined) return;
    queries.use(key, (signal) => load(client, signal));
    if (topic === undefined) return;
    return updates.listen(JSON.parse(topic) as EventsQuery, (event) => {
      const always = event.type === "poll" || event.type === "reset";
      if (always || (isAbout?.(event) ?? true)) queries.refresh((one) => one === key);
    });
  }, [key, topic, client, queries, updates]);
  useEffect(() => {
    if (everyMs === undefined) return;
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") queries.refresh((one) => one === name);
    }, everyMs);
    return () => clearInterval(timer);
  }, [everyMs, name, queries]);
  const reload = useCallback(() => queries.reload(name), [queries, name]);
  return { ...snapshot, reload };
}

export function useLiveState(): LiveState {
  const { live } = useApi();
  const subscribe = useCallback((listener: () => void) => live.onState(listener), [live]);
  return useSyncExternalStore(subscribe, () => live.state);
}

/** Something that a person asks for: it is done once at a time, and what went wrong is said. */
export function useAction() {
  const { queries } = useApi();
  const [isBusy, setIsBusy] = useState(false);
  const run = useCallback(
    async (action: () => Promise<unknown>, said?: string): Promise<boolean> => {
      setIsBusy(true);
      try {
        await action();
        if (said !== undefined) toast(said);
        return true;
      } catch (error) {
        toast(messageOf(error), "failed");
        return false;
      } finally {
        setIsBusy(false);
        queries.refresh();
      }
    },
    [queries],
  );
  return { isBusy, run };
}
