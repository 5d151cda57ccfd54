import type { IconName } from "./icons.tsx";

/** A page of the left navigation; `letter` opens it after the key g. */
export interface Place {
  readonly path: "/" | "/queue" | "/runs" | "/data" | "/models" | "/deployments" | "/drift" | "/planning" | "/events";
  readonly label: string;
  readonly icon: IconName;
  readonly letter: string;
}

/** The pages, in the order of the chain from data to watching. */
export const places: readonly Place[] = [
  { path: "/", label: "Overview", icon: "overview", letter: "o" },
  { path: "/queue", label: "Queue", icon: "queue", letter: "q" },
  { path: "/runs", label: "Runs", icon: "runs", letter: "r" },
  { path: "/data", label: "Data and features", icon: "data", letter: "d" },
  { path: "/models", label: "Models", icon: "models", letter: "m" },
  { path: "/deployments", label: "Deployments", icon: "deployments", letter: "s" },
  { path: "/drift", label: "Drift", icon: "drift", letter: "w" },
  { path: "/planning", label: "Planning", icon: "planning", letter: "p" },
  { path: "/events", label: "Events", icon: "events", letter: "e" },
];
