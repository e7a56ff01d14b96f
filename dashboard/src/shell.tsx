import { lazy, type ReactNode, Suspense, useEffect, useRef, useState } from "react";
import { applyColorMode, type ColorMode, readColorMode } from "./config.ts";
import { useApi, useLiveState, useQuery } from "./data/api.tsx";
import type { LiveState } from "./data/live.ts";
import { ErrorBoundary } from "./error-boundary.tsx";
import { InboxPage } from "./pages/inbox.tsx";
import { hrefOf, Link, type Route, useRoute } from "./router.tsx";
import { Icon, type IconName } from "./ui/icons.tsx";
import { Empty, Skeleton } from "./ui/parts.tsx";
import { Toasts } from "./ui/toasts.tsx";

const InstancePage = lazy(() =>
  import("./pages/instance.tsx").then((module) => ({ default: module.InstancePage })),
);
const InstancesPage = lazy(() =>
  import("./pages/instances.tsx").then((module) => ({ default: module.InstancesPage })),
);
const OperationsPage = lazy(() =>
  import("./pages/operations.tsx").then((module) => ({ default: module.OperationsPage })),
);
const WorkflowPage = lazy(() =>
  import("./pages/workflow.tsx").then((module) => ({ default: module.WorkflowPage })),
);
const WorkflowsPage = lazy(() =>
  import("./pages/workflows.tsx").then((module) => ({ default: module.WorkflowsPage })),
);

interface Place {
  readonly part: string;
  readonly name: string;
  readonly icon: IconName;
  readonly isForAdmins?: true;
}

const places: readonly Place[] = [
  { part: "inbox", name: "Inbox", icon: "inbox" },
  { part: "instances", name: "Instances", icon: "list" },
  { part: "workflows", name: "Workflows", icon: "flow" },
  { part: "operations", name: "Operations", icon: "pulse", isForAdmins: true },
];

/** What stands around every page. */
export function Shell({ onSignOut }: { onSignOut?: () => void }): ReactNode {
  const { config, me } = useApi();
  const route = useRoute();
  const place = route.parts[0] ?? "inbox";
  const main = useRef<HTMLElement>(null);
  const pageKey = route.parts.slice(0, place === "inbox" ? 1 : 2).join("/");
  useFocusOnPage(main, pageKey);
  const live = useLiveState();
  return (
    <div className="shell">
      <button
        type="button"
        className="button skip"
        data-look="primary"
        onClick={() => main.current?.focus()}
      >
        Skip to the content
      </button>
      {live === "offline" && (
        <p className="offline-bar" role="status">
          You are offline. What you see may be old; what you type is kept.
        </p>
      )}
      <header className="sidebar">
        <Link className="brand" href={hrefOf(["inbox"])}>
          {config.logoUrl === undefined ? <Logo /> : <img src={config.logoUrl} alt="" />}
          <span>{config.title}</span>
        </Link>
        <nav className="nav" aria-label="Pages">
          {places
            .filter(({ isForAdmins }) => isForAdmins !== true || me.isAdmin)
            .map(({ part, name, icon }) => (
              <Link key={part} href={hrefOf([part])} isCurrent={place === part}>
                <Icon name={icon} size={20} />
                {name}
                {part === "inbox" && <OpenCount />}
              </Link>
            ))}
        </nav>
        <div className="sidebar-foot">
          <LiveMark state={live} />
          {me.user !== undefined && (
            <span className="who" title={me.groups.join(", ")}>
              {me.user}
            </span>
          )}
          <ColorModeButton />
          {onSignOut !== undefined && (
            <button type="button" className="button" data-size="small" onClick={onSignOut}>
              Sign out
            </button>
          )}
        </div>
      </header>
      <main className="main" ref={main} tabIndex={-1} key={pageKey}>
        <ErrorBoundary>
          <Suspense fallback={<Skeleton lines={5} />}>
            <Page place={place} route={route} />
          </Suspense>
        </ErrorBoundary>
      </main>
      <Toasts />
    </div>
  );
}

