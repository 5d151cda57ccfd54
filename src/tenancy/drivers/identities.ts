import type { Clock, Millis } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { EventEntry } from "../../platform/event.ts";
import { formatApiKey } from "../api-key.ts";
import type { Identity, IssuedKey } from "../model.ts";
import type { RoleBinding } from "../permit.ts";
import type { TenancyStore } from "../store.ts";
import { hashSecret, newSecret } from "./key-secret.ts";

/** What a new key is for. */
export interface KeyOrder {
  readonly identity: string;
  readonly project: string | null;
  readonly expiresInMs: Millis | null;
}

/** Adds identities and issues keys; every change is an event. */
export class Identities {
  readonly #store: TenancyStore;
  readonly #clock: Clock;
  readonly #newId: () => string;

  constructor(store: TenancyStore, clock: Clock, newId: () => string) {
    this.#store = store;
    this.#clock = clock;
    this.#newId = newId;
  }

  async list(): Promise<readonly Identity[]> {
    return await this.#store.identities();
  }

  async put(
    actor: string,
    identity: { readonly name: string; readonly kind: Identity["kind"] },
    binding: RoleBinding | null,
  ): Promise<void> {
    const role = binding === null ? "" : ` as ${binding.role} of ${binding.team}`;
    await this.#store.putIdentity(
      identity,
      binding,
      this.#event(actor, "identity-added", "Identity", identity.name, `${identity.name} was added${role}`, {
        kind: identity.kind,
        binding,
      }),
    );
  }

  /** @throws {Fault} `platform.not-found` when there is no such identity. */
  async issueKey(actor: string, order: KeyOrder): Promise<IssuedKey> {
    if (!(await this.#store.hasIdentity(order.identity))) {
      throw new Fault(
        "platform.not-found",
        `there is no identity ${order.identity}; add it with: millwright identity create ${order.identity}`,
      );
    }
    const id = this.#newId();
    const secret = newSecret();
    const expiresAt = order.expiresInMs === null ? null : this.#clock.now() + order.expiresInMs;
    await this.#store.addKey(
      {
        id,
        identity: order.identity,
        secretHash: hashSecret(secret),
        project: order.project,
        expiresAt,
        revokedAt: null,
      },
      this.#event(actor, "key-issued", "ApiKey", id, `a key of ${order.identity} was issued`, {
        identity: order.identity,
        project: order.project,
        expiresAt,
      }),
    );
    return { id, key: formatApiKey({ id, secret }), expiresAt };
  }

  /** Answers whether there was such a key to revoke. */
  async revokeKey(actor: string, id: string): Promise<boolean> {
    return await this.#store.revokeKey(
      id,
      this.#event(actor, "key-revoked", "ApiKey", id, `key ${id} was revoked`, {}),
    );
  }

  /** Revokes every key of an identity that still works. */
  async revokeKeysOf(actor: string, identity: string): Promise<void> {
    for (const id of await this.#store.workingKeys(identity)) await this.revokeKey(actor, id);
  }

  #event(
    actor: string,
    verb: string,
    kind: string,
    name: string,
    message: string,
    data: Record<string, unknown>,
  ): EventEntry {
    return { at: this.#clock.now(), actor, verb, subject: { kind, project: null, name }, message, data };
  }
}
