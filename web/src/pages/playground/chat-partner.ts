import type { ResourceSummary } from "../../api/resources.ts";
import { versionLabel } from "../../words/version-label.ts";
import { servedProtocol } from "./served-protocol.ts";

/** What stands between a deployment and one of its versions, as in the model names of the API. */
const separator = "@";

/** Somebody who may be asked. */
export interface PartnerChoice {
  /** `NAME` or `NAME@VERSION`. */
  readonly value: string;
  readonly label: string;
}

/** The versions of a deployment that may be asked by name, with their shares of the traffic. */
export function versionChoices({ name, status }: Pick<ResourceSummary, "name" | "status">): readonly PartnerChoice[] {
  const shares = status.list("traffic", (each) => ({
    version: each.textOr("version", ""),
    arm: each.textOr("arm", "champion"),
    percent: each.numberOr("percent", 0),
  }));
  // A baseline is the champion's version once more.
  return shares
    .filter(({ version, arm }) => version !== "" && arm !== "baseline")
    .map(({ version, arm, percent }) => ({
      value: `${name}${separator}${version}`,
      label: `${versionLabel(version)} (${arm}, ${percent}%)`,
    }));
}

/** The deployments of the API of chats, but for one. */
export function otherChats(all: readonly ResourceSummary[], name: string): readonly PartnerChoice[] {
  return all
    .filter((each) => each.name !== name && servedProtocol(each) === "openai")
    .map((each) => ({ value: each.name, label: each.name }));
}

/** Takes `NAME` or `NAME@VERSION` apart. */
export function partnerOf(value: string): { readonly name: string; readonly version: string | null } {
  const at = value.indexOf(separator);
  return at < 0 ? { name: value, version: null } : { name: value.slice(0, at), version: value.slice(at + 1) };
}

/** A partner's name as pages write it. */
export function partnerTitle({ name, version }: ReturnType<typeof partnerOf>): string {
  return version === null ? name : `${name} ${versionLabel(version)}`;
}