function Page({ place, route }: { place: string; route: Route }): ReactNode {
  const [, name] = route.parts;
  switch (place) {
    case "inbox":
      return <InboxPage route={route} />;
    case "instances":
      return name === undefined ? (
        <InstancesPage route={route} />
      ) : (
        <InstancePage instanceId={name} route={route} />
      );
    case "workflows":
      return name === undefined ? (
        <WorkflowsPage />
      ) : (
        <WorkflowPage workflow={name} route={route} />
      );
    case "operations":
      return <OperationsPage />;
    default:
      return (
        <Empty isPage icon="help" title="There is no such page">
          <Link className="button" href={hrefOf(["inbox"])}>
            Go to the inbox
          </Link>
        </Empty>
      );
  }
}

/** A new page begins at its top, and a screen reader and the Tab key begin there too. */
function useFocusOnPage(main: React.RefObject<HTMLElement | null>, pageKey: string): void {
  const before = useRef(pageKey);
  useEffect(() => {
    if (before.current === pageKey) return;
    before.current = pageKey;
    main.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [main, pageKey]);
}

function OpenCount(): ReactNode {
  const counts = useQuery("task-counts", (client, signal) => client.tasks.count({}, { signal }), {
    live: { inbox: true },
    isAbout: (event) => event.type === "task",
  });
  const open = counts.value?.open ?? 0;
  if (open === 0) return null;
  const isCut = open >= (counts.value?.atMost ?? Number.POSITIVE_INFINITY);
  return (
    <span className="count" {...((counts.value?.overdue ?? 0) > 0 && { "data-alert": true })}>
      {open}
      {isCut && "+"}
      <span className="visually-hidden"> open tasks</span>
    </span>
  );
}

const liveTexts: Readonly<Record<LiveState, readonly [text: string, title: string]>> = {
  connecting: ["Connecting", "Changes will appear by themselves in a moment"],
  live: ["Live", "Changes appear by themselves"],
  polling: [
    "Every few seconds",
    "The live connection is interrupted; changes appear a little later",
  ],
  offline: ["Offline", "There is no network"],
};

function LiveMark({ state }: { state: LiveState }): ReactNode {
  const [text, title] = liveTexts[state];
  return (
    <span className="live" data-state={state} title={title}>
      {text}
    </span>
  );
}

const nextMode: Readonly<Record<ColorMode, ColorMode>> = {
  system: "dark",
  dark: "light",
  light: "system",
};
const modeNames: Readonly<Record<ColorMode, string>> = {
  system: "as the system",
  dark: "dark",
  light: "light",
};

function ColorModeButton(): ReactNode {
  const [mode, setMode] = useState(readColorMode);
  return (
    <button
      type="button"
      className="button"
      data-look="quiet"
      data-size="small"
      title={`Colours: ${modeNames[mode]}`}
      onClick={() => {
        applyColorMode(nextMode[mode]);
        setMode(nextMode[mode]);
      }}
    >
      <Icon name={mode === "dark" ? "moon" : mode === "light" ? "sun" : "contrast"} size={16} />
      <span className="mode-name">
        {mode === "system" ? "System" : mode === "dark" ? "Dark" : "Light"}
      </span>
      <span className="visually-hidden">colours; change them</span>
    </button>
  );
}

function Logo(): ReactNode {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="8" fill="var(--accent)" />
      <g fill="none" stroke="var(--on-accent)" strokeWidth="2">
        <path d="M15 12h2a4 4 0 0 1 4 4M17 20h-2a4 4 0 0 1-4-4" />
      </g>
      <circle cx="11" cy="12" r="4" fill="var(--on-accent)" />
      <circle cx="21" cy="20" r="4" fill="var(--on-accent)" />
    </svg>
  );
}
