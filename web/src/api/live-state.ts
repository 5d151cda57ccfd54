import { useSyncExternalStore } from "react";
import type { LiveState } from "./live-stream.ts";

let state: LiveState = { kind: "connecting" };
const listeners = new Set<() => void>();

/** Tells every indicator how the connection stands. */
export function setLiveState(next: LiveState): void {
  state = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** How the connection stands. */
export function useLiveState(): LiveState {
  return useSyncExternalStore(subscribe, () => state);
}
