import type { Action } from "../platform/ports.ts";
import { everyTeam, type Role } from "./model.ts";

/** A role that an identity holds in a team, or everywhere. */
export interface RoleBinding {
  readonly team: string;
  readonly role: Role;
}

const rankOfRole: Readonly<Record<Role, number>> = { viewer: 0, member: 1, approver: 2, admin: 3 };
const rankOfAction: Readonly<Record<Action, number>> = { read: 0, write: 1, approve: 2, administer: 3 };

/** What a key bound to one project may do there. */
const boundKeyRole: Role = "member";

/** The question: may this caller do this, in a project of this team (null: on the whole platform)? */
export interface PermitQuestion {
  readonly bindings: readonly RoleBinding[];
  /** The project that the key is bound to, if any. */
  readonly boundTo: string | null;
  readonly action: Action;
  readonly project: string | null;
  /** The team that owns the project; null when there is no such project. */
  readonly team: string | null;
}

/**
 * Decides by role; everything that no binding allows is denied. A bound key acts in its own project only, as a
 * member, whatever its identity may do elsewhere. An unknown project is a matter for platform-wide roles alone.
 */
export function isPermitted(question: PermitQuestion): boolean {
  const asked = rankOfAction[question.action];
  if (question.boundTo !== null) return question.project === question.boundTo && rankOfRole[boundKeyRole] >= asked;
  return question.bindings.some(
    (binding) =>
      rankOfRole[binding.role] >= asked &&
      (binding.team === everyTeam ||
        (question.project !== null && question.team !== null && binding.team === question.team)),
  );
}
