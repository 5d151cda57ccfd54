import type { Millis } from "../../base/clock.ts";
import type { Identities } from "./identities.ts";

/** Keys for running tasks: short-lived, bound to one project, with a member's rights there. */
export interface TaskKeys {
  /** Issues a key for a task; answers with the key itself, which is shown only here. */
  issue(project: string, identity: string, ttlMs: Millis): Promise<string>;
  /** Ends every key of the task. */
  revoke(identity: string): Promise<void>;
}

/** Who issues keys to tasks, in the log. */
const actor = "controller:training";

/** Issues task keys as identities of kind `task`, which appear in the log like everyone else. */
export function taskKeys(identities: Identities): TaskKeys {
  return {
    async issue(project, identity, ttlMs) {
      await identities.put(actor, { name: identity, kind: "task" }, null);
      const issued = await identities.issueKey(actor, { identity, project, expiresInMs: ttlMs });
      return issued.key;
    },
    async revoke(identity) {
      await identities.revokeKeysOf(actor, identity);
    },
  };
}
