import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Action } from "../platform/ports.ts";
import { everyTeam, roles } from "./model.ts";
import { isPermitted } from "./permit.ts";

const actions: readonly Action[] = ["read", "write", "approve", "administer"];

describe("permits", () => {
  test.each([
    { role: "viewer", allowed: ["read"] },
    { role: "member", allowed: ["read", "write"] },
    { role: "approver", allowed: ["read", "write", "approve"] },
    { role: "admin", allowed: ["read", "write", "approve", "administer"] },
  ] as const)("a $role of the team may $allowed", ({ role, allowed }) => {
    const may = actions.filter((action) =>
      isPermitted({ bindings: [{ team: "vision", role }], boundTo: null, action, project: "cats", team: "vision" }),
    );
    expect(may).toEqual(allowed);
  });

  test("nobody may do anything without a binding", () => {
    for (const action of actions) {
      expect(isPermitted({ bindings: [], boundTo: null, action, project: "cats", team: "vision" })).toBe(false);
    }
  });

  test("a role in one team gives nothing in another team, nor on the platform", () => {
    fc.assert(
      fc.property(fc.constantFrom(...roles), fc.constantFrom(...actions), (role, action) => {
        const bindings = [{ team: "vision", role }];
        expect(isPermitted({ bindings, boundTo: null, action, project: "words", team: "language" })).toBe(false);
        expect(isPermitted({ bindings, boundTo: null, action, project: null, team: null })).toBe(false);
      }),
    );
  });

  test("a bound key acts only in its project and never approves, even for an admin", () => {
    const bindings = [{ team: everyTeam, role: "admin" as const }];
    const ask = (action: Action, project: string | null) =>
      isPermitted({ bindings, boundTo: "cats", action, project, team: "vision" });
    expect(ask("write", "cats")).toBe(true);
    expect(ask("approve", "cats")).toBe(false);
    expect(ask("read", "dogs")).toBe(false);
    expect(ask("read", null)).toBe(false);
  });
});
