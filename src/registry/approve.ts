import { Fault } from "../base/fault.ts";
import { type Approval, candidateAlias, championAlias } from "./model.ts";
import type { ModelVersion } from "./ports.ts";

/** What is known when somebody gives their word on a version. */
export interface ApprovalCase {
  readonly version: ModelVersion;
  readonly approvals: readonly Approval[];
  readonly approvalsRequired: number;
  readonly hasChampion: boolean;
}

/** Somebody's word. `reason` is needed to override the gate. */
export interface ApprovalWord {
  readonly identity: string;
  readonly override: boolean;
  readonly reason: string | null;
}

export type ApprovalDecision =
  | { readonly kind: "unchanged" }
  | { readonly kind: "counted"; readonly approvalsMissing: number }
  | { readonly kind: "approved"; readonly alias: string; readonly isOverride: boolean };

/**
 * Decides what an approval does: counts it, or lets the version serve.
 *
 * Whoever registered the version or started its training may not approve it, not even by overriding: the rule asks
 * for a second pair of eyes on the model, and an override only sets the gate aside. The same person's second word
 * changes nothing.
 *
 * @throws {Fault} `tenancy.self-approval`, `registry.not-passed`, `registry.reason-missing`,
 *   `registry.already-decided` when the version was retired.
 */
export function decideApproval(given: ApprovalCase, word: ApprovalWord): ApprovalDecision {
  const { version } = given;
  if (version.state === "approved") return { kind: "unchanged" };
  if (version.state === "retired") throw alreadyDecided(version, "approve");
  refuseSelf(version, word.identity);
  const isOverride = version.state !== "passed";
  if (isOverride) requireOverride(version, word);
  const others = given.approvals.filter(
    (approval) => approval.decision !== "rejected" && approval.identity !== word.identity,
  );
  const approvalsMissing = given.approvalsRequired - others.length - 1;
  if (approvalsMissing > 0) {
    const isRepeated = given.approvals.some(
      (approval) => approval.identity === word.identity && approval.decision !== "rejected",
    );
    return isRepeated ? { kind: "unchanged" } : { kind: "counted", approvalsMissing };
  }
  return { kind: "approved", alias: given.hasChampion ? candidateAlias : championAlias, isOverride };
}

/** Decides whether a person may reject the version. @throws {Fault} `registry.already-decided`. */
export function decideRejection(version: ModelVersion): "unchanged" | "rejected" {
  if (version.state === "rejected") return "unchanged";
  if (version.state === "candidate" || version.state === "passed") return "rejected";
  throw alreadyDecided(version, "reject");
}

/** Decides whether a version may be retired. @throws {Fault} `registry.in-use` while an alias points to it. */
export function decideRetirement(version: ModelVersion): "unchanged" | "retired" {
  if (version.state === "retired") return "unchanged";
  if (version.aliases.length === 0) return "retired";
  throw new Fault(
    "registry.in-use",
    `${describeVersion(version)} cannot be retired while it is ${version.aliases.join(" and ")}; let another version take its place first`,
    { details: { id: version.id, aliases: version.aliases } },
  );
}

/** Names a version for people: `flight-delay version 3`, or by its id while it has no number. */
export function describeVersion(version: Pick<ModelVersion, "id" | "model" | "version">): string {
  return version.version === null
    ? `candidate ${version.id} of ${version.model}`
    : `${version.model} version ${version.version}`;
}

function refuseSelf(version: ModelVersion, identity: string): void {
  const makers = [version.registeredBy, version.lineage.startedBy].map((maker) => maker.replace(/^user:/, ""));
  if (!makers.includes(identity)) return;
  const part = makers[1] === identity ? "started the training of" : "registered";
  throw new Fault(
    "tenancy.self-approval",
    `${identity} ${part} ${describeVersion(version)} and may not approve it as ${identity}; ask another person with the role approver`,
    {
      details: {
        id: version.id,
        approver: identity,
        registeredBy: version.registeredBy,
        startedBy: version.lineage.startedBy,
      },
    },
  );
}

function requireOverride(version: ModelVersion, word: ApprovalWord): void {
  const found = version.state === "rejected" ? "was rejected" : "has not been evaluated yet";
  if (!word.override) {
    throw new Fault(
      "registry.not-passed",
      `${describeVersion(version)} ${found}; only a version that passed its evaluation is approved. Read its report, or approve with override and a reason`,
      { details: { id: version.id, state: version.state } },
    );
  }
  if (word.reason === null || word.reason.trim() === "") {
    throw new Fault(
      "registry.reason-missing",
      `${describeVersion(version)} ${found}; an override wants a reason, which goes into the audit log`,
      { details: { id: version.id, state: version.state } },
    );
  }
}

function alreadyDecided(version: ModelVersion, wanted: string): Fault {
  return new Fault(
    "registry.already-decided",
    `cannot ${wanted} ${describeVersion(version)}: it is ${version.state}; ` +
      (version.state === "approved" ? "retire it instead" : "register the file again as a new candidate"),
    { details: { id: version.id, state: version.state } },
  );
}
