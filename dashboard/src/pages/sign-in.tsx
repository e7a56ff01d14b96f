import { type FormEvent, type ReactNode, useId, useState } from "react";
import type { DashboardConfig } from "../config.ts";
import { Icon } from "../ui/icons.tsx";

/** Signing in is the application's business: its own page, or a token that it gave out. */
export function SignIn({
  config,
  wasRefused,
  onToken,
}: {
  config: DashboardConfig;
  wasRefused: boolean;
  onToken: (token: string) => void;
}): ReactNode {
  const id = useId();
  const [token, setToken] = useState("");
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (token.trim() !== "") onToken(token.trim());
  };
  const signInHref =
    config.signInUrl === undefined ? undefined : withReturn(config.signInUrl, location.href);
  return (
    <main className="sign-in">
      <form className="card card-body form" onSubmit={submit}>
        <h1>{config.title}</h1>
        <p>
          <Icon name="person" size={16} /> The server does not know who you are.
        </p>
        {signInHref !== undefined && (
          <a className="button" data-look="primary" href={signInHref}>
            Sign in
          </a>
        )}
        <div className="field">
          <label htmlFor={id}>Access token</label>
          <p className="help" id={`${id}h`}>
            If your team uses tokens, give yours here. It is kept until this tab is closed.
          </p>
          <input
            id={id}
            className="input"
            type="password"
            autoComplete="off"
            value={token}
            aria-describedby={wasRefused ? `${id}e` : `${id}h`}
            aria-invalid={wasRefused}
            onChange={(event) => setToken(event.target.value)}
          />
          {wasRefused && (
            <p className="error" id={`${id}e`} role="alert">
              This token was not accepted.
            </p>
          )}
        </div>
        <button type="submit" className="button">
          Use the token
        </button>
      </form>
    </main>
  );
}

function withReturn(signInUrl: string, back: string): string {
  const url = new URL(signInUrl, location.href);
  url.searchParams.set("returnTo", back);
  return url.href;
}
