import type { ReactNode } from "react";
import { useLiveState } from "../api/live-state.ts";
import { useIdentity } from "../api/platform.ts";
import { useProjects } from "../api/resources.ts";
import { signOut } from "../api/session.ts";
import { chooseTheme, type ThemeChoice, useThemeChoice } from "../design/theme.ts";
import { useUrlState } from "../design/use-url-state.ts";
import { Icon } from "./icons.tsx";

const liveWords = { connecting: "connecting", live: "live", reconnecting: "reconnecting" } as const;

function LiveIndicator(): ReactNode {
  const state = useLiveState();
  const title =
    state.kind === "live"
      ? "Changes appear here as they happen"
      : "The connection to the server is being opened again; what you see may be old";
  return (
    <span className={`live ${state.kind}`} title={title} role="status">
      <span className="dot" />
      {liveWords[state.kind]}
      {state.kind === "reconnecting" ? ` (attempt ${state.attempt})` : ""}
    </span>
  );
}

function ProjectChoice(): ReactNode {
  const projects = useProjects();
  const { state, change } = useUrlState();
  const names = (projects.data ?? []).map((project) => project.name);
  if (names.length < 2 && state["project"] === undefined) return null;
  return (
    <select
      className="field"
      aria-label="Project"
      value={state["project"] ?? ""}
      onChange={(event) => change({ project: event.target.value })}
    >
      <option value="">All projects</option>
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
        </option>
      ))}
    </select>
  );
}

const nextTheme: Readonly<Record<ThemeChoice, ThemeChoice>> = { system: "light", light: "dark", dark: "system" };
const themeMarks: Readonly<Record<ThemeChoice, string>> = { system: "◐", light: "☀", dark: "☾" };

function ThemeButton(): ReactNode {
  const choice = useThemeChoice();
  return (
    <button
      type="button"
      className="button quiet"
      title={`Theme: ${choice}; press for ${nextTheme[choice]}`}
      aria-label={`Theme: ${choice}`}
      onClick={() => chooseTheme(nextTheme[choice])}
    >
      {themeMarks[choice]}
    </button>
  );
}

/** The bar above every page: search, project, connection, theme, who is signed in. */
export function Topbar({ onPalette }: { readonly onPalette: () => void }): ReactNode {
  const identity = useIdentity();
  return (
    <div className="topbar">
      <button type="button" className="button palette-opener" onClick={onPalette}>
        <span className="row">
          <Icon name="search" /> Go to…
        </span>
        <kbd>Ctrl K</kbd>
      </button>
      <ProjectChoice />
      <div className="right">
        <LiveIndicator />
        <ThemeButton />
        <span className="muted" title="The identity of your key">
          {identity.data?.identity ?? ""}
        </span>
        <button type="button" className="button quiet" onClick={() => signOut(null)}>
          Sign out
        </button>
      </div>
    </div>
  );
}
