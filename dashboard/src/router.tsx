import {
  type AnchorHTMLAttributes,
  type ReactNode,
  useEffect,
  useMemo,
  useSyncExternalStore,
} from "react";

/**
 * Pages by the part of the address after `#`: it works below any path and behind any proxy, since the
 * server sees one address only.
 */
export interface Route {
  /** Decoded parts of the path: `["instances", "i-1"]`. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

function subscribe(listener: () => void): () => void {
  addEventListener("hashchange", listener);
  return () => removeEventListener("hashchange", listener);
}

export function useRoute(): Route {
  const hash = useSyncExternalStore(subscribe, () => location.hash);
  return useMemo(() => parseHash(hash), [hash]);
}

function parseHash(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const parts = path.split("/").filter((part) => part !== "");
  return { parts: parts.map(decode), query: new URLSearchParams(query) };
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

export type Query = Readonly<Record<string, string | readonly string[] | undefined>>;

export function hrefOf(parts: readonly string[], query: Query = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const item of Array.isArray(value) ? value : [value]) {
      if (item !== undefined && item !== "") search.append(name, item);
    }
  }
  const text = search.toString();
  return `#/${parts.map(encodeURIComponent).join("/")}${text === "" ? "" : `?${text}`}`;
}

/** Goes to a page; with `replace`, without a step back in the browser's history. */
export function navigate(href: string, { replace = false } = {}): void {
  if (!replace) {
    location.hash = href;
    return;
  }
  history.replaceState(history.state, "", href);
  dispatchEvent(new HashChangeEvent("hashchange"));
}

export const instanceHref = (instanceId: string, tab?: string) =>
  hrefOf(["instances", instanceId], { tab });
export const workflowHref = (workflow: string, query: Query = {}) =>
  hrefOf(["workflows", workflow], query);
export const taskHref = (taskId: string, query: Query = {}) =>
  hrefOf(["inbox", ...taskId.split("/")], query);

export function Link({
  href,
  isCurrent,
  ...rest
}: AnchorHTMLAttributes<HTMLAnchorElement> & {
  href: string;
  isCurrent?: boolean;
}): ReactNode {
  return <a href={href} {...(isCurrent && { "aria-current": "page" as const })} {...rest} />;
}

/** The title of the window, and with it what a screen reader says of a new page. */
export function usePageTitle(title: string, site: string): void {
  useEffect(() => {
    document.title = `${title} · ${site}`;
  }, [title, site]);
}
