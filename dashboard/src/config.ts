/** What the server wrote into the page: where the API is, and how the application looks. */
export interface DashboardConfig {
  readonly apiUrl: string;
  readonly title: string;
  /** The address of an image. */
  readonly logoUrl: string | undefined;
  /** Where to sign in; it is given the address to come back to as `?returnTo=`. */
  readonly signInUrl: string | undefined;
  /** Custom properties of `tokens.css` by name, such as `accent`. */
  readonly theme: Readonly<Record<string, string>>;
}

export function readConfig(): DashboardConfig {
  const text = document.querySelector<HTMLMetaElement>('meta[name="tandem-config"]')?.content;
  const given = parse(text ?? "{}");
  const textOr = (name: string) => (typeof given[name] === "string" ? given[name] : undefined);
  const theme = typeof given.theme === "object" && given.theme !== null ? given.theme : {};
  return {
    apiUrl: new URL(textOr("apiUrl") ?? "..", location.href.split("#")[0]).href.replace(/\/$/, ""),
    title: textOr("title") ?? "Tandem",
    logoUrl: textOr("logoUrl"),
    signInUrl: textOr("signInUrl"),
    theme: theme as Record<string, string>,
  };
}

function parse(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}

/** Set before the first picture: no page is drawn in the wrong colours. */
export function applyTheme(theme: DashboardConfig["theme"]): void {
  const { style } = document.documentElement;
  for (const [name, value] of Object.entries(theme)) {
    if (/^[a-z][a-z0-9-]*$/.test(name)) style.setProperty(`--${name}`, value);
  }
}

export type ColorMode = "system" | "light" | "dark";
const modeKey = "tandem-color-mode";

export function readColorMode(): ColorMode {
  try {
    const kept = localStorage.getItem(modeKey);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}

export function applyColorMode(mode: ColorMode): void {
  if (mode === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = mode;
  try {
    if (mode === "system") localStorage.removeItem(modeKey);
    else localStorage.setItem(modeKey, mode);
  } catch {
    // It counts until the page is closed.
  }
}
