import { useSyncExternalStore } from "react";

/** What the reader chose; `system` follows the device. */
export type ThemeChoice = "system" | "light" | "dark";

const storageName = "millwright.theme";
const listeners = new Set<() => void>();
const device = globalThis.matchMedia?.("(prefers-color-scheme: dark)");

function chosen(): ThemeChoice {
  const stored = globalThis.localStorage?.getItem(storageName);
  return stored === "light" || stored === "dark" ? stored : "system";
}

function shown(): "light" | "dark" {
  const choice = chosen();
  return choice === "system" ? (device?.matches === true ? "dark" : "light") : choice;
}

/** Puts the theme on the page and keeps following the device. Call once, before the first paint. */
export function startTheme(): void {
  const put = (): void => {
    document.documentElement.dataset["theme"] = shown();
    for (const listener of listeners) listener();
  };
  put();
  device?.addEventListener("change", put);
}

/** Keeps the reader's choice and shows it. */
export function chooseTheme(choice: ThemeChoice): void {
  if (choice === "system") globalThis.localStorage.removeItem(storageName);
  else globalThis.localStorage.setItem(storageName, choice);
  document.documentElement.dataset["theme"] = shown();
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The theme that the page shows now; charts draw themselves again when it changes. */
export function useShownTheme(): "light" | "dark" {
  return useSyncExternalStore(subscribe, shown);
}

/** What the reader chose. */
export function useThemeChoice(): ThemeChoice {
  return useSyncExternalStore(subscribe, chosen);
}

/** The value of a CSS variable as the page shows it now, for drawings on a canvas. */
export function themeColour(variable: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(variable).trim();
}
