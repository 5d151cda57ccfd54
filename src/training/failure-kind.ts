import type { Fault } from "../base/fault.ts";

/**
 * What a fault means for a job that met it: `waits` (and says for what) until somebody mends what is missing or
 * full, tries `again` because it may pass by itself, or `fails` because only a changed job can mend it.
 */
export function consequenceOf({ code, kind }: Pick<Fault, "code" | "kind">): "waits" | "again" | "fails" {
  if (code === "platform.disk-full") return "waits";
  switch (kind) {
    case "missing":
      return "waits";
    case "unavailable":
    case "conflict":
    case "too-many":
      return "again";
    case "invalid":
    case "unauthenticated":
    case "forbidden":
    case "refused":
    case "too-large":
    case "failed":
    case "timeout":
      return "fails";
  }
}
