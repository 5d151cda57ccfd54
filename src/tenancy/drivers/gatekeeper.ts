import type { Clock, Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Action, Caller, Gatekeeper } from "../../platform/ports.ts";
import { parseApiKey } from "../api-key.ts";
import { everyTeam } from "../model.ts";
import { isPermitted, type RoleBinding } from "../permit.ts";
import type { TenancyStore } from "../store.ts";
import { isSecret } from "./key-secret.ts";

/** How long a verdict on a key (and its roles) is remembered: a revoked key works at most this much longer. */
const verdictMs: Millis = 2_000;
const verdictsMax = 2_000;

interface Verdict {
  readonly caller: Caller;
  readonly bindings: readonly RoleBinding[];
  readonly expiresAt: number | null;
  readonly until: number;
}

/** Decides by the stored keys and roles; remembers a verdict for 2 s, at most 2,000 of them. */
export function storedGatekeeper(store: TenancyStore, clock: Clock): Gatekeeper {
  const verdicts = new Map<string, Verdict>();
  const bindingsOf = new WeakMap<Caller, readonly RoleBinding[]>();

  const judge = async (token: string): Promise<Verdict> => {
    const parsed = parseApiKey(token);
    const stored = parsed === undefined ? undefined : await store.key(parsed.id);
    if (
      parsed === undefined ||
      stored === undefined ||
      !isSecret(parsed.secret, stored.secretHash) ||
      stored.revokedAt !== null
    ) {
      throw new Fault(
        "tenancy.key-invalid",
        "the API key is unknown or was revoked; check it, or ask an admin for a new one",
      );
    }
    const bindings = await store.bindings(stored.identity);
    const caller = Object.freeze({ identity: stored.identity, project: stored.project, key: stored.id });
    return { caller, bindings, expiresAt: stored.expiresAt, until: clock.now() + verdictMs };
  };

  const remember = (token: string, verdict: Verdict): void => {
    if (verdicts.size >= verdictsMax) verdicts.delete(verdicts.keys().next().value ?? "");
    verdicts.set(token, verdict);
    bindingsOf.set(verdict.caller, verdict.bindings);
  };

  return {
    async authenticate(token) {
      if (token === undefined || token === "") {
        throw new Fault(
          "tenancy.key-missing",
          "an API key is wanted; send it as `Authorization: Bearer mw_…` (the first start wrote one to admin.key)",
        );
      }
      const known = verdicts.get(token);
      const verdict = known !== undefined && known.until > clock.now() ? known : await judge(token);
      if (verdict !== known) remember(token, verdict);
      if (verdict.expiresAt !== null && verdict.expiresAt <= clock.now()) {
        throw new Fault(
          "tenancy.key-expired",
          "the API key has expired; ask an admin for a new one (millwright key create)",
          {
            details: { expiredAt: verdict.expiresAt },
          },
        );
      }
      return verdict.caller;
    },

    async authorise(caller, action, project) {
      const bindings = bindingsOf.get(caller) ?? (await store.bindings(caller.identity));
      const team = project === null ? null : await store.teamOf(project);
      if (isPermitted({ bindings, boundTo: caller.project, action, project, team })) return;
      throw forbidden(caller, action, project, team);
    },

    async readableProjects(caller) {
      if (caller.project !== null) return [caller.project];
      const bindings = bindingsOf.get(caller) ?? (await store.bindings(caller.identity));
      if (bindings.some((binding) => binding.team === everyTeam)) return null;
      return await store.projectsOf(bindings.map((binding) => binding.team));
    },
  };
}

function forbidden(caller: Caller, action: Action, project: string | null, team: string | null): Fault {
  const where = project === null ? "on the whole platform" : `in project ${project}`;
  const whom = team === null ? "a platform admin" : `an admin of team ${team}`;
  return new Fault("tenancy.forbidden", `${caller.identity} may not ${action} ${where}; ask ${whom} for the role`, {
    details: { identity: caller.identity, action, project },
  });
}
