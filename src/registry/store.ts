import { type Kysely, sql, type Transaction } from "kysely";
import type { Clock } from "../base/clock.ts";
import { appendEvents } from "../platform/event-log.ts";
import type { EventEntry } from "../platform/event.ts";
import { type ApprovalWord, decideApproval, decideRejection, decideRetirement, describeVersion } from "./approve.ts";
import { judgeEvaluation, requireApproved, requireSameCandidate } from "./judge-evaluation.ts";
import { type Approval, championAlias, type Verdict } from "./model.ts";
import type { ModelRegistry, ModelVersion, VersionState } from "./ports.ts";
import { readAlias, readApprovals, readOne, readVersions, type RegistryTables } from "./version-store.ts";

/** What a change made of a version, and what the log shall say. */
interface Change {
  readonly verb: string;
  readonly message: string;
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * Versions, aliases and approvals. Every change takes the model's lock, decides on what it finds, and commits with
 * its event: two changes of one model never interleave.
 */
export class RegistryStore implements ModelRegistry {
  readonly #database: Kysely<RegistryTables>;
  readonly #clock: Clock;

  constructor(database: Kysely<RegistryTables>, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  async register(candidate: Parameters<ModelRegistry["register"]>[0]): Promise<ModelVersion> {
    return await this.#database.transaction().execute(async (transaction) => {
      const inserted = await transaction
        .insertInto("model_version")
        .values({
          id: candidate.id,
          project: candidate.project,
          model: candidate.model,
          version: null,
          state: "candidate",
          object_key: candidate.objectKey,
          sha256: candidate.sha256,
          inputs: JSON.stringify(candidate.inputs),
          lineage: JSON.stringify(candidate.lineage),
          registered_by: candidate.registeredBy,
          registered_at: this.#clock.now(),
          metrics: "{}",
          verdict: null,
        })
        .onConflict((conflict) => conflict.column("id").doNothing())
        .returning("id")
        .execute();
      const version = await readOne(transaction, candidate.id);
      if (inserted.length === 0) {
        requireSameCandidate(version, candidate);
        return version;
      }
      const change = {
        verb: "registered",
        message: `${describeVersion(version)} was registered and waits for its evaluation`,
        data: { sha256: version.sha256, lineage: version.lineage },
      };
      await appendEvents(transaction, [this.#entry(candidate.registeredBy, version, change)]);
      return version;
    });
  }

  async get(id: string): Promise<ModelVersion | undefined> {
    return (await readVersions(this.#database, { id }))[0];
  }

  async list(project: string, model: string | null): Promise<readonly ModelVersion[]> {
    return await readVersions(this.#database, { project, ...(model === null ? {} : { model }) });
  }

  async byAlias(project: string, model: string, alias: string): Promise<ModelVersion | undefined> {
    const id = await readAlias(this.#database, project, model, alias);
    return id === undefined ? undefined : await this.get(id);
  }

  async verdict(id: string): Promise<Verdict | null> {
    const row = await this.#database
      .selectFrom("model_version")
      .select("verdict")
      .where("id", "=", id)
      .executeTakeFirst();
    return row?.verdict ?? null;
  }

  async approvals(id: string): Promise<readonly Approval[]> {
    return await readApprovals(this.#database, id);
  }

  async recordEvaluation(id: string, verdict: Parameters<ModelRegistry["recordEvaluation"]>[1]): Promise<ModelVersion> {
    return await this.#change(id, async (transaction, version) => {
      const outcome = judgeEvaluation(version, verdict.passed);
      if (outcome === "unchanged") return [];
      const { evaluation, passed, message } = verdict;
      await transaction
        .updateTable("model_version")
        .set({
          state: outcome,
          version: outcome === "passed" ? await nextNumber(transaction, version) : version.version,
          metrics: JSON.stringify(verdict.metrics),
          verdict: JSON.stringify({ evaluation, passed, message, at: this.#clock.now() }),
        })
        .where("id", "=", id)
        .execute();
      const after = await readOne(transaction, id);
      const data = { evaluation, metrics: verdict.metrics };
      const change = { verb: outcome, message: `${describeVersion(after)} ${outcome}: ${message}`, data };
      return [this.#entry(verdict.actor, after, change)];
    });
  }

  /** Takes a person's approval. @throws {Fault} as `decideApproval`. */
  async approve(
    id: string,
    word: ApprovalWord & { readonly comment: string; readonly approvalsRequired: number },
  ): Promise<ModelVersion> {
    return await this.#change(id, async (transaction, version) => {
      const champion = await readAlias(transaction, version.project, version.model, championAlias);
      const decision = decideApproval(
        {
          version,
          approvals: await readApprovals(transaction, id),
          approvalsRequired: word.approvalsRequired,
          hasChampion: champion !== undefined,
        },
        word,
      );
      if (decision.kind === "unchanged") return [];
      const isOverride = version.state !== "passed";
      const comment = isOverride ? (word.reason ?? "") : word.comment;
      await this.#writeWord(transaction, id, word.identity, isOverride ? "overridden" : "approved", comment);
      if (decision.kind === "counted") {
        const message = `${word.identity} approved ${describeVersion(version)}; ${decision.approvalsMissing} more needed`;
        return [this.#entry(word.identity, version, { verb: "approval-counted", message, data: { comment } })];
      }
      const number = version.version ?? (await nextNumber(transaction, version));
      await transaction
        .updateTable("model_version")
        .set({ state: "approved", version: number })
        .where("id", "=", id)
        .execute();
      await this.#pointAlias(transaction, version, decision.alias, word.identity);
      const after = await readOne(transaction, id);
      const how = isOverride ? ` against its gate: ${comment}` : "";
      const approved = {
        verb: "approved",
        message: `${word.identity} approved ${describeVersion(after)}${how}`,
        data: { override: isOverride, comment },
      };
      return [
        this.#entry(word.identity, after, approved),
        this.#entry(word.identity, after, aliasSet(after, decision.alias, "approved")),
      ];
    });
  }

  /** Takes a person's rejection. @throws {Fault} `registry.already-decided`. */
  async reject(id: string, identity: string, reason: string): Promise<ModelVersion> {
    return await this.#change(id, async (transaction, version) => {
      if (decideRejection(version) === "unchanged") return [];
      await this.#writeWord(transaction, id, identity, "rejected", reason);
      const after = await writeState(transaction, id, "rejected");
      const message = `${identity} rejected ${describeVersion(after)}: ${reason}`;
      return [this.#entry(identity, after, { verb: "rejected", message, data: { reason } })];
    });
  }

  /** Ends a version that no alias points to. @throws {Fault} `registry.in-use`. */
  async retire(id: string, identity: string, reason: string): Promise<ModelVersion> {
    return await this.#change(id, async (transaction, version) => {
      if (decideRetirement(version) === "unchanged") return [];
      const after = await writeState(transaction, id, "retired");
      const message = `${identity} retired ${describeVersion(after)}: ${reason}`;
      return [this.#entry(identity, after, { verb: "retired", message, data: { reason } })];
    });
  }

  async setAlias(id: string, alias: string, actor: string, why: string): Promise<void> {
    await this.#change(id, async (transaction, version) => {
      requireApproved(version, alias);
      if (version.aliases.includes(alias)) return [];
      const before = await readAlias(transaction, version.project, version.model, alias);
      await this.#pointAlias(transaction, version, alias, actor);
      const after = await readOne(transaction, id);
      const set = aliasSet(after, alias, why);
      return [this.#entry(actor, after, { ...set, data: { ...set.data, movedFrom: before ?? null } })];
    });
  }

  async removeAlias(project: string, model: string, alias: string, actor: string, why: string): Promise<void> {
    const id = await readAlias(this.#database, project, model, alias);
    if (id === undefined) return;
    await this.#change(id, async (transaction, version) => {
      if (!version.aliases.includes(alias)) return [];
      await transaction
        .deleteFrom("model_alias")
        .where("project", "=", project)
        .where("model", "=", model)
        .where("alias", "=", alias)
        .execute();
      const after = await readOne(transaction, id);
      const message = `the alias ${alias} no longer points to ${describeVersion(after)}: ${why}`;
      return [this.#entry(actor, after, { verb: "alias-removed", message, data: { alias, why } })];
    });
  }

  /** Runs one change under the model's lock and commits it with its events; no events mean no change. */
  async #change(
    id: string,
    apply: (transaction: Transaction<RegistryTables>, version: ModelVersion) => Promise<readonly EventEntry[]>,
  ): Promise<ModelVersion> {
    return await this.#database.transaction().execute(async (transaction) => {
      const { project, model } = await readOne(transaction, id);
      await sql`select pg_advisory_xact_lock(hashtextextended(${`model/${project}/${model}`}, 0))`.execute(transaction);
      const events = await apply(transaction, await readOne(transaction, id));
      const after = await readOne(transaction, id);
      await appendEvents(transaction, events);
      return after;
    });
  }

