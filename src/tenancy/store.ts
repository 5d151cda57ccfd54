import type { Kysely } from "kysely";
import { appendEvents } from "../platform/event-log.ts";
import type { EventEntry } from "../platform/event.ts";
import type { Identity, Role } from "./model.ts";
import type { RoleBinding } from "./permit.ts";

interface TenancyTables {
  identity: { name: string; kind: "person" | "service" | "task"; created_at: number };
  role_binding: { identity: string; team: string; role: Role };
  api_key: {
    id: string;
    identity: string;
    secret_hash: Buffer;
    project: string | null;
    created_at: number;
    expires_at: number | null;
    revoked_at: number | null;
  };
  resource: { kind: string; project: string; name: string; spec: { team?: string } };
}

/** A stored key: the hash of its secret, never the secret. */
export interface StoredKey {
  readonly id: string;
  readonly identity: string;
  readonly secretHash: Buffer;
  readonly project: string | null;
  readonly expiresAt: number | null;
  readonly revokedAt: number | null;
}

/** Identities, their roles and keys. */
export class TenancyStore {
  readonly #database: Kysely<TenancyTables>;

  constructor(database: Kysely<TenancyTables>) {
    this.#database = database;
  }

  /** Adds an identity and a role, or moves the role of a known one. */
  async putIdentity(
    identity: { name: string; kind: Identity["kind"] },
    binding: RoleBinding | null,
    event: EventEntry,
  ): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await transaction
        .insertInto("identity")
        .values({ name: identity.name, kind: identity.kind, created_at: event.at })
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute();
      if (binding !== null) {
        await transaction
          .insertInto("role_binding")
          .values({ identity: identity.name, team: binding.team, role: binding.role })
          .onConflict((conflict) => conflict.columns(["identity", "team"]).doUpdateSet({ role: binding.role }))
          .execute();
      }
      await appendEvents(transaction, [event]);
    });
  }

  async identities(): Promise<readonly Identity[]> {
    const rows = await this.#database
      .selectFrom("identity")
      .selectAll()
      .where("kind", "!=", "task")
      .orderBy("name")
      .limit(1000)
      .execute();
    const bindings = await this.#database.selectFrom("role_binding").selectAll().execute();
    return rows.map((row) => ({
      name: row.name,
      kind: row.kind,
      bindings: bindings.filter((binding) => binding.identity === row.name).map(({ team, role }) => ({ team, role })),
    }));
  }

  async hasIdentity(name: string): Promise<boolean> {
    const row = await this.#database.selectFrom("identity").select("name").where("name", "=", name).executeTakeFirst();
    return row !== undefined;
  }

  async bindings(identity: string): Promise<readonly RoleBinding[]> {
    return await this.#database
      .selectFrom("role_binding")
      .select(["team", "role"])
      .where("identity", "=", identity)
      .execute();
  }

  async addKey(key: StoredKey, event: EventEntry): Promise<void> {
    await this.#database.transaction().execute(async (transaction) => {
      await transaction
        .insertInto("api_key")
        .values({
          id: key.id,
          identity: key.identity,
          secret_hash: key.secretHash,
          project: key.project,
          created_at: event.at,
          expires_at: key.expiresAt,
          revoked_at: null,
        })
        .execute();
      await appendEvents(transaction, [event]);
    });
  }

  async key(id: string): Promise<StoredKey | undefined> {
    const row = await this.#database.selectFrom("api_key").selectAll().where("id", "=", id).executeTakeFirst();
    if (row === undefined) return undefined;
    return {
      id: row.id,
      identity: row.identity,
      secretHash: row.secret_hash,
      project: row.project,
      expiresAt: row.expires_at,
      revokedAt: row.revoked_at,
    };
  }

  /** Ids of an identity's keys that were not revoked. */
  async workingKeys(identity: string): Promise<readonly string[]> {
    const rows = await this.#database
      .selectFrom("api_key")
      .select("id")
      .where("identity", "=", identity)
      .where("revoked_at", "is", null)
      .execute();
    return rows.map((row) => row.id);
  }

  /** Ends a key. Answers whether there was one to end. */
  async revokeKey(id: string, event: EventEntry): Promise<boolean> {
    return await this.#database.transaction().execute(async (transaction) => {
      const changed = await transaction
        .updateTable("api_key")
        .set({ revoked_at: event.at })
        .where("id", "=", id)
        .where("revoked_at", "is", null)
        .returning("id")
        .execute();
      if (changed.length > 0) await appendEvents(transaction, [event]);
      return changed.length > 0;
    });
  }

  /** The team that owns a project, or null when there is no such project. */
  async teamOf(project: string): Promise<string | null> {
    const row = await this.#database
      .selectFrom("resource")
      .select("spec")
      .where("kind", "=", "Project")
      .where("project", "=", "")
      .where("name", "=", project)
      .executeTakeFirst();
    return row?.spec.team ?? null;
  }

  /** The projects of these teams. */
  async projectsOf(teams: readonly string[]): Promise<readonly string[]> {
    const rows = await this.#database
      .selectFrom("resource")
      .select(["name", "spec"])
      .where("kind", "=", "Project")
      .execute();
    return rows.filter((row) => row.spec.team !== undefined && teams.includes(row.spec.team)).map((row) => row.name);
  }
}
