import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isFault } from "../base/fault.ts";
import { type ApprovalCase, type ApprovalWord, decideApproval } from "./approve.ts";
import type { ModelVersion, VersionState } from "./ports.ts";

function version(fields: Partial<ModelVersion> = {}): ModelVersion {
  return {
    id: "v1",
    project: "default",
    model: "flight-delay",
    version: 1,
    state: "passed",
    objectKey: "k",
    sha256: "a".repeat(64),
    inputs: ["distance"],
    lineage: {
      trainingJob: "train",
      runId: "r",
      workload: "w",
      codeHash: "c",
      trainingSet: { id: "s", fingerprint: "f", rows: 10, from: 0, to: 1 },
      datasets: [],
      featureViews: [],
      startedBy: "user:ada",
    },
    registeredBy: "controller:training",
    registeredAt: 0,
    aliases: [],
    metrics: {},
    ...fields,
  };
}

const word = (fields: Partial<ApprovalWord> = {}): ApprovalWord => ({
  identity: "grace",
  override: false,
  reason: null,
  ...fields,
});
const given = (fields: Partial<ApprovalCase> = {}): ApprovalCase => ({
  version: version(),
  approvals: [],
  approvalsRequired: 1,
  hasChampion: false,
  ...fields,
});

describe("an approval", () => {
  test("makes the first approved version the champion and later ones the candidate", () => {
    expect(decideApproval(given(), word())).toEqual({ kind: "approved", alias: "champion", isOverride: false });
    expect(decideApproval(given({ hasChampion: true }), word())).toMatchObject({ alias: "candidate" });
  });

  test("is refused from whoever started the training, naming both", () => {
    expect(() => decideApproval(given(), word({ identity: "ada" }))).toThrow(
      "ada started the training of flight-delay version 1 and may not approve it as ada",
    );
  });

  test("is refused from whoever registered the version, even as an override", () => {
    const own = given({ version: version({ registeredBy: "grace", state: "rejected" }) });

    expect(() => decideApproval(own, word({ override: true, reason: "urgent" }))).toThrow(/may not approve it/);
  });

  test("of a version that did not pass needs an override, and the override a reason", () => {
    const rejected = given({ version: version({ state: "rejected" }) });

    expect(() => decideApproval(rejected, word())).toThrow(/was rejected; only a version that passed/);
    expect(() => decideApproval(rejected, word({ override: true, reason: " " }))).toThrow(/wants a reason/);
    expect(decideApproval(rejected, word({ override: true, reason: "the gate's data was wrong" }))).toEqual({
      kind: "approved",
      alias: "champion",
      isOverride: true,
    });
  });

  test("counts until as many people as the model asks for have given it; the same person counts once", () => {
    const two = given({ approvalsRequired: 2 });
    const afterGrace = [{ identity: "grace", decision: "approved", comment: "", at: 0 } as const];

    expect(decideApproval(two, word())).toEqual({ kind: "counted", approvalsMissing: 1 });
    expect(decideApproval({ ...two, approvals: afterGrace }, word())).toEqual({ kind: "unchanged" });
    expect(decideApproval({ ...two, approvals: afterGrace }, word({ identity: "lin" }))).toMatchObject({
      kind: "approved",
    });
  });

  test("never comes from a maker, and never without passing or a reason, whatever the case", () => {
    const identities = fc.constantFrom("ada", "grace", "lin");
    const states = fc.constantFrom<VersionState>("candidate", "rejected", "passed", "retired");
    fc.assert(
      fc.property(
        fc.record({ identity: identities, startedBy: identities, registeredBy: identities, state: states }),
        fc.record({ override: fc.boolean(), reason: fc.option(fc.constantFrom("", " ", "because")) }),
        fc.integer({ min: 1, max: 3 }),
        (who, how, approvalsRequired) => {
          const lineage = { ...version().lineage, startedBy: `user:${who.startedBy}` };
          const one = version({ state: who.state, registeredBy: who.registeredBy, lineage });
          try {
            decideApproval(given({ version: one, approvalsRequired }), { identity: who.identity, ...how });
          } catch (error) {
            expect(isFault(error)).toBe(true);
            return;
          }
          expect([who.startedBy, who.registeredBy]).not.toContain(who.identity);
          expect(who.state === "passed" || (how.override && how.reason?.trim() === "because")).toBe(true);
        },
      ),
    );
  });
});