  async #pointAlias(
    transaction: Transaction<RegistryTables>,
    version: ModelVersion,
    alias: string,
    actor: string,
  ): Promise<void> {
    const target = { version_id: version.id, set_by: actor, set_at: this.#clock.now() };
    await transaction
      .insertInto("model_alias")
      .values({ project: version.project, model: version.model, alias, ...target })
      .onConflict((conflict) => conflict.columns(["project", "model", "alias"]).doUpdateSet(target))
      .execute();
  }

  async #writeWord(
    transaction: Transaction<RegistryTables>,
    id: string,
    identity: string,
    decision: Approval["decision"],
    comment: string,
  ): Promise<void> {
    const word = { decision, comment, decided_at: this.#clock.now() };
    await transaction
      .insertInto("model_approval")
      .values({ version_id: id, identity, ...word })
      .onConflict((conflict) => conflict.columns(["version_id", "identity"]).doUpdateSet(word))
      .execute();
  }

  #entry(actor: string, version: ModelVersion, change: Change): EventEntry {
    return {
      at: this.#clock.now(),
      actor,
      verb: change.verb,
      subject: { kind: "ModelVersion", project: version.project, name: version.id },
      message: change.message,
      data: {
        model: version.model,
        version: version.version,
        state: version.state,
        aliases: version.aliases,
        ...change.data,
      },
    };
  }
}

function aliasSet(version: ModelVersion, alias: string, why: string): Change {
  return {
    verb: "alias-set",
    message: `the alias ${alias} points to ${describeVersion(version)}: ${why}`,
    data: { alias, why },
  };
}

async function writeState(
  transaction: Transaction<RegistryTables>,
  id: string,
  state: VersionState,
): Promise<ModelVersion> {
  await transaction.updateTable("model_version").set({ state }).where("id", "=", id).execute();
  return await readOne(transaction, id);
}

async function nextNumber(transaction: Transaction<RegistryTables>, version: ModelVersion): Promise<number> {
  const row = await transaction
    .selectFrom("model_version")
    .select((select) => select.fn.max("version").as("newest"))
    .where("project", "=", version.project)
    .where("model", "=", version.model)
    .executeTakeFirst();
  return (row?.newest ?? 0) + 1;
}
