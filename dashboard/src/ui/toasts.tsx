import { type ReactNode, useEffect, useSyncExternalStore } from "react";
import { Icon, type IconName } from "./icons.tsx";

interface Toast {
  readonly id: number;
  readonly tone: "done" | "failed" | "waiting" | "running";
  readonly text: string;
}

let toasts: readonly Toast[] = [];
let lastId = 0;
const listeners = new Set<() => void>();

function setToasts(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

/** Says what has happened, at the edge of the page; screen readers say it too. */
export function toast(text: string, tone: Toast["tone"] = "done"): void {
  lastId += 1;
  setToasts([...toasts, { id: lastId, tone, text }].slice(-4));
}

const dismiss = (id: number) => setToasts(toasts.filter((one) => one.id !== id));

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const icons: Readonly<Record<Toast["tone"], IconName>> = {
  done: "check",
  failed: "cross",
  waiting: "warn",
  running: "info",
};

export function Toasts(): ReactNode {
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <section className="toasts" aria-label="Messages" aria-live="polite">
      {shown.map((one) => (
        <OneToast key={one.id} toast={one} />
      ))}
    </section>
  );
}

function OneToast({ toast: { id, tone, text } }: { toast: Toast }): ReactNode {
  useEffect(() => {
    // What went wrong stays until it was read.
    if (tone === "failed" || tone === "waiting") return;
    const timer = setTimeout(() => dismiss(id), 6000);
    return () => clearTimeout(timer);
  }, [id, tone]);
  return (
    <div className="toast" data-tone={tone}>
      <Icon name={icons[tone]} />
      <p>{text}</p>
      <button
        type="button"
        className="button"
        data-look="quiet"
        data-size="small"
        data-icon
        aria-label="Dismiss"
        onClick={() => dismiss(id)}
      >
        <Icon name="cross" size={15} />
      </button>
    </div>
  );
}
