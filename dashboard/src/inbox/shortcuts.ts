import { useEffect, useRef } from "react";

const offKey = "tandem-shortcuts-off";

export function areShortcutsOn(): boolean {
  try {
    return localStorage.getItem(offKey) === null;
  } catch {
    return true;
  }
}

/** Whoever speaks to the computer, or types by accident, can turn single keys off. */
export function setShortcutsOn(isOn: boolean): void {
  try {
    if (isOn) localStorage.removeItem(offKey);
    else localStorage.setItem(offKey, "1");
  } catch {
    // It stays as it is.
  }
}

export type Shortcuts = Readonly<Record<string, () => void>>;

/** Single keys that count wherever nobody types and no dialog is open. */
export function useShortcuts(shortcuts: Shortcuts): void {
  const latest = useRef(shortcuts);
  latest.current = shortcuts;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (!areShortcutsOn() && event.key !== "?") return;
      const { target } = event;
      if (target instanceof Element) {
        if (target.closest("textarea, select, [contenteditable], dialog, .graph-frame")) return;
        if (target instanceof HTMLInputElement && !isBox(target)) return;
      }
      if (document.querySelector("dialog[open]") !== null) return;
      const action = latest.current[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
}

const isBox = ({ type }: HTMLInputElement) => type === "radio" || type === "checkbox";
