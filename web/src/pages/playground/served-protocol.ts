import type { ResourceSummary } from "../../api/resources.ts";

/** What a deployment speaks, by its address; null while it does not serve. */
export function servedProtocol(deployment: Pick<ResourceSummary, "status">): "openai" | "v2" | null {
  const url = deployment.status.textOr("url", null);
  if (url === null) return null;
  return url.endsWith("/v1") ? "openai" : "v2";
}
