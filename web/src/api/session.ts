const storageName = "millwright.key";

/** Whether the UI holds a key; a reason says why a key that it held was let go. */
export type Session =
  | { readonly kind: "signed-in"; readonly key: string }
  | { readonly kind: "signed-out"; readonly reason: string | null };

/** The key in an address's fragment, as `millwright up` prints it (`#key=…`), or null. */
export function keyInFragment(fragment: string): string | null {
  const key = new URLSearchParams(fragment.replace(/^#/, "")).get("key");
  return key === null || key.trim() === "" ? null : key.trim();
}

function firstSession(): Session {
  const fromAddress = keyInFragment(globalThis.location?.hash ?? "");
  if (fromAddress !== null) {
    globalThis.localStorage.setItem(storageName, fromAddress);
    globalThis.history.replaceState(null, "", globalThis.location.pathname + globalThis.location.search);
    return { kind: "signed-in", key: fromAddress };
  }
  const stored = globalThis.localStorage?.getItem(storageName) ?? null;
  return stored === null ? { kind: "signed-out", reason: null } : { kind: "signed-in", key: stored };
}

let session: Session | null = null;
const listeners = new Set<() => void>();

function change(next: Session): void {
  session = next;
  for (const listener of listeners) listener();
}

/** The session now; the first call takes a key from the address or from the browser's storage. */
export function currentSession(): Session {
  session ??= firstSession();
  return session;
}

/** Calls `listener` on every change until the returned function is called. */
export function subscribeToSession(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Keeps the key in this browser and shows the pages. */
export function signIn(key: string): void {
  globalThis.localStorage.setItem(storageName, key);
  change({ kind: "signed-in", key });
}

/** Forgets the key and shows the key form, with the reason; of several refusals the first one is told. */
export function signOut(reason: string | null): void {
  if (currentSession().kind === "signed-out") return;
  globalThis.localStorage.removeItem(storageName);
  change({ kind: "signed-out", reason });
}
