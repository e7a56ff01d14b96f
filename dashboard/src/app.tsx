import { type ReactNode, useCallback, useEffect, useMemo, useState } from "react";
import { createClient, type Me } from "tandem-workflows/client";
import type { DashboardConfig } from "./config.ts";
import { ApiProvider } from "./data/api.tsx";
import { LiveUpdates } from "./data/live.ts";
import { failureOf, messageOf } from "./data/problems.ts";
import { QueryStore } from "./data/query-store.ts";
import { SignIn } from "./pages/sign-in.tsx";
import { Shell } from "./shell.tsx";
import { Empty } from "./ui/parts.tsx";

const tokenKey = "tandem-token";

function readToken(): string | undefined {
  try {
    return sessionStorage.getItem(tokenKey) ?? undefined;
  } catch {
    return undefined;
  }
}

function keepToken(token: string | undefined): void {
  try {
    if (token === undefined) sessionStorage.removeItem(tokenKey);
    else sessionStorage.setItem(tokenKey, token);
  } catch {
    // It counts until the page is closed.
  }
}

type Asking =
  | { readonly state: "asking" }
  | { readonly state: "known"; readonly me: Me }
  | { readonly state: "refused"; readonly error: unknown };

export function App({ config }: { config: DashboardConfig }): ReactNode {
  const [token, setToken] = useState(readToken);
  const [asking, setAsking] = useState<Asking>({ state: "asking" });
  const client = useMemo(
    () =>
      createClient({
        baseUrl: config.apiUrl,
        headers: () => (token === undefined ? {} : { authorization: `Bearer ${token}` }),
      }),
    [config, token],
  );
  const ask = useCallback(
    () =>
      client.me().then(
        (me) => setAsking({ state: "known", me }),
        (error: unknown) => setAsking({ state: "refused", error }),
      ),
    [client],
  );
  useEffect(() => void ask(), [ask]);
  const me = asking.state === "known" ? asking.me : undefined;
  const api = useMemo(
    () => me && { client, config, me, live: new LiveUpdates(client), queries: new QueryStore() },
    [client, config, me],
  );
  const signIn = (next: string | undefined) => {
    keepToken(next);
    setToken(next);
    setAsking({ state: "asking" });
  };

  if (api !== undefined) {
    return (
      <ApiProvider value={api}>
        <Shell {...(token !== undefined && { onSignOut: () => signIn(undefined) })} />
      </ApiProvider>
    );
  }
  if (asking.state !== "refused") return <main aria-busy="true" aria-label="Loading" />;
  if (failureOf(asking.error).status === 401) {
    return <SignIn config={config} wasRefused={token !== undefined} onToken={signIn} />;
  }
  return (
    <main className="sign-in">
      <div className="card">
        <Empty icon="warn" title="The server does not answer as it should">
          <p>{messageOf(asking.error)}</p>
          <button type="button" className="button" onClick={() => void ask()}>
            Try again
          </button>
        </Empty>
      </div>
    </main>
  );
}
